#!/usr/bin/env bats
# Any of our processes may be killed at any moment: no other service notices, no line is lost or
# doubled, and what is wanted is so in the end.  IPAM_CHAOS_ROUNDS=500 for a long night.

load world
load chaos

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/chaos.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

@test "chaos: random kills of supervisor, broker, workers and inits" {
    chaos "${IPAM_CHAOS_ROUNDS:-25}" "${IPAM_CHAOS_SEED:-20261126}" >"$WORLD/chaos" 2>&1 || {
        cat "$WORLD/chaos"
        return 1
    }
}

@test "after all that, down leaves nothing, and every life of every service has all its lines, each once" {
    local name
    orch down
    wait_until 20 world_is_empty
    for name in "${CHAOS_SERVICES[@]}"; do
        lines_are_whole "$name"
    done
}
