#!/usr/bin/env bats
# A supervisor that was taken over asks for root in every way its requests can say; policy names the
# rule that refuses, and nothing is left of the request.

load broker

setup_file() {
    broker_open
    mkdir -p "$HOUSE/state/volumes"
    ln -s /etc "$HOUSE/state/volumes/linked"
    ln -s /proc/self/root "$HOUSE/to-root"
    ln -s /etc/shadow "$HOUSE/to-shadow"
    ln -s /etc "$HOUSE/guests/out"
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# mount KIND SOURCE TARGET [MODE]: one mount, as the fields of a specification
mount_of() {
    jq -nc --arg kind "$1" --arg source "$2" --arg target "$3" --argjson mode "${4:-0}" \
        '{ mounts: [{ kind: $kind, source: $source, target: $target, read_only: false, noexec: false, size: 0, mode: $mode }] }'
}

file_of() {
    printf '{"files":[{"target":"%s","uid":1,"gid":1,"mode":%d,"fd":%d}]}' "$@"
}

# refused RULE FIELDS: the launch is, by that rule; one file travels with it
refused() {
    local before
    before=$(leftovers)
    run --separate-stderr drive launch "$(jq -c '{ id: "t.confused.1.1", argv: ["/bin/true"] } + .' <<<"$2")" /etc/hostname
    echo "$1: $output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"$1"* ]]
    [ "$(leftovers)" = "$before" ]
}

# asked_for RULE OP FIELDS: another request that is refused
asked_for() {
    run drive request "$2" "$3"
    echo "$1: $output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"$1"* ]]
}

@test "users, groups and capabilities of root" {
    refused user-id: '{"uid":0}'
    refused user-id: '{"gid":0}'
    refused user-id: '{"uid":4294967295}'
    refused user-name: '{"user":"x:0:0::/:/bin/sh\nroot"}'
    refused "capability: 'SYS_ADMIN' is root" '{"capabilities":["SYS_ADMIN"]}'
    refused "capability: 'ALL' is none" '{"capabilities":["ALL"]}'
    refused "policy: capabilities = none" '{"capabilities":["NET_RAW"]}'
    refused "unknown key 'privileged'" '{"privileged":true}'
    refused "unknown key 'namespaces'" '{"namespaces":"host"}'
}

@test "sources that are the host: its root, devices, sockets, secrets, by name and by link" {
    local path
    for path in / /proc/1/root /proc/self/root/etc /sys/fs/cgroup /dev /dev/mem /run /etc /etc/shadow /etc/shadow- \
        /etc/gshadow /etc/gshadow- /etc/sudoers "$HOUSE" "$HOUSE/run" "$HOUSE/state/volumes" "$HOUSE/to-root" \
        "$HOUSE/to-shadow" /var/run; do
        refused bind-source "$(mount_of bind "$path" /x)"
    done
    refused bind-source: "$(mount_of bind /usr/../etc /x)"
    refused etc: '{"etc":["shadow"]}'
    refused etc: '{"etc":["ssl/../shadow"]}'
}

@test "the control socket: for who may only look, by its ids, and not to be written" {
    local looks worker
    mkdir -p "$HOUSE/run/manager"
    ln -s "$HOUSE/run/manager" "$HOUSE/to-manager"
    worker=$(printf '{"uid":%d,"gid":%d}' "$(id -u ipam-worker)" "$(id -g ipam-worker)")
    looks=$(mount_of bind "$HOUSE/run/manager" /x | jq -c '.mounts[0].read_only = true')
    refused "the manager's" "$(jq -c '. + {uid:65534,gid:65534}' <<<"$looks")"
    refused "the manager's" "$(jq -c --argjson worker "$worker" '. + $worker + {gid:65534}' <<<"$looks")"
    refused bind-source "$(mount_of bind "$HOUSE/run/manager" /x | jq -c --argjson worker "$worker" '. + $worker')"
    refused "the manager's" "$(mount_of bind "$HOUSE/to-manager" /x | jq -c '.mounts[0].read_only = true')"
    drive launch "$(jq -c --argjson worker "$worker" '{ id: "t.looks.1.1", argv: ["/bin/true"] } + . + $worker' <<<"$looks")"
    drive wait t.looks.1.1
    drive request remove '{"id":"t.looks.1.1"}'
}

@test "targets outside of the root or on what guards it" {
    refused path: "$(mount_of tmpfs '' /data/../../etc)"
    refused path: "$(mount_of tmpfs '' etc)"
    refused mount-target: "$(mount_of tmpfs '' /)"
    refused mount-target: "$(mount_of tmpfs '' /proc/sys)"
    refused mount-mode: "$(mount_of tmpfs '' /x 2559)" # 04777
    refused mount-target: "$(file_of /proc/self/attr/current 256 0)"
    refused file: "$(file_of /x 2541 0)" # 04755
    refused file: "$(file_of /x 256 9)"
}

@test "volumes, profiles and instances whose names are paths" {
    refused name: "$(mount_of volume ../../../etc /x)"
    refused name: "$(mount_of volume /etc /x)"
    refused "volume 'linked'" "$(mount_of volume linked /x)"
    refused instance-id: '{"id":"../../../memory"}'
    refused instance-id: '{"id":".."}'
    refused name: '{"project":"../other"}'
    refused name: '{"seccomp":"../../../tmp/allow"}'
    refused name: '{"seccomp":"own/floor"}'
    refused "syscall profile" '{"seccomp":"no-such"}'
    refused "policy: seccomp = none" '{"seccomp":"unconfined"}'
    refused "policy: seccomp = none" '{"seccomp_profile":"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"}'
    refused path: '{"workdir":"/tmp/../.."}'
}

@test "processes, interfaces and ports that are not instances'" {
    asked_for "no instance '1'" kill '{"id":"1"}'
    asked_for request: kill '{"id":"1","pid":1}'
    asked_for "no instance" signal '{"id":"../1","signo":15}'
    asked_for signal: signal '{"id":"t.none.1.1","signo":9}'
    asked_for bridge-name network_remove '{"project":"t","bridge":"eth0"}'
    asked_for bridge-name network_create '{"project":"t","bridge":"lo","ipv4":"10.1.1.1/24","ipv6":"","internal":false}'
    asked_for address: network_create '{"project":"t","bridge":"io1","ipv4":"0.0.0.0/0","ipv6":"","internal":false}'
    asked_for "unknown op" exec_as_root '{}'
    refused bridge-name '{"links":[{"bridge":"eth0","ipv4":"10.1.1.2/24","gateway4":"","ipv6":"","gateway6":"","mac":"","interface":""}]}'
    refused port: '{"ports":[{"address":"","published":22,"last":22,"target":22,"udp":false}]}'
}

@test "a setuid program of root runs as the instance's user" {
    cp "$HOUSE/guests/guest_hostile" "$HOUSE/guests/guest_setuid"
    chmod 4755 "$HOUSE/guests/guest_setuid"
    # outside the bit works, so the test can fail
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$HOUSE/guests/guest_setuid" --root
    [ "$status" -eq 0 ]
    finished t.setuid.1.1 '{}' "$GUESTS/guest_setuid" --root
    [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 3 ]
}

@test "a link inside a source leads a mount target back into the instance, not to the host" {
    local before
    before=$(stat -c %d:%i:%Y /etc /etc/passwd)
    run --separate-stderr launch t.trap.1.1 "$(jq -nc --arg trap "$HOUSE/guests" '
        { mounts: [{ kind: "bind", source: $trap, target: "/data", read_only: false, noexec: false, size: 0, mode: 0 },
                   { kind: "tmpfs", source: "", target: "/data/out", read_only: false, noexec: false, size: 0, mode: 0 }] }')" /bin/true
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(stat -c %d:%i:%Y /etc /etc/passwd)" = "$before" ]
    run ! findmnt -n /etc
}

@test "a command whose streams are a directory, a file or a socket of the host" {
    local stream
    started t.confused.2.1 '{}' "$GUESTS/guest_family" 0
    for stream in / /etc/hostname "$HOUSE/run/sandbox.sock"; do
        run drive join t.confused.2.1 all 20000000 "<$stream" /bin/true
        echo "$stream: $output"
        [ "$status" -eq 1 ]
        [[ $(jq -r .error.message <<<"$output") == *"no pipe, terminal or memory file"* ]]
    done
}
