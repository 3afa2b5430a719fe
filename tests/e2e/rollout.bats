#!/usr/bin/env bats
# deploy.update_config and rollback_config, read back from what happened.

load world

setup_file() {
    world_open
    mkdir -p "$PROJECT/live" "$PROJECT/told"
    cp "$BATS_TEST_DIRNAME/rollout.yaml" "$PROJECT/compose.yaml"
    echo first >"$PROJECT/told/word"
    touch "$PROJECT/live/sick"
    orch up
}

teardown_file() { world_close; }

setup() {
    # what happened before is not looked at
    SEEN=$(wc -l <"$WORLD/log/rollout/@events.json")
}

teardown() { explain_failure; }

# happened FILTER: of the events of this test
happened() {
    tail -n "+$((SEEN + 1))" "$WORLD/log/rollout/@events.json" | jq -s "$1"
}

# how many instances of each colour run
colours() {
    local pid
    for pid in $(ps_json | jq -r '.services[] | select(.pid > 0) | .pid'); do
        tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^COLOUR=//p'
    done | sort | uniq -c | tr -s ' \n' ' '
}

update_to() {
    COLOUR=$1 orch update "${@:2}"
}

@test "update_config: so many at a time, the next one first; watched, and then a pause" {
    # shellcheck disable=SC2016 # the dollars are jq's
    local groups='[.[] | select(.event == "waiting" and (.name | endswith("~next"))) | .time_us] as $begun
        | [.[] | select(.event == "switched") | .time_us] as $switched'
    update_to blue
    [ "$(colours)" = " 3 blue " ]
    # two, then one: the third waits until two have their places, were watched (300 ms) and the delay is over (700 ms)
    [ "$(happened "$groups | (\$begun | length), (\$switched | length)" | tr '\n' ' ')" = "3 3 " ]
    [ "$(happened "$groups | \$begun[1] <= (\$switched | min)")" = true ]
    [ "$(happened "$groups | \$begun[2] - \$switched[1] >= 1000000")" = true ]
    # start-first: none of the old ones was stopped before the next one had its place
    [ "$(happened '([.[] | select(.event == "stopping") | .time_us] | min) >= ([.[] | select(.event == "switched") | .time_us] | min)')" = true ]
}

@test "rollback_config: all at once, stopped first" {
    orch rollback
    [ "$(colours)" = " 3 red " ]
    [ "$(happened '[.[] | select(.event == "switched")] | length')" -eq 0 ]
    [ "$(happened '[.[] | select(.event == "stopping")] | length')" -eq 3 ]
    [ "$(happened '([.[] | select(.event == "stopping") | .time_us] | max) <= ([.[] | select(.event == "healthy") | .time_us] | min)')" = true ]
}

@test "failure_action: pause leaves what was not begun, rollback brings the old ones back, continue goes on within max_failure_ratio" {
    echo green >"$PROJECT/live/sick"
    run update_to green
    echo "$output"
    [ "$status" -eq 6 ]
    [[ $output == *"the update is paused"* ]]
    [ "$(colours)" = " 3 red " ]
    run update_to green --on-failure rollback --order stop-first
    echo "$output"
    [ "$status" -eq 9 ]
    [ "$(colours)" = " 3 red " ]
    update_to green --max-failure-ratio 1
    [ "$(happened '[.[] | select(.event == "replacement failed")] | length')" -ge 3 ]
    [ "$(colours)" = " 3 red " ]
    : >"$PROJECT/live/sick"
    update_to green --on-failure continue
    [ "$(colours)" = " 3 green " ]
}

@test "x-ipam-orch.live: what changes there is seen, what changes elsewhere is not before the next release" {
    echo second >"$PROJECT/told/word"
    echo yellow >"$PROJECT/live/sick"
    [ "$(orch exec -T app cat /told/word)" = first ]
    [ "$(orch exec -T app cat /live/sick)" = yellow ]
    COLOUR=green orch restart app
    [ "$(orch exec -T app cat /told/word)" = second ]
}

@test "update --canary: one instance of the next release until promote, or until rollback" {
    update_to purple app --canary 1
    [ "$(colours)" = " 2 green 1 purple " ]
    # neither a newer release nor the same again makes more of them
    for colour in purple white; do
        run update_to "$colour" app --canary 1
        echo "$output"
        [ "$status" -eq 2 ]
        [[ $output == *"as a canary"*"ipam-orch promote, or ipam-orch rollback"* ]]
    done
    orch rollback
    [ "$(colours)" = " 3 green " ]
    update_to purple app --canary 1
    kill -KILL "$(daemon_pid ipam-orchd)"
    orch promote -m "it was well"
    [ "$(colours)" = " 3 purple " ]
    [[ "$(orch releases ls)" == *promote*current*"it was well"* ]]
    run orch promote
    [ "$status" -eq 2 ]
    [[ $output == *"has no canary"* ]]
}

@test "update --canary: one that gets sick is taken back; all of them are no canary" {
    echo black >"$PROJECT/live/sick"
    run update_to black app --canary 1 --on-failure rollback
    echo "$output"
    [ "$status" -eq 9 ]
    [ "$(colours)" = " 3 purple " ]
    run orch promote
    [ "$status" -eq 2 ]
    run update_to white app --canary 3
    echo "$output"
    [ "$status" -eq 2 ]
    [[ $output == *"has 3 instances, of which 3 cannot be canaries"* ]]
}

@test "update --canary that is killed: whoever comes next takes the canary back" {
    local fifo=$WORLD/said line
    mkfifo "$fifo"
    update_to white app --canary 1 2>"$fifo" >/dev/null 3>&- &
    while read -r line; do
        [[ $line != "app: is replaced"* ]] || kill -KILL "$(pgrep -f "$WORLD/root/usr/bin/ipam-orch update")"
    done <"$fifo"
    wait || true
    run orch recover
    echo "$output"
    [[ $output == *"an earlier update was interrupted"* ]]
    [ "$(colours)" = " 3 purple " ]
    run orch promote
    [ "$status" -eq 2 ]
}
