#!/usr/bin/env bats
# Knowing why: events, why, wait, and lines of logs that are looked for.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/why.yaml" "$PROJECT/compose.yaml"
    run orch up --keep # bottom is not well yet
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# loops SERVICE
loops() {
    [ "$(ps_field "$1" crash_loop)" = true ]
}

# runs SERVICE
runs() {
    [ "$(ps_field "$1" pid)" -gt 0 ]
}

# file_says FILE TEXT
file_says() {
    grep -q "$2" "$1"
}

@test "why: from who waits down to where it begins, with its last check, its last lines and what to do" {
    wait_until 20 is_in_state bottom sick
    run --separate-stderr orch why top
    echo "$output"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == "top waits for middle"* ]]
    [[ ${lines[1]} == "  middle waits for bottom"* ]]
    [[ ${lines[2]} == "    bottom is unhealthy"*"the last check said: the lake is dry" ]]
    [[ $output == *"last lines of bottom:"*"I was started"*"next: ipam-orch logs bottom"* ]]
    # all that are not as they should be, each with the same end
    [ "$(orch why --format json | jq -r '[.[].because[-1].name] | unique[]')" = bottom ]
    [ "$(orch why --format json | jq length)" -eq 3 ]
}

@test "graph: what needs what, each with its state" {
    wait_until 20 is_in_state bottom sick
    run orch graph top
    echo "$output"
    [ "$output" = 'top  waiting
`-- middle (healthy)  waiting
    `-- bottom (healthy)  sick' ]
    orch graph --format dot | grep -qF '"bottom" [label="bottom\nsick", color=red];'
    [ "$(orch graph --format json | jq -r '.services[] | select(.name == "bottom") | .instances[].state')" = sick ]
}

@test "ps --tree: what is needed below who needs it, as the manager has it" {
    wait_until 20 is_in_state bottom sick
    run orch ps --tree
    echo "$output"
    [ "$output" = "top  waiting
\`-- middle (healthy)  waiting
    \`-- bottom (healthy)  sick, process $(ps_field bottom pid)" ]
    # whatever the files say meanwhile
    printf 'name: why\nservices: { middle: { image: local/none, x-native: { user: nobody, command: [/bin/true] } } }\n' \
        >"$PROJECT/fewer.yaml"
    [ "$(orch -f fewer.yaml ps --tree | tail -n 1)" = "${lines[2]}" ]
    [ "$(orch ps --format json | jq -c '[.services[] | select(.service == "top") | .depends_on[] | [.service, .condition]]')" = '[["middle","service_healthy"]]' ]
}

@test "wait: until healthy, until stopped with its status, for no longer than was said" {
    run orch wait --for healthy --wait-timeout 300ms top
    [ "$status" -eq 124 ]
    orch wait --for healthy top &
    local waiter=$!
    touch "/proc/$(ps_field bottom pid)/root/told/well"
    wait "$waiter"
    [ "$(ps_field top state)" = up ]
    run orch why
    [ "$status" -eq 0 ]
    # what the files do not have any more is marked, or left out
    [ "$(orch -f fewer.yaml ps | grep -c "not in the files$")" -eq 2 ]
    [ "$(orch -f fewer.yaml ps --services --orphans=false)" = middle ]
    [ "$(orch -f fewer.yaml ps --format json | jq -c '[.services[] | select(.orphan) | .service] | sort')" = '["bottom","top"]' ]
    run ! grep -q "not in the files" <<<"$(orch ps)"
    orch --profile ends up --no-wait ended
    run orch wait ended
    [ "$status" -eq 5 ]
    [ "$output" = "ended 5" ]
    run orch wait nobody
    [ "$status" -eq 2 ]
}

# listens PORT: somebody does, on the host of this world
listens() {
    in_net ss -Hltn "sport = :$1" | grep -q .
}

@test "why: who has the port of a service that is down" {
    orch --profile ends up --no-wait published
    orch stop published
    be_in_net python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 8099)); s.accept()' >/dev/null 2>&1 &
    local holder=$!
    wait_until 20 listens 8099
    run orch why published
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"published is down"*"seen: port 8099/tcp, which it publishes, is in use by python3"*"(pid $holder"* ]]
    [ "$(orch why --format json published | jq ".[0].seen | length")" -eq 1 ]
    kill "$holder"
}

@test "a crash loop is called one, and why says how often and how it ended" {
    orch --profile ends up --no-wait looping
    wait_until 20 loops looping
    # it is up for a moment, again and again, and then there is nothing to say
    is_said() { ! orch why looping >"$WORLD/said"; }
    wait_until 20 is_said
    cat "$WORLD/said"
    grep -q "looping crashes again and again: exited with status 6, restarted [0-9]* times" "$WORLD/said"
    orch stop looping
}

@test "events: what has happened and who asked, what happens now, by service and by what is said" {
    run orch events --since 1h --no-follow
    echo "$output"
    [[ $output == *" why "*"up asked by root (pid "* ]]
    [[ $output == *"bottom"*"unhealthy: the lake is dry"* ]]
    [[ $output == *"ended"*"failed: exited with status 5"* ]]
    [ "$(orch events --json --since 1h --no-follow --filter event=asked --filter operation=stop | jq -s length)" -ge 1 ]
    [ -z "$(orch events --json --since 1h --no-follow top | jq -r 'select(.service != "top")')" ]
    [ -z "$(orch events --until 2020-01-01 --since 2019-01-01T00:00:00Z)" ]
    orch events --json middle >"$WORLD/live" &
    local watcher=$!
    # it watches before it says so with its first line: ask for lines until one comes
    restart_until_seen() {
        orch restart middle 2>/dev/null
        file_says "$WORLD/live" '"state":"stopping"'
    }
    wait_until 20 restart_until_seen
    kill "$watcher"
    # no manager is needed for what has been
    orch down
    run orch events --since 1h --no-follow
    [[ $output == *" why "*"down finished"* ]]
    run orch events --since someday
    [ "$status" -eq 2 ]
}

@test "logs: lines of a time, that match, of one instance" {
    local before
    run orch up --keep --no-wait bottom
    before=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
    wait_until 20 runs bottom # --no-wait: it may not have a process yet
    touch "/proc/$(ps_field bottom pid)/root/told/well"
    orch wait --for healthy bottom
    orch restart -t 0 --wait-timeout 1 bottom || true
    [ "$(orch logs --no-log-prefix --since "$before" bottom | grep -c started)" -ge 1 ]
    [ "$(orch logs --no-log-prefix bottom | grep -c started)" -gt "$(orch logs --no-log-prefix --since "$before" bottom | grep -c started)" ]
    [ -z "$(orch logs --since "$before" --until "$before" bottom)" ]
    [ "$(orch logs --no-log-prefix --grep '^I was [a-z]+ed$' bottom | sort -u)" = "I was started" ]
    [ -z "$(orch logs --grep nothing bottom)" ]
    [ -z "$(orch logs --index 2 bottom)" ]
    run orch logs --grep '(' bottom
    [ "$status" -eq 2 ]
}
