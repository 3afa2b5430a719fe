#!/usr/bin/env bats
# The broker, or an init, ends at each step of set-up and tear-down in turn, without any cleaning up
# (sandbox/failpoint.h): the next broker and the removals that follow leave nothing.

load broker

BROKER_BUILD=$IPAM_ORCH_BUILD/failpoints
export BROKER_BUILD

setup_file() {
    broker_open
    leftovers >"$HOUSE/before"
    processes >"$HOUSE/processes"
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# every step, from the one table there is
names() {
    sed -n 's/^    X([A-Z_0-9]*, "\(.*\)").*/\1/p' "$IPAM_ORCH_SOURCE/sandbox/failpoint.h"
}

# processes of this test besides the broker: by their control group, inits that have none yet by the
# environment that this build gives them
processes() {
    local file dir
    for file in $(grep -lsF "/ipam-orch-$(tag)" /proc/[0-9]*/cgroup) \
        $(grep -lsx ipam-init /proc/[0-9]*/comm); do
        dir=${file%/*}
        grep -qs '^State:.*Z' "$dir/status" && continue
        if [ "${file##*/}" = cgroup ] || grep -qsaF "$HOUSE" "$dir/environ"; then
            cat "$dir/comm"
        fi
    done
}

is_clean() {
    leftovers >"$HOUSE/after" && cmp -s "$HOUSE/before" "$HOUSE/after" &&
        processes >"$HOUSE/processes.after" && cmp -s "$HOUSE/processes" "$HOUSE/processes.after"
}

wired='{"links":[{"bridge":"iohouse","ipv4":"10.200.9.2/24","gateway4":"10.200.9.1","ipv6":"fd00:9::2/64","gateway6":"fd00:9::1","mac":"","interface":""}],
    "ports":[{"address":"","published":8090,"last":8090,"target":80,"udp":false}],"memory":67108864}'
half='{"links":[{"bridge":"iohouse","ipv4":"10.200.9.2/24","gateway4":"","ipv6":"","gateway6":"","mac":"","interface":""},
    {"bridge":"ioabsent","ipv4":"10.200.8.2/24","gateway4":"","ipv6":"","gateway6":"","mac":"","interface":""}],
    "ports":[{"address":"","published":8090,"last":8090,"target":80,"udp":false}],"memory":67108864}'

# a life from the first network to the last; each step may be the last that has an answer
live() {
    local id=t.life.1.1
    drive request network_create '{"project":"t","bridge":"iohouse","ipv4":"10.200.9.1/24","ipv6":"fd00:9::1/64","internal":false}'
    launch t.half.1.1 "$half" /bin/true
    launch "$id" "$wired" /bin/sleep 1000
    drive join "$id" all 20000000 /bin/true
    drive request signal "{\"id\":\"$id\",\"signo\":15}"
    # an init that ended before it began leaves nothing to wait for
    [ "$(drive request list | jq --arg id "$id" '[.instances[] | select(.id == $id)] | length')" != 1 ] || drive wait "$id"
    drive request remove "{\"id\":\"$id\"}"
    drive request network_remove '{"project":"t","bridge":"iohouse"}'
}

# what a supervisor does that wants nothing any more
sweep() {
    local id bridge
    for id in $(drive request list | jq -r '.instances[] | select(.ended | not) | .id'); do
        drive request kill "{\"id\":\"$id\"}"
    done
    for id in $(drive request list | jq -r '.instances[].id'); do
        wait_until 10 has_ended "$id"
        drive request remove "{\"id\":\"$id\"}"
    done
    for bridge in $(drive request list | jq -r '.bridges[]'); do
        drive request network_remove "{\"project\":\"t\",\"bridge\":\"$bridge\"}"
    done
}

# reached NAME: somebody ended there
reached() {
    grep -q "^failpoint $1 " "$HOUSE/broker.log"
}

# dies_at NAME: a broker, or one of its inits, that does
dies_at() {
    broker_kill TERM
    : >"$HOUSE/broker.log"
    IPAM_ORCH_FAILPOINT=$1 broker_start
    live >"$HOUSE/life" 2>&1 || true
    broker_kill KILL 2>/dev/null || true
    reached "$1" || {
        echo "$1: no step of this life"
        return 1
    }
    broker_start
    sweep >"$HOUSE/sweep"
    wait_until 10 is_clean || {
        echo "$1: left behind"
        diff "$HOUSE/before" "$HOUSE/after"
        diff "$HOUSE/processes" "$HOUSE/processes.after"
        return 1
    }
}

@test "the table of steps can be read" {
    run names
    [ "${#lines[@]}" -ge 40 ]
    [ "${lines[0]}" = network-recorded ]
}

@test "whatever step it ends at, the next broker leaves nothing behind" {
    local name failed=0
    for name in $(names); do
        echo "# $name" >&2
        dies_at "$name" || failed=1
    done
    [ "$failed" -eq 0 ]
}

@test "a life that nobody interrupts goes through every step" {
    local name failed=0
    broker_kill TERM
    : >"$HOUSE/broker.log"
    IPAM_ORCH_STEPS=1 broker_start
    live >"$HOUSE/life" 2>&1 || true
    for name in $(names); do
        grep -q "^step $name " "$HOUSE/broker.log" || {
            echo "$name: not a step of this life"
            failed=1
        }
    done
    [ "$failed" -eq 0 ]
    wait_until 10 is_clean
}
