#!/usr/bin/env bats
# The second fence around files, where the kernel has it.

load broker

setup_file() {
    broker_open
    mkdir -m 777 "$HOUSE/open" "$HOUSE/shut"
}

teardown_file() { broker_close; }

setup() {
    # landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) has this number everywhere
    python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 2)' ||
        skip "this kernel has no Landlock"
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# two directories everybody may write to, one of them mounted read-only; rules hold for what is
# mounted, so it cannot be one directory twice
both='{ "mounts": [
    { "kind": "bind", "source": "shut", "target": "/shut", "read_only": true, "noexec": false, "size": 0, "mode": 0 },
    { "kind": "bind", "source": "open", "target": "/open", "read_only": false, "noexec": false, "size": 0, "mode": 0 }] }'

mounted() {
    drive launch "$(jq -c --arg house "$HOUSE" --arg id "$1" --arg script "$2" '
        .mounts[].source |= "\($house)/\(.)" | .mounts[] += ($extra | fromjson) | . + { id: $id, argv: ["/bin/sh", "-c", $script] }' \
        --arg extra "$(mount_extra)" <<<"$both")"
}

# the members of a mount that a plain specification knows besides ours
mount_extra() {
    jq -c '(.mounts[0] // {}) | del(.kind, .source, .target, .read_only, .noexec, .size, .mode)' \
        "$IPAM_ORCH_SOURCE/tests/fuzz/corpus/spec/full"
}

@test "a mount that becomes writable later is none for a program that runs" {
    local pid
    # shellcheck disable=SC2016 # the shell of the instance expands it
    run --separate-stderr mounted t.fence.1.1 'mkfifo /run/go; read -r line </run/go
        for at in open shut; do touch /$at/probe-$at 2>/dev/null && echo $at written || echo $at refused; done'
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    pid=$(jq -r 'select(.event == "started") | .pid' <<<"$output")
    nsenter -t "$pid" -m mount -o remount,bind,rw /shut
    # without the fence it can be written to now
    nsenter -t "$pid" -m setpriv --reuid 65534 --clear-groups touch /shut/by-others
    wait_until 10 nsenter -t "$pid" -m test -p /run/go
    nsenter -t "$pid" -m sh -c 'echo >/run/go'
    run drive drain t.fence.1.1 out
    echo "$output"
    [ "$output" = $'open written\nshut refused' ]
    ended t.fence.1.1
}

@test "a command that joins does not look into the program, and writes where the service may" {
    local program
    started t.fence.2.1 '{}' "$GUESTS/guest_family" 0
    program=$(status_of "$PID" NSpid | awk '{ print $NF }')
    inside t.fence.2.1 /bin/sh -c "echo x >/tmp/probe; readlink /proc/$program/fd/1 >/dev/null && echo seen || echo hidden"
    grep -qx hidden <<<"$output"
    # it is the same user, so without the fence it may
    run nsenter -t "$PID" -m -p setpriv --reuid 65534 --regid 65534 --clear-groups readlink "/proc/$program/fd/1"
    [ "$status" -eq 0 ]
}

@test "in the network of the host, abstract sockets of others are out of reach" {
    python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 6)' ||
        skip "this kernel's Landlock knows no scopes"
    mkdir -p "$HOUSE/etc"
    echo "host-network = yes" >"$HOUSE/etc/policy.conf"
    kill -HUP "$(broker_pid)"
    wait_until 10 grep -q "policy read again" "$HOUSE/broker.log"
    mkfifo "$HOUSE/listening"
    be_in_net /usr/bin/python3 -uc 'import signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind("\0ipam-fence"); s.listen(); print("listening", flush=True); signal.pause()' >"$HOUSE/listening" &
    local listener=$!
    read -r _ <"$HOUSE/listening"
    local connect='import socket
try: socket.socket(socket.AF_UNIX).connect("\0ipam-fence"); print("reached")
except OSError as e: print(e.strerror)'
    finished t.fence.3.1 '{"network_of":"/host"}' /usr/bin/python3 -c "$connect"
    [ "${lines[0]}" != reached ]
    [[ $output == *"Operation not permitted"* ]]
    # outside of an instance it can be reached
    [ "$(in_net setpriv --reuid 65534 --clear-groups /usr/bin/python3 -c "$connect")" = reached ]
    kill "$listener"
}
