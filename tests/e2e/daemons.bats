#!/usr/bin/env bats
# Either daemon may be killed at any moment: services go on, no log line is lost or doubled.

load world
load numbers

setup_file() {
    world_open
    make_numbers
}

teardown_file() { world_close; }
teardown() { explain_failure; }

@test "a service that writes numbered lines comes up" {
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    ps_field numbers pid >"$WORLD/pid"
    [ "$(cat "$WORLD/pid")" -gt 0 ]
    wait_until 20 has_line 200
}

# kill_daemon NAME: and the next command brings it back
kill_daemon() {
    local old
    old=$(daemon_pid "$1")
    [ -n "$old" ]
    kill -KILL "$old"
    run orch ps
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(daemon_pid "$1")" != "$old" ]
    is_untouched
}

@test "kill -9 of the supervisor: the service keeps its process and ps is right" {
    kill_daemon ipam-orchd
}

@test "kill -9 of the broker: the service keeps its process and ps is right" {
    kill_daemon ipam-sandboxd
}

@test "kill -9 of both at once" {
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    run orch ps
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(ps_field numbers pid)" = "$(cat "$WORLD/pid")" ]
    [ "$(ps_field numbers restarts)" -eq 0 ]
}

@test "no line is lost, none is doubled, the order is kept" {
    wait_until 60 has_line "$LINES_WANTED"
    diff <(seq 1 "$LINES_WANTED" | sed 's/^/line /') <(lines)
}

@test "after the kills the service can still be restarted and taken down" {
    run orch restart numbers
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(ps_field numbers pid)" != "$(cat "$WORLD/pid")" ]
    run orch down
    echo "$output"
    [ "$status" -eq 0 ]
    wait_until 10 world_is_empty
}

# has_process SERVICE
has_process() {
    [ "$(ps_field "$1" pid)" -gt 0 ]
}

# has_other_broker PID
has_other_broker() {
    local now
    now=$(daemon_pid ipam-sandboxd)
    [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "kill -9 of the broker in the middle of up and of down: the command brings it back and goes on" {
    local old up
    mkdir -p "$PROJECT/told"
    cat >"$PROJECT/compose.yaml" <<-EOF
		name: numbers
		services:
		  first:
		    image: local/first
		    x-native: { user: nobody, command: [/bin/sleep, "100000"] }
		    volumes: ["./told:/told:ro"]
		    healthcheck: { test: [CMD, test, -e, /told/well], interval: 50ms, retries: 100000 }
		  second:
		    image: local/second
		    depends_on: { first: { condition: service_healthy } }
		    x-native: { user: nobody, command: [/bin/sh, -c, "trap 'test -e /told/ended && exit' TERM; while :; do sleep 0.05; done"] }
		    volumes: ["./told:/told:ro"]
		    stop_grace_period: 1m
	EOF
    (orch up >"$WORLD/output" 2>&1 3>&-) &
    up=$!
    wait_until 20 has_process first
    old=$(daemon_pid ipam-sandboxd)
    kill -KILL "$old"
    wait_until 20 has_other_broker "$old"
    touch "$PROJECT/told/well"
    wait "$up"
    grep "numbers broker lost: services go on" "$WORLD/output"
    grep "numbers broker connected" "$WORLD/output"

    (orch down >"$WORLD/output" 2>&1 3>&-) &
    up=$!
    wait_until 20 is_in_state second stopping
    old=$(daemon_pid ipam-sandboxd)
    kill -KILL "$old"
    wait_until 20 has_other_broker "$old"
    touch "$PROJECT/told/ended"
    orch kill -s TERM second
    wait "$up"
    grep "numbers broker lost: services go on" "$WORLD/output"
    wait_until 10 world_is_empty
}

@test "a broker that was killed and has not ended yet is not taken for one that works" {
    local dying
    python3 "$IPAM_ORCH_SOURCE/tests/e2e/dying.py" "$WORLD/run/sandbox.sock" "$WORLD/run/sandboxd.lock" \
        >"$WORLD/dying" 3>&- &
    dying=$!
    disown "$dying"
    wait_until 60 grep -q ready "$WORLD/dying"
    kill -KILL "$dying"
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(ps_field second state)" = up ]
    orch down
    wait_until 10 world_is_empty
}
