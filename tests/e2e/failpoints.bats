#!/usr/bin/env bats
# The broker, or an init, ends at each step of set-up and tear-down in turn (sandbox/failpoint.h), in the
# middle of `up` or of `down`: the commands that come next find and remove every leftover.

load world

setup_file() {
    world_open
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$IPAM_ORCH_SOURCE" B="$IPAM_ORCH_BUILD" failpoints
    cp "$IPAM_ORCH_BUILD"/failpoints/ipam-* "$WORLD/root/usr/lib/ipam-orch/"
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<-YAML
		name: steps
		networks: { one: {}, two: { enable_ipv6: false } }
		services:
		  web:
		    image: local/web
		    x-native: { user: nobody, command: [/bin/sleep, "100000"] }
		    stop_signal: SIGTERM
		    stop_grace_period: 1s
		    mem_limit: 64m
		    networks: [one, two]
		    ports: ["8090:80"]
		    healthcheck: { test: [CMD, "true"], interval: 1s }
	YAML
    snapshot >"$WORLD/before"
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# every step but those of a launch that fails by itself
names() {
    sed -n 's/^    X([A-Z_0-9]*, "\(.*\)").*/\1/p' "$IPAM_ORCH_SOURCE/sandbox/failpoint.h" | grep -v '^undo-'
}

reached() {
    grep -qas "^failpoint $1 " "$WORLD/log/ipam-sandboxd.log"
}

is_over() {
    reached "$1" || ! kill -0 "$2" 2>/dev/null
}

# until_step NAME ARGUMENT...: the command, as long as nobody has ended at that step
until_step() {
    local name=$1 pid
    shift
    IPAM_ORCH_FAILPOINT=$name orch --progress quiet "$@" >>"$WORLD/output" 2>&1 &
    pid=$!
    wait_until 30 is_over "$name" "$pid"
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
}

# An operation that the broker's death has stopped goes on when the broker is back, which any command
# sees to; until it is over the project is locked.
comes_down() {
    orch --progress quiet down >"$WORLD/output" 2>&1
}

is_clean() {
    snapshot >"$WORLD/after" && cmp -s "$WORLD/before" "$WORLD/after"
}

@test "whatever step the broker ends at, what comes next removes everything" {
    local name failed=0
    for name in $(names); do
        rm -f "$WORLD/log/ipam-sandboxd.log"
        until_step "$name" up
        reached "$name" || until_step "$name" down
        reached "$name" || {
            echo "$name: no step of up or down"
            failed=1
        }
        wait_until 30 comes_down && wait_until 10 is_clean || {
            echo "$name: left behind"
            diff "$WORLD/before" "$WORLD/after" || true
            cat "$WORLD/output"
            failed=1
        }
    done
    [ "$failed" -eq 0 ]
}
