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
    refused "there is no instance 't.none.1.1' whose IPC namespace 't.refused.1.1' could use" '{"ipc_of":"t.none.1.1"}'
    refused "IPC namespace: 'u.other.1.1' belongs to project 'u'" '{"ipc_of":"u.other.1.1"}'
    refused "there is no instance 't.lodger.1.1' whose IPC" '{"ipc_of":"t.lodger.1.1"}'
    refused "IPC namespace: 't.boxed.1.1' has users of its own" '{"ipc_of":"t.boxed.1.1"}'
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

@test "a PID namespace: of nobody, of another project, of who has it from another, of users of its own" {
    refused "there is no instance 't.none.1.1' whose PID namespace" '{"pid_of":"t.none.1.1"}'
    refused "PID namespace: 'u.other.1.1' belongs to project 'u'" '{"pid_of":"u.other.1.1"}'
    refused "PID namespace: 't.boxed.1.1' has users of its own" '{"pid_of":"t.boxed.1.1"}'
    refused "instance-id: id '../t.owner.1.1'" '{"pid_of":"../t.owner.1.1"}'
    refused "policy: host-pid = no" '{"pid_of":"/host"}'
    refused "excludes a user namespace" '{"pid_of":"t.owner.1.1","own_users":true}'
    started t.among.1.1 '{"pid_of":"t.owner.1.1"}' "$GUESTS/guest_family" 0
    refused "there is no instance 't.among.1.1' whose PID namespace" '{"pid_of":"t.among.1.1"}'
    drive request kill '{"id":"t.among.1.1"}'
    ended t.among.1.1
    kill -0 "$(pid_of t.owner.1.1)"
}

# inner PID: its number in its own PID namespace
inner() {
    awk '/^NSpid/ { print $NF }' "/proc/$1/status"
}

# what a program tries with each process whose number it is given: one line each, "NUMBER TRY RESULT"
# shellcheck disable=SC2089
spy='import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), "")
room = ctypes.create_string_buffer(64)
iov = (ctypes.c_size_t * 2)(ctypes.addressof(room), 64)
def get_fd(pid):
    call(438, os.pidfd_open(pid), 1, 0)
tries = {
    "mem": lambda p: os.open(f"/proc/{p}/mem", os.O_RDONLY),
    "environ": lambda p: open(f"/proc/{p}/environ", "rb").read(1),
    "maps": lambda p: open(f"/proc/{p}/maps", "rb").read(1),
    "root": lambda p: os.listdir(f"/proc/{p}/root"),
    "cwd": lambda p: os.listdir(f"/proc/{p}/cwd/"),
    "fd": lambda p: os.readlink(f"/proc/{p}/fd/0"),
    "exe": lambda p: os.readlink(f"/proc/{p}/exe"),
    "vm-read": lambda p: call(310, p, iov, 1, iov, 1, 0),
    "attach": lambda p: call(101, 16, p, 0, 0),
    "seize": lambda p: call(101, 0x4206, p, 0, 0),
    "getfd": get_fd,
    "signal": lambda p: os.kill(p, 0),
}
for pid in map(int, sys.argv[1:]):
    for name, attempt in tries.items():
        try:
            attempt(pid)
            print(pid, name, "ok")
        except OSError as e:
            print(pid, name, errno.errorcode[e.errno])
print("sees", *sorted(int(p) for p in os.listdir("/proc") if p.isdigit()))'

@test "among the processes of another of its user: signals, but no memory, files or environment, not of inits either" {
    local victim name
    victim=$(inner "$(pid_of t.owner.1.1)")
    # the victim itself is no secret to its own: the tries are good ones
    finished t.self.1.1 '{}' /usr/bin/python3 -c "$spy" 2
    grep -qx "2 mem ok" <<<"$output"
    grep -qx "2 environ ok" <<<"$output"
    finished t.spy.1.1 '{"pid_of":"t.owner.1.1","proc_all":true}' /usr/bin/python3 -c "$spy" 1 "$victim"
    for name in mem environ maps root cwd fd exe vm-read attach seize getfd; do
        grep -qxE "1 $name (EACCES|EPERM|ENOENT)" <<<"$output"
        grep -qxE "$victim $name (EACCES|EPERM|ENOENT)" <<<"$output"
    done
    grep -qx "$victim signal ok" <<<"$output"
    grep -qE "^sees 1 $victim( |$)" <<<"$output"
    # without proc_all not even their numbers
    finished t.spy.1.2 '{"pid_of":"t.owner.1.1"}' /usr/bin/python3 -c "$spy" "$victim"
    grep -qxE "$victim mem ENOENT" <<<"$output"
    run ! grep -qE "^sees 1 " <<<"$output"
    kill -0 "$(pid_of t.owner.1.1)"
    [ "$(readlink "/proc/$(broker_pid)/ns/pid_for_children")" = "$(readlink /proc/self/ns/pid)" ]
}

# shellcheck disable=SC2016 # the shell of the instance expands them
family='setsid sleep 1000 & echo ready; exec sleep 1000'

# members ID: the processes in its control group
members() {
    cat /proc/[0-9]*/stat 2>/dev/null | cut -d' ' -f1 | while read -r p; do
        ! grep -qs "/$1\$" "/proc/$p/cgroup" || echo "$p"
    done
}

has_no_members() {
    [ -z "$(members "$1")" ]
}

@test "its end takes all of it along though its init is not pid 1; nobody else's" {
    local orphan init
    started t.family.1.1 '{"pid_of":"t.owner.1.1"}' /bin/sh -c "$family"
    drive lines t.family.1.1 out 1
    init=$(awk '/^PPid/ { print $2 }' "/proc/$PID/status")
    [ "$(inner "$init")" -gt 1 ]
    [ "$(members t.family.1.1 | wc -l)" -eq 3 ]
    kill -KILL "$PID"
    ended t.family.1.1
    wait_until 10 has_no_members t.family.1.1
    # killed, an init takes its own along as well
    started t.family.1.2 '{"pid_of":"t.owner.1.1"}' /bin/sh -c "$family"
    drive lines t.family.1.2 out 1
    kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$PID/status")"
    ended t.family.1.2
    wait_until 10 has_no_members t.family.1.2
    # and while there was no broker
    started t.family.1.3 '{"pid_of":"t.owner.1.1"}' /bin/sh -c "$family"
    drive lines t.family.1.3 out 1
    init=$(awk '/^PPid/ { print $2 }' "/proc/$PID/status")
    broker_kill KILL
    kill -KILL "$init"
    broker_start
    wait_until 10 has_no_members t.family.1.3
    drive request remove '{"id":"t.family.1.3"}'
    # an orphan is its init's, not the other's
    started t.orphan.1.1 '{"pid_of":"t.owner.1.1"}' /bin/sh -c "(sleep 1000 & exec true); $family"
    drive lines t.orphan.1.1 out 1
    init=$(awk '/^PPid/ { print $2 }' "/proc/$PID/status")
    for orphan in $(members t.orphan.1.1); do
        [ "$orphan" = "$init" ] || [[ " $init $PID " == *" $(awk '/^PPid/ { print $2 }' "/proc/$orphan/status") "* ]]
    done
    drive request kill '{"id":"t.orphan.1.1"}'
    ended t.orphan.1.1
    kill -0 "$(pid_of t.owner.1.1)"
}

@test "the end of the one whose PID namespace it is ends the others" {
    started t.first.1.1 '{}' "$GUESTS/guest_family" 0
    started t.second.1.1 '{"pid_of":"t.first.1.1"}' "$GUESTS/guest_family" 0
    started t.third.1.1 '{"pid_of":"t.first.1.1"}' "$GUESTS/guest_family" 0
    drive request kill '{"id":"t.first.1.1"}'
    wait_until 10 has_ended t.first.1.1
    wait_until 10 has_ended t.second.1.1
    wait_until 10 has_ended t.third.1.1
    wait_until 10 has_no_members t.second.1.1
    refused "there is no instance 't.first.1.1' whose PID namespace" '{"pid_of":"t.first.1.1"}'
    run sed -n 's/^.*instance ended id=\(t\.\(first\|second\|third\)\.1\.1\) status=\([0-9]*\) .*/\1 \3/p' "$HOUSE/broker.log"
    echo "$output"
    [ "${#lines[@]}" -eq 3 ]
    [ "$(grep -c ' 9$' <<<"$output")" -ge 2 ]
    ended t.first.1.1
    ended t.second.1.1
    ended t.third.1.1
}
