#!/usr/bin/env bats
# What update and its like say about wrong use.

load command

@test "update, rollback, apply, plan and releases refuse what they do not know" {
    refused() {
        run orch "$@"
        echo "$output"
        [ "$status" -eq 2 ]
    }
    refused update --canary none app
    [[ $output == *"'none' is no number of instances"* ]]
    refused update --canary 1
    [[ $output == *"--canary is about one service"* ]]
    refused update --order sideways
    [[ $output == *"'sideways' is none of: stop-first, start-first"* ]]
    refused update --on-failure weep
    [[ $output == *"'weep' is none of: pause, continue, rollback"* ]]
    refused update --max-failure-ratio 2
    [[ $output == *"'2' is no ratio: from 0 to 1"* ]]
    refused update --parallelism many
    refused update --monitor soon
    refused apply
    [[ $output == *"which plan?"* ]]
    refused rollback one two
    refused releases polish
    [[ $output == *"'polish' is none of: ls, show, diff, pin, unpin, rm, prune"* ]]
    refused releases diff one
    [[ $output == *"'diff' is about 2 releases"* ]]
    echo '{}' >"$BATS_TEST_TMPDIR/plan.json"
    refused apply "$BATS_TEST_TMPDIR/plan.json"
    [[ $output == *"is no plan"* ]]
}

@test "update_config: wrong values are refused at their line" {
    local line
    cd "$BATS_TEST_TMPDIR"
    for line in "update_config: { max_failure_ratio: 1.5 }" "update_config: { failure_action: weep }" \
        "rollback_config: { failure_action: rollback }"; do
        printf 'services:\n  web:\n    image: local/none\n    x-native: { user: nobody, command: [/bin/true] }\n    deploy:\n      %s\n' \
            "$line" >compose.yaml
        run orch config --explain=services.deploy.update_config
        run orch up
        echo "$output"
        [ "$status" -eq 3 ]
        [[ $output == *compose.yaml:6:* ]]
    done
}
