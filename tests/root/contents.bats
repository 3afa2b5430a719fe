#!/usr/bin/env bats
# Files in memory of a running instance get other contents: whole ones, as they were owned.

load broker

setup_file() {
    broker_open
    leftovers >"$HOUSE/before"
    for value in old new third; do
        printf '%s\n' "$value" >"$HOUSE/$value"
    done
    # what a reader would see parts of
    for letter in a b; do
        head -c 300000 /dev/zero | tr '\0' "$letter" >"$HOUSE/big-$letter"
    done
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# has ID FIELDS [COMMAND]: an instance with /run/secrets/one and /etc/deep/two, by default one that sleeps
has() {
    local spec
    spec=$(jq -nc --arg id "$1" --argjson fields "$2" --arg command "${3:-exec sleep 1000}" '{ id: $id,
        argv: ["/bin/sh", "-c", $command], files: [
            { target: "/run/secrets/one", uid: 65534, gid: 65534, mode: 256, fd: 0 },
            { target: "/run/deep/two", uid: 65534, gid: 10, mode: 288, fd: 1 }] } + $fields')
    drive launch "$spec" "$HOUSE/old" "$HOUSE/old" >/dev/null
}

# refused TEXT ARGUMENT...: of `files`
refused() {
    local text=$1
    shift
    run drive files "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"$text"* ]]
}

@test "other contents than at the launch: owner, group and mode stay, what is open stays what it was" {
    # shellcheck disable=SC2016 # the shell of the instance expands it
    has t.change.1.1 '{}' 'exec 9</run/secrets/one; while :; do sleep 0.1; [ "$(cat /run/secrets/one)" = old ] || { cat <&9; break; }; done'
    drive files t.change.1.1 /run/secrets/one "$HOUSE/new"
    run drive drain t.change.1.1 out
    [ "$output" = old ]
    has t.change.1.2 '{}'
    drive files t.change.1.2 /run/secrets/one "$HOUSE/new" /run/deep/two "$HOUSE/third"
    inside t.change.1.2 /bin/sh -c 'cat /run/secrets/one /run/deep/two; stat -c %u:%g:%a /run/secrets/one /run/deep/two'
    [ "$(head -n 4 <<<"$output" | tr '\n' ' ')" = "new third 65534:65534:400 65534:10:440 " ]
    run inside t.change.1.2 /bin/sh -c 'echo x >/run/secrets/one'
    [ "$status" -ne 0 ]
    drive files t.change.1.2 /run/secrets/one "$HOUSE/third"
    inside t.change.1.2 /bin/cat /run/secrets/one
    [[ $output == third* ]]
}

@test "in a user namespace of its own the file belongs to the ids inside" {
    has t.users.1.1 '{"own_users":true}'
    drive files t.users.1.1 /run/secrets/one "$HOUSE/new" /run/deep/two "$HOUSE/new"
    inside t.users.1.1 /bin/sh -c 'cat /run/secrets/one; stat -c %u:%g:%a /run/secrets/one /run/deep/two'
    [ "$(head -n 3 <<<"$output" | tr '\n' ' ')" = "new 65534:65534:400 65534:10:440 " ]
}

@test "a reader gets all of the old or all of the new contents" {
    # shellcheck disable=SC2016 # the shell of the instance expands it
    has t.whole.1.1 '{}' 'until [ -e /tmp/over ]; do x=$(cat /run/secrets/one); case $x in
        *a*b*|*b*a*) echo torn; exit 1;; esac; case ${#x} in 3|300000) ;; *) echo part; exit 1;; esac; done; echo whole'
    for _ in $(seq 20); do
        drive files t.whole.1.1 /run/secrets/one "$HOUSE/big-a" >/dev/null
        drive files t.whole.1.1 /run/secrets/one "$HOUSE/big-b" >/dev/null
    done
    inside t.whole.1.1 /bin/touch /tmp/over
    run drive drain t.whole.1.1 out
    echo "$output"
    [ "$output" = whole ]
}

@test "only files of the specification, only memory that cannot change, only so often" {
    has t.policy.1.1 '{}'
    refused "has no file '/etc/passwd'" t.policy.1.1 /etc/passwd "$HOUSE/new"
    refused "has no file" t.policy.1.1 /run/secrets/../secrets/one "$HOUSE/new"
    refused "sealed memory file" t.policy.1.1 /run/secrets/one "<$HOUSE/new"
    refused "one to 2 of them" t.policy.1.1
    refused "no instance" t.nobody.1.1 /run/secrets/one "$HOUSE/new"
    refused "sealed memory file" t.policy.1.1 /run/secrets/one "$HOUSE/new" /run/deep/two "<$HOUSE/new"
    inside t.policy.1.1 /bin/cat /run/secrets/one
    [[ $output == old* ]]
    run drive request files '{"id":"t.policy.1.1","files":[{"target":"/run/secrets/one","fd":0}]}'
    [[ $output == *"names descriptor 0 of 0"* ]]
    run drive request files '{"id":"t.policy.1.1","files":[{"target":"/run/secrets/one","fd":0,"mode":511}]}'
    [[ $output == *EINVAL* || $output == *'"errno":22'* ]]
}

@test "a broker that was killed: what it put there stays, the next one goes on" {
    has t.killed.1.1 '{}'
    drive files t.killed.1.1 /run/secrets/one "$HOUSE/new"
    broker_kill
    broker_start
    inside t.killed.1.1 /bin/cat /run/secrets/one /run/deep/two
    [[ $output == new*old* ]]
    drive files t.killed.1.1 /run/secrets/one "$HOUSE/third" /run/deep/two "$HOUSE/third"
    inside t.killed.1.1 /bin/cat /run/secrets/one /run/deep/two
    [[ $output == third*third* ]]
    [ "$(jq .covered "$HOUSE/run/instances/t.killed.1.1/state")" -eq 3 ]
    # so many that one more is refused, without any of them
    jq -c '.covered = 512' "$HOUSE/run/instances/t.killed.1.1/state" >"$HOUSE/state.new"
    cat "$HOUSE/state.new" >"$HOUSE/run/instances/t.killed.1.1/state"
    broker_kill
    broker_start
    refused "the limit is 512" t.killed.1.1 /run/secrets/one "$HOUSE/new"
}

@test "nothing of it is left on the host" {
    run awk -v house="$HOUSE" 'index($0, house) { print $5 }' /proc/self/mountinfo
    echo "$output"
    [ "$output" = "$(sed -n '/^mounts:/,/^records:/p' "$HOUSE/before" | grep -v :)" ]
}
