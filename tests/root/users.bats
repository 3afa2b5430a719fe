#!/usr/bin/env bats
# User namespaces: a service whose ids are a range of the host's that nobody else has, and files that
# keep the ids they have on disk.

load broker

setup_file() { broker_open; }
teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
    rm -f "$HOUSE/etc/policy.conf"
}

# own [MEMBERS]: a user namespace, as fields of a specification
own() {
    jq -nc --argjson more "${1:-{\}}" '{ own_users: true } + $more'
}

# first_of ID: what user 0 of an instance is on the host
first_of() {
    awk '{ print $2 }' "/proc/$(pid_of "$1")/uid_map"
}

pid_of() {
    drive request list | jq -r --arg id "$1" '.instances[] | select(.id == $id).pid'
}

said() {
    head -n "${1:-1}" <<<"$output" | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

@test "ids inside are a range of the host's, groups of group_add too; no capability comes with them" {
    finished t.map.1.1 "$(own '{"uid":33,"gid":34,"groups":[{"name":"","gid":4321}],"stdin_open":true}')" /bin/sh -c \
        'cat /proc/self/uid_map; id -u; id -G; sed -n "s/CapBnd:.//p" /proc/self/status
         cat /proc/self/gid_map; echo opened >/dev/stdout; exec 4</dev/stdin && echo opened'
    [[ "$(said 7)" =~ ^0\ ([0-9]+)\ 65536\ 33\ 34\ 4321\ 0000000000000000\ 0\ ([0-9]+)\ 65536\ opened\ opened$ ]]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
    [ "${BASH_REMATCH[1]}" -ge 1879048192 ]
}

@test "without it a service has the ids of the host" {
    finished t.plain.1.1 '{"uid":33,"gid":34}' cat /proc/self/uid_map
    [ "$(said)" = "0 0 4294967295" ]
}

@test "what the sandbox made is root's inside, the rest whose it is on disk; memory is the service's" {
    finished t.whose.1.1 "$(own '{"uid":33,"gid":34,"mounts":[{"kind":"tmpfs","target":"/scratch","mode":448},{"kind":"volume","source":"whose","target":"/data"}]}')" \
        /bin/sh -c 'stat -c %u:%g / /etc /etc/passwd /usr /usr/bin/env /tmp /dev /dev/null /dev/shm /run /scratch /data; >/dev/shm/x; >/run/x; >/scratch/x; >/data/x; stat -c %u /data/x'
    [ "$(said 13)" = "0:0 0:0 0:0 0:0 0:0 0:0 0:0 0:0 0:0 33:34 33:34 33:34 33" ]
}

@test "a file in memory belongs to whom it is for, and to nobody else" {
    printf secret >"$HOUSE/secret"
    run --separate-stderr drive launch "$(own '{"id":"t.file.1.1","uid":33,"gid":34,"argv":["/bin/sh","-c","stat -c %u:%g:%a /mine /theirs; cat /mine; cat /theirs || echo closed"],
        "files":[{"target":"/mine","uid":33,"gid":34,"mode":256,"fd":0},{"target":"/theirs","uid":35,"gid":0,"mode":256,"fd":1}]}')" "$HOUSE/secret" "$HOUSE/secret"
    echo "$output"
    [ "$status" -eq 0 ]
    run drive drain t.file.1.1 out
    [ "$(said 3)" = "33:34:400 35:0:400 secretclosed" ]
    ended t.file.1.1
}

@test "on disk a volume has the ids it has without; outside the process is nobody else's" {
    started t.disk.1.1 "$(own '{"uid":33,"gid":34,"mounts":[{"kind":"volume","source":"disk","target":"/data"}]}')" \
        /bin/sh -c 'echo one >/data/file; exec sleep 1000'
    local first
    first=$(first_of t.disk.1.1)
    [ "$(awk '/^[UG]id:/ { print $2 }' "/proc/$PID/status" | xargs)" = "$((first + 33)) $((first + 34))" ]
    # init is as weak as the program, and in the same namespace
    [ "$(readlink "/proc/$PID/ns/user")" = "$(readlink "/proc/$(awk '/^PPid:/ { print $2 }' "/proc/$PID/status")/ns/user")" ]
    wait_until 10 test -e "$HOUSE/state/volumes/disk/file"
    [ "$(stat -c %u:%g:%a "$HOUSE/state/volumes/disk" "$HOUSE/state/volumes/disk/file" | xargs)" = "33:34:700 33:34:644" ]
    # the namespaces that mean something to others are the host's: no right over them comes from inside
    [ "$(readlink "/proc/$PID/ns/user")" != "$(readlink /proc/self/ns/user)" ]
    finished t.disk2.1.1 '{"uid":33,"gid":34,"mounts":[{"kind":"volume","source":"disk","target":"/data"}]}' cat /data/file
    [ "$(said)" = one ]
    finished t.disk3.1.1 "$(own '{"uid":33,"gid":34,"mounts":[{"kind":"volume","source":"disk","target":"/data"}]}')" cat /data/file
    [ "$(said)" = one ]
    drive request kill '{"id":"t.disk.1.1"}'
    ended t.disk.1.1
}

@test "a command joins the namespace too, also after the broker was killed" {
    started t.join.1.1 "$(own '{"uid":33,"gid":34}')" sleep 1000
    local first
    first=$(first_of t.join.1.1)
    inside t.join.1.1 /bin/sh -c 'cat /proc/self/uid_map; id -u; echo opened >/dev/stdout'
    [[ "$(said 3)" = "0 $first 65536 33 opened" ]]
    broker_kill
    broker_start
    inside t.join.1.1 /bin/sh -c 'cat /proc/self/uid_map; id -u; readlink /proc/self/ns/user'
    [[ "$(said 3)" = "0 $first 65536 33 $(readlink "/proc/$PID/ns/user")" ]]
    # who ran before the restart still has the range
    finished t.other.1.1 "$(own)" cat /proc/self/uid_map
    [ "$(said)" != "0 $first 65536" ]
    drive request kill '{"id":"t.join.1.1"}'
    ended t.join.1.1
}

@test "a range is one service's: the next incarnation has it again, nobody else as long as it is there" {
    mkdir -p "$HOUSE/etc"
    echo 'user-namespaces = 1048576-1179647' >"$HOUSE/etc/policy.conf"
    broker_kill
    broker_start
    started t.one.1.1 "$(own)" sleep 1000
    local one=$PID
    started t.two.1.1 "$(own)" sleep 1000
    [ "$(first_of t.one.1.1) $(first_of t.two.1.1)" = "1048576 1114112" ] ||
        [ "$(first_of t.one.1.1) $(first_of t.two.1.1)" = "1114112 1048576" ]
    run launch t.three.1.1 "$(own)" /bin/true
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"all 2 ranges of user-namespaces = 1048576-1179647 are taken"* ]]
    finished t.one.1.2 "$(own)" cat /proc/self/uid_map
    [ "$(said)" = "0 $(first_of t.one.1.1) 65536" ]
    [ -d "/proc/$one" ]
    drive request kill '{"id":"t.one.1.1"}'
    ended t.one.1.1
    drive request kill '{"id":"t.two.1.1"}'
    ended t.two.1.1
}

@test "policy.conf may forbid it, and says which ids it may be" {
    mkdir -p "$HOUSE/etc"
    echo 'user-namespaces = none' >"$HOUSE/etc/policy.conf"
    broker_kill
    broker_start
    run launch t.none.1.1 "$(own)" /bin/true
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"policy.conf:1: user-namespaces = none: 't.none.1.1' may not have a user namespace"* ]]
    [ ! -d "$HOUSE/run/instances/t.none.1.1" ]
    broker_kill
    for word in any 1000-66535 0-65535 1048576-1048577 1048576; do
        echo "user-namespaces = $word" >"$HOUSE/etc/policy.conf"
        run ! in_net "$IPAM_ORCH_BUILD/ipam-sandboxd"
        echo "$output"
        [[ $output == *"policy.conf:1: '$word' is neither none nor a range"* ]]
    done
    rm "$HOUSE/etc/policy.conf"
    broker_start
}

@test "a file system that cannot show other ids is named, and nothing is left; without a user namespace it is bound" {
    mkdir "$HOUSE/ram"
    mount -t ramfs none "$HOUSE/ram"
    local fields
    fields=$(jq -nc --arg source "$HOUSE/ram" '{ mounts: [{ kind: "bind", source: $source, target: "/ram" }] }')
    run launch t.ram.1.1 "$(own "$fields")" /bin/true
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"bind source $HOUSE/ram: its file system (ramfs), or one mounted below it, cannot be idmapped"* ]]
    [ ! -d "$HOUSE/run/instances/t.ram.1.1" ]
    finished t.ram.1.2 "$fields" stat -f -c %T /ram
    umount "$HOUSE/ram"
    [ "$(said)" = ramfs ]
}

@test "capabilities: those over its own users work inside, others are refused" {
    mkdir -p "$HOUSE/etc"
    echo 'capabilities = CHOWN NET_RAW NET_BIND_SERVICE' >"$HOUSE/etc/policy.conf"
    broker_kill
    broker_start
    run launch t.raw.1.1 "$(own '{"capabilities":["NET_RAW"]}')" /bin/true
    echo "$output"
    [[ $output == *"capability: 'NET_RAW' is worth nothing in a user namespace"* ]]
    finished t.chown.1.1 "$(own '{"uid":33,"gid":34,"capabilities":["CHOWN"],"mounts":[{"kind":"volume","source":"chown","target":"/data"}]}')" \
        /bin/sh -c '>/data/file; chown 44:55 /data/file && stat -c %u:%g /data/file; chown 70000 /data/file || echo beyond'
    [ "$(said 2)" = "44:55 beyond" ]
    [ "$(stat -c %u:%g "$HOUSE/state/volumes/chown/file")" = 44:55 ]
}
