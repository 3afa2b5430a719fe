#!/usr/bin/env bats
# What can be done with running services without ending them: pausing, measuring, other limits.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'EOF2'
name: live
x-sleeper: &sleeper
  image: local/sleeper
  x-native:
    user: nobody
    command: [/bin/sleep, "3600"]
services:
  web:
    <<: *sleeper
    mem_limit: 64m
    healthcheck:
      test: ["CMD", "/bin/true"]
      interval: 100ms
  idle:
    <<: *sleeper
    restart: always
EOF2
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

is_frozen() {
    [[ $(kernel_file "$1" freezer freezer.state cgroup.events) =~ FROZEN|frozen\ 1 ]]
}

# is_in_state SERVICE STATE
is_in_state() {
    [ "$(ps_field "$1" state)" = "$2" ]
}

@test "pause: frozen in the kernel, shown by ps, no command runs inside; unpause lets it go on" {
    local pid
    pid=$(ps_field web pid)
    run orch pause web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = web ]
    wait_until 10 is_frozen "$pid"
    run ! is_frozen "$(ps_field idle pid)"
    [ "$(ps_field web state)" = paused ]
    run orch ps
    [ "$status" -eq 1 ]
    run orch exec web true
    echo "$output"
    [ "$status" -eq 125 ]
    [[ $output == *"'web' is paused"*"ipam-orch unpause web"* ]]
    # again is no mistake
    orch pause web
    run orch unpause
    [ "$status" -eq 0 ]
    [ "$(sort <<<"$output" | tr '\n' ' ')" = "idle web " ]
    run ! is_frozen "$pid"
    wait_until 10 is_healthy web
    [ "$(ps_field web pid)" = "$pid" ]
}

@test "what is paused stays so when the supervisor is killed" {
    local old
    orch pause web
    old=$(daemon_pid ipam-orchd)
    kill -KILL "$old"
    wait_until 20 is_in_state web paused
    [ "$(daemon_pid ipam-orchd)" != "$old" ]
    orch unpause web
    wait_until 10 is_healthy web
}

@test "what is paused can be stopped, killed, restarted; up and start let it go on" {
    local pid
    orch pause
    orch stop idle
    [ "$(ps_field idle state)" = down ]
    orch start idle
    orch pause idle
    pid=$(ps_field idle pid)
    orch restart idle
    [ "$(ps_field idle state)" = up ]
    [ "$(ps_field idle pid)" != "$pid" ]
    orch pause idle
    pid=$(ps_field idle pid)
    orch kill idle
    wait_until 20 is_in_state idle up
    [ "$(ps_field idle pid)" != "$pid" ]
    [ "$(ps_field web state)" = paused ]
    pid=$(ps_field web pid)
    orch up
    [ "$(ps_field web state) $(ps_field web pid)" = "up $pid" ]
}

@test "pause: what does not run, what does not exist" {
    orch stop idle
    run orch pause idle
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"'idle' does not run"* ]]
    run orch unpause wbe
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'web'"* ]]
    orch start idle
}
