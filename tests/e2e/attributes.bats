#!/usr/bin/env bats
# From the compose file to the kernel: what a service's attributes say, read back from outside.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/attributes.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# mount_of SERVICE TARGET: its options, those of the mount and those of the file system
mount_of() {
    awk -v at="$2" '$5 == at { found = $6 "," $NF } END { print found }' "/proc/$(ps_field "$1" pid)/mountinfo"
}

# in_root SERVICE COMMAND...: with the host's programs, in the file system a service sees
in_root() {
    local pid
    pid=$(ps_field "$1" pid)
    shift
    nsenter -t "$pid" -m "$@" 3>&-
}

@test "tmpfs: size, mode, noexec and ro; in the short and in the long form" {
    run mount_of files /scratch
    echo "$output"
    [[ ,$output, == *,noexec,* && ,$output, == *,size=4096k,* ]]
    [ "$(in_root files stat -c %a /scratch)" = 750 ]
    run mount_of files /sealed
    echo "$output"
    [[ ,$output, == *,ro,* ]]
    run mount_of files /long
    echo "$output"
    [[ ,$output, == *,size=8192k,* && ,$output, != *,noexec,* ]]
    [ "$(in_root files stat -c %a /long)" = 700 ]
}

@test "shm_size: how large /dev/shm is; nothing is executed there" {
    run mount_of files /dev/shm
    echo "$output"
    [[ ,$output, == *,size=32768k,* && ,$output, == *,noexec,* ]]
    [ "$(in_root files stat -c %a /dev/shm)" = 1777 ]
}
