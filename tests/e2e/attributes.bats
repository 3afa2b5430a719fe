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

@test "ulimits: soft and hard, one number for both" {
    local limits
    limits=/proc/$(ps_field rights pid)/limits
    cat "$limits"
    [[ $(grep '^Max open files' "$limits") =~ \ 200\ +300\  ]]
    [[ $(grep '^Max core file size' "$limits") =~ \ 4096\ +4096\  ]]
    [[ $(grep '^Max locked memory' "$limits") =~ \ 4096\ +4096\  ]]
}

@test "group_add: a name and a number, also for commands that join; with names in /etc/group" {
    [ "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$(ps_field rights pid)/status")" = "8 4321 65534 " ]
    wait_until 20 is_healthy rights
    in_root rights grep -qx mail:x:8:nobody /etc/group
}

@test "oom_score_adj: who ends first" {
    [ "$(cat "/proc/$(ps_field rights pid)/oom_score_adj")" = 321 ]
    [ "$(cat "/proc/$(ps_field files pid)/oom_score_adj")" = "$(cat "/proc/$(daemon_pid ipam-sandboxd)/oom_score_adj")" ]
}
