#!/usr/bin/env bats
# A service that wants out: nothing gets out, nothing takes more than its share, the host stays well.

load broker

setup_file() {
    broker_open
    sleep 1000 3>&- &
    HOST_PID=$!
    disown
    HOST_SHM=$(ipcmk -M 4096 | awk '{ print $NF }')
    export HOST_PID HOST_SHM
    cp "$HOUSE/guests/guest_hostile" "$HOUSE/guests/guest_setuid"
    chmod 4755 "$HOUSE/guests/guest_setuid"
    listen_on_host
    drive request network_create '{"project":"t","bridge":"iomine","ipv4":"10.201.1.1/24","ipv6":"","internal":false}'
    drive request network_create '{"project":"u","bridge":"iotheirs","ipv4":"10.201.2.1/24","ipv6":"","internal":false}'
    launch u.victim.1.1 '{"project":"u","links":[{"bridge":"iotheirs","ipv4":"10.201.2.2/24","gateway4":"10.201.2.1","ipv6":"","gateway6":"","mac":"","interface":""}]}' \
        /usr/bin/python3 -uc "$listen" 10.201.2.2 7777 ''
    drive lines u.victim.1.1 out 1
}

teardown_file() {
    [ -z "${HOST_SHM:-}" ] || ipcrm -m "$HOST_SHM" || true
    for pid in ${HOST_PID:-} $(cat "${HOUSE:-/nonexistent}/listener.pid" 2>/dev/null); do
        kill "$pid" || true
    done
    broker_close
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# listens on a port and, if there is a name, on an abstract socket of it
listen='import socket, sys, time
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
if sys.argv[3]:
    u = socket.socket(socket.AF_UNIX)
    u.bind("\0" + sys.argv[3])
    u.listen()
print("listening", flush=True)
while True:
    s.accept()[0].close()'

listen_on_host() {
    mkfifo "$HOUSE/listening"
    (
        exec 9>&- 3>&- 4>&- >"$HOUSE/listening" 2>>"$HOUSE/broker.log" </dev/null
        exec nsenter --net="/run/netns/$NETNS" python3 -uc "$listen" 0.0.0.0 7777 ipam-hostile
    ) &
    echo $! >"$HOUSE/listener.pid"
    disown
    read -r _ <"$HOUSE/listening"
}

# outside_world HOST OTHER SOCKET SETUID: what the program may look for, as JSON
outside_world() {
    jq -nc --arg pid "$HOST_PID" --arg shm "$HOST_SHM" --args '["HOSTILE_PID=" + $pid, "HOSTILE_SHM=" + $shm,
        "HOSTILE_ABSTRACT=@ipam-hostile", "HOSTILE_HOST=" + $ARGS.positional[0], "HOSTILE_OTHER=" + $ARGS.positional[1],
        "HOSTILE_SOCKET=" + $ARGS.positional[2], "HOSTILE_SETUID=" + $ARGS.positional[3]]' "$@"
}

# host_state: what no try may change
host_state() {
    local file
    for file in kernel/core_pattern kernel/hostname kernel/pid_max; do
        echo "$file $(cat "/proc/sys/$file")"
    done
    in_net sysctl net.ipv4.ip_forward net.ipv4.ip_unprivileged_port_start
    in_net ip -o link show lo | awk '{ print $3 }'
    sed 1d /proc/swaps
}

# hostile_runs ID FIELDS [TRY...]: all tries by a service of the mine network; those that are named, and no others, may
# succeed
hostile_runs() {
    local before
    before=$(host_state)
    run --separate-stderr launch "$1" "$(jq -nc --argjson more "$2" --argjson env "$(outside_world 10.201.1.1:7777 10.201.2.2:7777 \
        "$HOUSE/run/sandbox.sock" "$GUESTS/guest_setuid")" '{ env: $env, memory: 536870912, pids: 60, nofile: 1024,
        links: [{ bridge: "iomine", ipv4: "10.201.1.2/24", gateway4: "10.201.1.1", ipv6: "", gateway6: "", mac: "", interface: "" }] } + $more')" \
        "$GUESTS/guest_hostile"
    [ "$status" -eq 0 ]
    run drive drain "$1" out
    echo "$output"
    # every line is a verdict; one of another form is a try that went wrong
    [ "$(grep -cE '^[a-z0-9-]+ (E[A-Z0-9]+|CONTAINED .+)$' <<<"$output")" -eq "${#lines[@]}" ]
    [ "${#lines[@]}" -ge 141 ]
    [ "$(sed -n 's/ ESCAPED$//p' <<<"$output" | paste -sd' ')" = "${*:3}" ]
    # a call that is not there shows nothing about the sandbox
    run ! grep -E " (EFAULT|EBADF)$" <<<"$output"
    ended "$1"
    [ "$(jq -r '"\(.code) \(.signal)"' <<<"${lines[0]}")" = "$(($# > 2)) 0" ]
    diff <(echo "$before") <(host_state)
    kill -0 "$HOST_PID"
    # the broker still works, and the neighbour is well
    finished "$1.after" '{}' /bin/true
    inside u.victim.1.1 /bin/true
}

@test "no try of a hostile service gets out or takes more than its share" {
    hostile_runs t.hostile.1.1 '{}'
}

@test "nor does one of a service in a user namespace of its own" {
    hostile_runs t.hostile.1.2 '{"own_users":true}'
}

@test "nor does one of a service that lives with another: the other one is well too" {
    # of another user: those of one may end each other
    started t.host.1.1 '{"uid":33,"gid":33,"user":"www-data"}' "$GUESTS/guest_family" 0
    hostile_runs t.hostile.1.3 '{"ipc_of":"t.host.1.1","pid_of":"t.host.1.1"}'
    kill -0 "$PID"
    drive request kill '{"id":"t.host.1.1"}'
    ended t.host.1.1
}

@test "x-native: {proc: all} lets it see who is in its PID namespace, and nothing more" {
    hostile_runs t.hostile.1.4 '{"proc_all":true}' see-init list-others init-command-line init-status
}

@test "nor more of another service that it lives with: names and arguments, not memory, environment or files" {
    started t.host.1.2 '{"uid":33,"gid":33,"user":"www-data"}' "$GUESTS/guest_family" 0
    hostile_runs t.hostile.1.5 '{"proc_all":true,"ipc_of":"t.host.1.2","pid_of":"t.host.1.2"}' see-init list-others \
        init-command-line init-status
    kill -0 "$PID"
    drive request kill '{"id":"t.host.1.2"}'
    ended t.host.1.2
}

@test "the same tries work for root outside, so that they can fail the test above" {
    # the last ones change what the others need
    local tries=(fsopen open-tree chroot climb-out unshare-user unshare-mnt unshare-net unshare-pid unshare-uts unshare-ipc
        unshare-cgroup clone-user clone-net clone3-user setns-own-mnt kill-host trace-host host-memory host-root
        host-environment host-descriptor see-init list-others init-command-line init-status priority become-root become-root-group groups capability setuid-program
        keyring add-key host-name write-core-pattern write-ip-forward read-shadow read-root-home overwrite-passwd
        leaked-descriptors raw-socket raw6-socket packet-socket netlink-netfilter connect-host connect-other-project
        connect-unix connect-abstract shared-memory lock-memory netlink-change-link mount-bind mount-proc mount-tmpfs
        setuid-file block-device remount-root)
    mapfile -t environment < <(outside_world 10.201.1.1:7777 10.201.2.2:7777 "$HOUSE/run/sandbox.sock" \
        "$HOUSE/guests/guest_setuid" | jq -r '.[]')
    # fd 7 is the leak
    run env "${environment[@]}" nsenter --net="/run/netns/$NETNS" unshare --mount --uts "$HOUSE/guests/guest_hostile" \
        "${tries[@]}" 7</
    echo "$output"
    [ "$(grep -c ' ESCAPED$' <<<"$output")" -eq "${#tries[@]}" ]
    in_net ip link set lo up
}

@test "a directory that a neighbour swaps for a link while the broker mounts into it leads nowhere else" {
    local round fields before prey=$HOUSE/prey
    mkdir "$prey"
    chmod 777 "$prey"
    before=$(grep -F "$HOUSE" /proc/self/mountinfo || true)
    fields=$(jq -nc '{ mounts: [{ kind: "volume", source: "swapped", target: "/data" }] }')
    # a directory and a link out of the volume change places for as long as the service lives
    started t.swapper.1.1 "$fields" /usr/bin/python3 -uc 'import ctypes, os, sys
for name, to in (("one", sys.argv[1]), ("two", "/../../../../.." + sys.argv[1])):
    os.mkdir("/data/" + name)
    os.symlink(to, "/data/link-" + name)
swap = ctypes.CDLL(None).renameat2
print("swapping")
while True:
    for name in (b"one", b"two"):
        swap(-100, b"/data/" + name, -100, b"/data/link-" + name, 2)' "$prey"
    drive lines t.swapper.1.1 out 1
    fields=$(jq -c '.mounts += [{ kind: "tmpfs", target: "/data/one/deep/scratch", size: 4096 },
            { kind: "bind", source: "/usr/share", target: "/data/two/deep/share", read_only: true }]
        | .files = [{ fd: 0, target: "/data/one/deep/secret", uid: 65534, gid: 65534, mode: 256 }]' <<<"$fields")
    echo hidden >"$HOUSE/hidden"
    for round in $(seq 40); do
        drive launch "$(jq -c --arg id "t.into.1.$round" '. + { id: $id, argv: ["/bin/true"] }' <<<"$fields")" "$HOUSE/hidden" || true
        drive wait "t.into.1.$round" >/dev/null || true # 1 for a set-up that failed
        drive request remove "{\"id\":\"t.into.1.$round\"}" >/dev/null
    done
    drive request kill '{"id":"t.swapper.1.1"}'
    ended t.swapper.1.1
    # nothing was made or mounted where the links point to on the host
    [ -z "$(ls -A "$prey")" ]
    [ "$(grep -F "$HOUSE" /proc/self/mountinfo)" = "$before" ]
    run ! grep -rqs hidden "$HOUSE/state/volumes/swapped"
    # and the same targets can be mounted on when nobody plays with them
    finished t.swapper.1.2 "$(jq -c '{ mounts: [.mounts[0]] }' <<<"$fields")" \
        /bin/sh -c 'cd /data && rm -rf one two link-one link-two'
    drive launch "$(jq -c '. + { id: "t.into.2.1", argv: ["/bin/cat", "/data/one/deep/secret"] }' <<<"$fields")" "$HOUSE/hidden"
    run drive drain t.into.2.1 out
    [ "$output" = hidden ]
    ended t.into.2.1
}
