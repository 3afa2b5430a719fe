#!/usr/bin/env bats
# The program of a service, its life and its secrets: what the file says, read back from the kernel.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/process.yaml" "$PROJECT/compose.yaml"
    # shellcheck disable=SC2016 # for dotenv to expand
    printf 'FROM_FILE=$FROM_HERE\nFROM_HERE=here\nFROM_BOTH=file\n' >"$PROJECT/one.env"
    # shellcheck disable=SC2016 # that is the test
    echo 'RAW=$FROM_HERE "quoted"' >"$PROJECT/raw.env"
    printf 'two\nlines\n' >"$PROJECT/owned.secret"
    mkdir -p "$WORLD/root/etc/ipam-orch/secrets" "$WORLD/root/etc/ipam-orch/configs"
    echo outside >"$WORLD/root/etc/ipam-orch/secrets/outer.key"
    echo "for all" >"$WORLD/root/etc/ipam-orch/configs/shared"
    export PLAIN_SECRET='p#$ "w'
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# environ_of SERVICE NAME
environ_of() {
    tr '\0' '\n' <"/proc/$(ps_field "$1" pid)/environ" | sed -n "s/^$2=//p"
}

root_of() {
    echo "/proc/$(ps_field "$1" pid)/root"
}

# has_logged SERVICE TEXT
has_logged() {
    orch logs --no-log-prefix "$1" | grep -q "$2"
}

@test "entrypoint, command and working_dir: the program that runs, and where" {
    local pid
    pid=$(ps_field composed pid)
    [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "sleep 3601 " ]
    [ "$(readlink "/proc/$pid/cwd")" = /var ]
}

@test "environment and env_file: the file's own word wins; a missing one that may be; raw" {
    [ "$(environ_of composed FROM_MAP)" = "a b" ]
    [ "$(environ_of composed FROM_BOTH)" = "file loses" ]
    # shellcheck disable=SC2016
    [ "$(environ_of composed RAW)" = '$FROM_HERE "quoted"' ]
    [ "$(environ_of composed FROM_HERE)" = here ]
}

@test "x-native: its command, user, directory, variables, files and directories go first" {
    local pid root
    pid=$(ps_field native pid)
    root=$(root_of native)
    [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "/bin/sleep 3602 " ]
    [ "$(stat -c %U "/proc/$pid")" = daemon ]
    [ "$(readlink "/proc/$pid/cwd")" = /usr ]
    [ "$(environ_of native WHO)" = native ]
    [ "$(environ_of native BOTH)" = docker ]
    grep -q ' /native .* - tmpfs ' "/proc/$pid/mountinfo"
    grep -qE ' /shared ro' "/proc/$pid/mountinfo"
    cmp "$root/etc/debian_version" /etc/debian_version
}

@test "user: of this host; the only one its processes have" {
    local pid
    pid=$(ps_field asked pid)
    [ "$(awk '/^Uid/ { print $2 $3 $4 $5 }' "/proc/$pid/status")" = "$(printf '%s' "$(id -u daemon)"{,,,} | tr -d ' ')" ]
    [ "$(ps_field asked user)" = daemon ]
}

@test "secrets: from a variable and a file, with owner and mode, in memory, byte for byte" {
    local root
    root=$(root_of composed)
    printf '%s' "$PLAIN_SECRET" | cmp - "$root/run/secrets/plain"
    [ "$(stat -c %U:%a "$root/run/secrets/plain")" = nobody:400 ]
    cmp "$PROJECT/owned.secret" "$root/etc/owned"
    [ "$(stat -c %u:%g:%a "$root/etc/owned")" = 1234:2345:440 ]
    [[ $(awk '$5 == "/etc/owned" { print $(NF - 2) }' "/proc/$(ps_field composed pid)/mountinfo") == tmpfs ]]
    run ! grep -qF "$PLAIN_SECRET" "/proc/$(ps_field composed pid)/environ"
}

@test "external secrets and configs: files of this host by their name; one that is not there is refused" {
    [ "$(cat "$(root_of composed)/run/secrets/outer")" = outside ]
    [ "$(cat "$(root_of composed)/shared")" = "for all" ]
    mkdir -p "$WORLD/refused"
    cat >"$WORLD/refused/compose.yaml" <<'EOF'
name: refused
services:
  web:
    image: local/none
    x-native: { user: nobody, command: [/bin/true] }
    secrets: [absent]
secrets:
  absent: { external: true }
EOF
    run orch_in "$WORLD/refused" up
    echo "exit $status: $output"
    [ "$status" -eq 3 ]
    [[ $output == *"compose.yaml:8:"*"secret 'absent': $WORLD/root/etc/ipam-orch/secrets/absent: No such file"* ]]
}

@test "read_only, init, ipc, cgroup, cap_drop and no-new-privileges: what every service has" {
    local pid init
    pid=$(ps_field composed pid)
    [[ $(awk '$5 == "/" { print "," $6 "," }' "/proc/$pid/mountinfo" | tail -1) == *,ro,* ]]
    init=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
    [ "$(awk '/^NSpid/ { print $NF }' "/proc/$init/status")" = 1 ]
    [ "$(readlink "/proc/$pid/ns/ipc")" != "$(readlink /proc/self/ns/ipc)" ]
    [ "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$pid/status")" = 1 ]
    [ "$(awk '/^Cap/ { n = n $2 } END { print n }' "/proc/$pid/status" | tr -d 0)" = "" ]
}

@test "stop_signal reaches the program; stop_grace_period ends one that is deaf to it" {
    wait_until 20 has_logged polite ready
    wait_until 20 has_logged deaf ready
    orch stop polite deaf
    has_logged polite "got USR1"
    [[ $(ps_field deaf last_exit) == *"signal 9"* ]]
    [ "$(ps_field polite state)" = down ]
}

@test "restart: on-failure lets a good end be; with a number it gives up after that many" {
    [ "$(ps_field once state)" = "done" ]
    orch --profile failing up
    wait_until 20 is_in_state twice failed
    [ "$(ps_field twice last_exit)" = "exited with status 7" ]
    [ "$(ps_field twice restarts)" -eq 2 ]
    [ "$(orch logs --no-log-prefix twice | grep -c try)" -eq 3 ]
}

@test "depends_on: healthy, completed and a missing one that may be; health checks in the start period" {
    local at
    orch --profile health up >"$WORLD/up.log" 2>&1 &
    at=$!
    wait_until 20 is_in_state after waiting || {
        cat "$WORLD/up.log"
        return 1
    }
    wait_until 20 is_in_state healthy starting
    # a volume belongs to the user of its service; failures do not count in the start period
    touch "$(root_of healthy)/told/well"
    wait "$at"
    [ "$(ps_field healthy health)" = healthy ]
    [ "$(ps_field after state)" = up ]
    # two failures after that, and it is sick
    rm "$(root_of healthy)/told/well"
    wait_until 20 is_in_state healthy sick
}

@test "healthcheck: one that hangs has failed after its timeout; a disabled one is none" {
    [ "$(ps_field unchecked health)" = none ]
    run orch --profile slow up
    [ "$status" -eq 6 ]
    [[ $output == *"'slow' is unhealthy after 1 failed checks"* ]]
}

@test "x-native.probe: instead of the health check; http and tcp" {
    [ "$(ps_field probed health)" = healthy ]
    [ "$(ps_field knocked health)" = healthy ]
}

@test "cpus and pids, in both spellings" {
    [ "$(kernel_file "$(ps_field counted pid)" pids pids.max pids.max)" = 17 ]
    [ "$(kernel_file "$(ps_field deployed pid)" pids pids.max pids.max)" = 18 ]
    [ "$(kernel_file "$(ps_field counted pid)" cpu cpu.cfs_quota_us cpu.max | awk '{ print $1 }')" = 25000 ]
    [ "$(kernel_file "$(ps_field deployed pid)" cpu cpu.cfs_quota_us cpu.max | awk '{ print $1 }')" = 50000 ]
}

# refused ATTRIBUTES TEXT...: a service with these ends `up` with all texts
refused() {
    local text
    mkdir -p "$WORLD/refused"
    printf 'name: refused\nservices:\n  web:\n    image: local/none\n    %s\n    <<: { x-native: { user: nobody, command: [/bin/true] } }\n' \
        "$1" >"$WORLD/refused/compose.yaml"
    run orch_in "$WORLD/refused" up
    echo "exit $status: $output"
    [ "$status" -ne 0 ]
    for text in "${@:2}"; do [[ $output == *"$text"* ]] || return 1; done
}

@test "a program that is not there is named before anything starts" {
    refused "x-native: { user: nobody, command: [x], programs: [no-such-program] }" "compose.yaml:5:" "program 'no-such-program' is not on this host"
    [ "$status" -eq 5 ]
}
