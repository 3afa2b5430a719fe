#!/usr/bin/env bats
# down leaves nothing and keeps the data; ten cycles leak nothing.

load world

setup_file() {
    world_open
    copy_project
    snapshot >"$WORLD/before"
}

teardown_file() { world_close; }
teardown() { explain_failure; }

is_clean() {
    snapshot >"$WORLD/after"
    cmp -s "$WORLD/before" "$WORLD/after"
}

@test "down leaves no process, cgroup, namespace, interface, mount, packet rule or socket" {
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    api allocate 10.88.0.0/24 keeper >"$WORLD/address"
    snapshot >"$WORLD/while-up"
    run ! cmp -s "$WORLD/before" "$WORLD/while-up"
    run orch down
    echo "$output"
    [ "$status" -eq 0 ]
    is_clean || diff "$WORLD/before" "$WORLD/after"
}

@test "after down nothing runs: ps and a second down say so" {
    run orch ps
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"ipam-orch up"* ]]
    run orch down
    echo "$output"
    [[ $output == *"ipam-orch up"* || $status -eq 0 ]]
}

@test "up again finds the allocated address" {
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    run api find keeper
    [ "$output" = "$(cat "$WORLD/address") keeper" ]
    run orch down
    [ "$status" -eq 0 ]
}

@test "ten cycles of up and down leak nothing" {
    local i began
    for i in 1 2 3 4 5 6 7 8 9 10; do
        began=$(date +%s%N)
        orch --progress quiet up
        echo "# cycle $i: up $((($(date +%s%N) - began) / 1000000)) ms" >&3
        began=$(date +%s%N)
        orch --progress quiet down
        echo "# cycle $i: down $((($(date +%s%N) - began) / 1000000)) ms" >&3
        is_clean || diff "$WORLD/before" "$WORLD/after"
    done
    run orch up
    [ "$status" -eq 0 ]
    run api find keeper
    [ "$output" = "$(cat "$WORLD/address") keeper" ]
}
