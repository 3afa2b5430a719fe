#!/usr/bin/env bats
# Either daemon may be killed at any moment: services go on, no log line is lost or doubled.

load world

LINES_WANTED=6000

setup_file() {
    world_open
    export PROJECT=$WORLD/numbers
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<EOF
name: numbers
services:
  numbers:
    image: local/numbers
    restart: always
    x-native:
      user: nobody
      command:
        - /usr/bin/python3
        - -uc
        - |
          import time
          for n in range(1, $LINES_WANTED + 1):
              print("line", n)
              time.sleep(0.002)
          while True:
              time.sleep(3600)
EOF
}

teardown_file() { world_close; }
teardown() { explain_failure; }

lines() {
    orch logs --no-log-prefix numbers
}

has_line() {
    lines | grep -qx "line $1"
}

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
    [ "$(ps_field numbers pid)" = "$(cat "$WORLD/pid")" ]
    [ "$(ps_field numbers restarts)" -eq 0 ]
    [ "$(ps_field numbers state)" = up ]
    [ "$(cat "/proc/$(cat "$WORLD/pid")/comm")" = python3 ]
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
