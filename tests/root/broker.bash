# One sandbox broker in a network namespace of its own, spoken to through sandbox_driver.
# What an instance is, is read back from the kernel, not from the broker.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# set by make; this is for `bats FILE`
: "${IPAM_ORCH_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${IPAM_ORCH_BUILD:=$IPAM_ORCH_SOURCE/build}"
export IPAM_ORCH_SOURCE IPAM_ORCH_BUILD

# shellcheck source=tests/common.bash
. "$IPAM_ORCH_SOURCE/tests/common.bash"

export GUESTS=/guests # where an instance sees them

# broker_open: in setup_file
broker_open() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    HOUSE=$(mktemp -d /tmp/ipam-root.XXXXXX)
    NETNS=$(basename "$HOUSE")
    IPAM_ORCH_RUN_DIR=$HOUSE/run
    IPAM_ORCH_STATE_DIR=$HOUSE/state
    IPAM_ORCH_CONF_DIR=$HOUSE/etc
    IPAM_ORCH_LIB_DIR=${BROKER_BUILD:=$IPAM_ORCH_BUILD}
    IPAM_ORCH_DATA_DIR=$IPAM_ORCH_SOURCE
    export HOUSE NETNS BROKER_BUILD IPAM_ORCH_RUN_DIR IPAM_ORCH_STATE_DIR IPAM_ORCH_CONF_DIR IPAM_ORCH_LIB_DIR IPAM_ORCH_DATA_DIR
    chmod 755 "$HOUSE"
    # the guests must be reachable for service users, wherever the checkout is
    mkdir "$HOUSE/guests"
    cp "$IPAM_ORCH_BUILD"/tests/fakes/guest_* "$HOUSE/guests/"
    getent passwd ipam-worker >/dev/null || useradd --system --user-group --no-create-home ipam-worker
    ip netns add "$NETNS"
    in_net ip link set lo up
    broker_start
}

in_net() {
    nsenter --net="/run/netns/$NETNS" "$@" 3>&-
}

# be_in_net COMMAND...: the same instead of the shell, so that $! is the command's pid
be_in_net() {
    exec nsenter --net="/run/netns/$NETNS" "$@" 3>&-
}

# broker_start: returns when it listens, or fails with its log
broker_start() {
    mkfifo "$HOUSE/ready"
    # a daemon must not hold the descriptors of bats, which waits for their end
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec 9>"$HOUSE/ready" </dev/null >>"$HOUSE/broker.log" 2>&1
        exec nsenter --net="/run/netns/$NETNS" "$BROKER_BUILD/ipam-sandboxd" --ready-fd 9
    ) &
    echo $! >"$HOUSE/broker.pid"
    disown
    read -r <"$HOUSE/ready" || {
        cat "$HOUSE/broker.log"
        return 1
    }
    rm "$HOUSE/ready"
}

broker_pid() {
    cat "$HOUSE/broker.pid"
}

# broker_kill [SIGNAL]: returns when it is gone
broker_kill() {
    kill "-${1:-KILL}" "$(broker_pid)"
    wait_until 10 is_gone "$(broker_pid)"
}

# broker_close: in teardown_file; removes what is left even when a test failed
broker_close() {
    [ -n "${HOUSE:-}" ] || return 0
    local id
    for id in $(drive request list | jq -r '.instances[].id'); do
        drive request kill "{\"id\":\"$id\"}" >/dev/null || true
        wait_until 10 has_ended "$id" || true
        drive request remove "{\"id\":\"$id\"}" >/dev/null || true
    done
    broker_kill TERM || broker_kill KILL || true
    find /sys/fs/cgroup -depth -type d -path "*/ipam-orch-$(tag)*" -exec rmdir {} \; 2>/dev/null || true
    ip netns del "$NETNS"
    [ -n "${IPAM_E2E_KEEP:-}" ] || rm -rf "$HOUSE"
}

drive() {
    "$IPAM_ORCH_BUILD/tests/fakes/sandbox_driver" "$HOUSE/run/sandbox.sock" "$@" 3>&-
}

# a zombie counts as gone: process 1 of some test machines is slow to take orphans away
is_gone() {
    ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

has_ended() {
    [ "$(drive request list | jq -r --arg id "$1" '.instances[] | select(.id == $id) | .ended')" = true ]
}

# launch ID FIELDS PROGRAM ARGUMENT...: FIELDS are merged over a plain specification
launch() {
    local id=$1 fields=$2
    shift 2
    drive launch "$(jq -nc --arg id "$id" --arg guests "$HOUSE/guests" --argjson fields "$fields" '
        { id: $id, argv: $ARGS.positional,
          mounts: [{ kind: "bind", source: $guests, target: "/guests", read_only: true, noexec: false, size: 0, mode: 0 }] }
        + $fields' --args -- "$@")"
}

# started ID FIELDS PROGRAM ARGUMENT...: launched, and its pid in the host's namespace in $PID
started() {
    run --separate-stderr launch "$@"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    PID=$(jq -r 'select(.event == "started") | .pid' <<<"$output")
    [ "$PID" -gt 0 ]
}

# ended ID: its exit event in $output; the instance is removed
ended() {
    run drive wait "$1"
    echo "$output"
    drive request remove "{\"id\":\"$1\"}"
}

# finished ID FIELDS PROGRAM ARGUMENT...: what it wrote, then its exit event, in $output
finished() {
    run --separate-stderr launch "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    run drive drain "$1" out
    local wrote=$output
    ended "$1"
    output=$wrote$'\n'$output
    echo "$output"
}

# inside ID COMMAND...: its output; fails when the command does
inside() {
    local id=$1
    shift
    run drive join "$id" all 20000000 "$@"
    echo "$output"
    [ "$status" -eq 0 ] && [ "$(tail -n 1 <<<"$output" | jq -r '"\(.code) \(.signal)"')" = "0 0" ]
}

# as paths_tag() computes it: FNV-1a of the run directory
tag() {
    local hash=2166136261 text=$IPAM_ORCH_RUN_DIR i
    for ((i = 0; i < ${#text}; i++)); do
        hash=$(((hash ^ $(printf '%d' "'${text:i:1}")) * 16777619 & 0xffffffff))
    done
    printf '%08x' "$hash"
}

# status_of PID FIELD: one line of /proc/PID/status without its name
status_of() {
    sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '
}

# leftovers: what instances and networks may leave in the kernel, as text that can be compared
leftovers() {
    echo "cgroups:"
    find /sys/fs/cgroup -type d -path "*/ipam-orch-$(tag)/*" | sort
    echo "interfaces:"
    in_net ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort
    echo "packet rules:"
    in_net nft list ruleset
    echo "listening sockets:"
    in_net ss -Hltun | awk '{ print $1, $5 }' | sort
    echo "mounts:"
    awk -v house="$HOUSE" 'index($0, house) { print $5 }' /proc/self/mountinfo | sort
    echo "records:"
    find "$HOUSE/run/instances" "$HOUSE/run/networks" -mindepth 1 | sort
}
