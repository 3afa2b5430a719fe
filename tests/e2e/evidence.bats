#!/usr/bin/env bats
# What is kept of checks, hooks, requests and ends, and that no secret is in it.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/evidence.yaml" "$PROJECT/compose.yaml"
    export EVIDENCE_TOKEN=hunter2-is-no-password
    run orch up --keep # checked is not well yet
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# events_of EVENT FILTER: JSON lines
events_of() {
    orch events --json --since 1h --no-follow --filter event="$1" | jq -c "select($2)"
}

# is_in_state SERVICE STATE
is_in_state() {
    [ "$(ps_field "$1" state)" = "$2" ]
}

# has_event EVENT FILTER
has_event() {
    [ -n "$(events_of "$1" "$2")" ]
}

@test "the last five checks are kept, with begin, duration, status and output" {
    wait_until 20 is_in_state checked sick
    local log
    log=$(ps_json | jq -c '.services[] | select(.service == "checked") | .health_log')
    [ "$(jq length <<<"$log")" -le 5 ]
    [ "$(jq '[.[] | select(.code == 3 and .ok == false and .took_us > 0 and .begun_us > 0)] | length' <<<"$log")" -ge 2 ]
    [[ $(jq -r '.[-1].output' <<<"$log") == *"the lake is dry" ]]
    touch "/proc/$(ps_field checked pid)/root/told/well"
    wait_until 20 is_healthy checked
    [ "$(ps_json | jq '.services[] | select(.service == "checked") | .health_log[-1].ok')" = true ]
}

@test "the journal has hooks, ends with their status, pauses, and who asked for what" {
    has_event "hook done" '.service == "checked" and .hook == "post_start" and .command == "/bin/true"'
    orch --profile ends up --no-wait
    wait_until 20 is_in_state ending failed
    [ "$(events_of failed '.service == "ending" and .exit' | jq -c '[.exit.code, .exit.signal, .exit.oom]')" = "[7,0,false]" ]
    orch pause checked
    orch unpause checked
    has_event paused '.service == "checked" and .pid > 0'
    orch exec -T checked true
    has_event asked '.operation == "exec" and .services == "checked" and (.by | startswith("root (pid "))'
    orch kill -s HUP checked || true
    has_event asked '.operation == "kill"'
}

# capsule NAME FILTER: of its last failure
capsule() {
    jq -r "$2" "$WORLD/log/evidence/@failure.$1.json"
}

# has_capsule NAME FILTER
has_capsule() {
    capsule "$1" "$2" | grep -qx true
}

@test "a failure leaves a capsule: how it ended, its last lines and checks, figures, and no secret" {
    orch --profile ends up --no-wait
    wait_until 20 has_capsule ending '.event.exit.code == 7'
    [ "$(capsule ending '.lines[-1].log')" = "about to end" ]
    rm -f "/proc/$(ps_field checked pid)/root/told/well"
    wait_until 20 is_in_state checked sick
    wait_until 20 has_capsule checked '.figures.memory > 0'
    [ "$(capsule checked '.checks[-1].output')" = "********the lake is dry" ]
    [ "$(capsule checked '.lines[-1].log')" = "the token is ********" ]
    grep -q "$EVIDENCE_TOKEN" "$WORLD/log/evidence/checked.log" # the service's own log is as it was
    run ! grep -rl "$EVIDENCE_TOKEN" "$WORLD"/log/evidence/@failure*
    # a handful of them, however often it fails
    for _ in 1 2 3 4 5 6 7; do
        orch --profile ends restart ending || true
    done
    [ "$(find "$WORLD/log/evidence" -name '@failure.ending.json*' | wc -l)" -eq 5 ]
}

@test "the journal says when the broker was away" {
    kill -KILL "$(daemon_pid ipam-sandboxd)"
    wait_until 20 has_event "broker lost" '.project == "evidence"'
    run orch ps
    wait_until 20 has_event "broker connected" '.detail == ""'
}
