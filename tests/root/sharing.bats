#!/usr/bin/env bats
# Namespaces of another instance: of the same project, that runs, that has them for itself.

load broker

setup_file() {
    broker_open
    started t.owner.1.1 '{}' "$GUESTS/guest_family" 0
    started t.boxed.1.1 '{"own_users":true}' "$GUESTS/guest_family" 0
    started u.other.1.1 '{"project":"u"}' "$GUESTS/guest_family" 0
    started t.bare.1.1 '{"no_shm":true}' "$GUESTS/guest_family" 0
    started t.lodger.1.1 '{"ipc_of":"t.owner.1.1"}' "$GUESTS/guest_family" 0
}

teardown_file() {
    broker_close
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

pid_of() {
    drive request list | jq --arg id "$1" '.instances[] | select(.id == $id) | .pid'
}

# left: what an instance leaves when its launch is refused
left() {
    ls "$HOUSE/run/instances"
    find /sys/fs/cgroup -type d -path "*/ipam-orch-$(tag)*" | sort
}

# refused TEXT FIELDS: the launch is, with that message, and leaves nothing
refused() {
    local before
    before=$(left)
    run --separate-stderr launch t.refused.1.1 "$2" /bin/true
    echo "$1: $output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"$1"* ]]
    [ "$(left)" = "$before" ]
}

@test "an IPC namespace: of nobody, of another project, of who has it from another, of users of its own" {
    refused "there is no instance 't.none.1.1' whose IPC 't.refused.1.1' could use" '{"ipc_of":"t.none.1.1"}'
    refused "IPC: 'u.other.1.1' belongs to project 'u'" '{"ipc_of":"u.other.1.1"}'
    refused "there is no instance 't.lodger.1.1' whose IPC" '{"ipc_of":"t.lodger.1.1"}'
    refused "IPC: 't.boxed.1.1' has users of its own" '{"ipc_of":"t.boxed.1.1"}'
    refused "instance-id: id '../t.owner.1.1'" '{"ipc_of":"../t.owner.1.1"}'
    refused "policy: host-ipc = no" '{"ipc_of":"/host"}'
    refused "excludes a user namespace" '{"ipc_of":"t.owner.1.1","own_users":true}'
    refused "'kernel.sem=1 1 1 1' is of an IPC namespace that is not its own" '{"ipc_of":"t.owner.1.1","sysctls":["kernel.sem=1 1 1 1"]}'
    refused "/dev/shm of 't.bare.1.1': No such file" '{"ipc_of":"t.bare.1.1"}'
}

@test "shared memory is the other's own mount, without devices, set-user-ID bits and programs; the broker stays where it was" {
    local pid broker
    broker=$(readlink "/proc/$(broker_pid)/ns/ipc")
    pid=$(pid_of t.lodger.1.1)
    [ "$(readlink "/proc/$pid/ns/ipc")" = "$(readlink "/proc/$(pid_of t.owner.1.1)/ns/ipc")" ]
    [ "$(stat -c %d "/proc/$pid/root/dev/shm")" = "$(stat -c %d "/proc/$(pid_of t.owner.1.1)/root/dev/shm")" ]
    [[ $(awk '$5 == "/dev/shm" { print $6 }' "/proc/$pid/mountinfo") == *nosuid,nodev,noexec* ]]
    [ "$broker" = "$(readlink /proc/self/ns/ipc)" ]
    # commands that join come in as well
    inside t.lodger.1.1 readlink /proc/self/ns/ipc
    [ "${lines[0]}" = "$(readlink "/proc/$pid/ns/ipc")" ]
}

@test "whoever is left keeps the namespace of one that ended" {
    local was
    started t.short.1.1 '{}' "$GUESTS/guest_family" 0
    started t.stays.1.1 '{"ipc_of":"t.short.1.1"}' "$GUESTS/guest_family" 0
    was=$(readlink "/proc/$PID/ns/ipc")
    drive request kill '{"id":"t.short.1.1"}'
    ended t.short.1.1
    kill -0 "$PID"
    [ "$(readlink "/proc/$PID/ns/ipc")" = "$was" ]
    refused "there is no instance 't.short.1.1' whose IPC" '{"ipc_of":"t.short.1.1"}'
}
