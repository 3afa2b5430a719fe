#!/usr/bin/env bats
# Any of our processes may be killed at any moment: no other service notices, no line is lost or doubled,
# what is wanted is so in the end, and nothing is left.  IPAM_CHAOS_ROUNDS=500 for a long night.

load world

# whose moments all passed by would show nothing
struck_all() {
    local whom
    for whom in supervisor broker both worker init; do
        grep "^struck " "$WORLD/chaos" | grep -q "'$whom': [1-9]" || return 1
    done
}

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/chaos.yaml" "$PROJECT/compose.yaml"
    snapshot >"$WORLD/before"
}

teardown_file() { world_close; }

teardown() { explain_failure; }

@test "kills of supervisor, broker, workers and inits at random moments: pids, lines and what is wanted stay" {
    export -f orch orch_in in_net
    python3 "$BATS_TEST_DIRNAME/chaos.py" "${IPAM_CHAOS_ROUNDS:-25}" "${IPAM_CHAOS_SEED:-20261126}" "$WORLD" \
        bash -c 'orch "$@"' orch >"$WORLD/chaos" || {
        cat "$WORLD/chaos"
        return 1
    }
    tail -n 2 "$WORLD/chaos"
    struck_all
}

@test "after all that, nothing is left behind" {
    wait_until 20 world_is_empty
    diff "$WORLD/before" <(snapshot)
}
