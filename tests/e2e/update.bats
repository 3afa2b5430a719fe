#!/usr/bin/env bats
# One release of the IPAM stack after another, under requests that never stop: none of them fails.
# The tests build on each other: the first brings the stack up.

load world

# so many requests at least while services are replaced; by hand: UPDATE_REQUESTS=10000
: "${UPDATE_REQUESTS:=2000}"

setup_file() {
    world_open
    copy_project
    # the clients of this test come from one address
    sed -i 's/rate=[0-9]*r\/[sm]/rate=100000r\/s/; s/connections 100/connections 1000/' "$PROJECT/nginx/proxy.conf"
    # a broken one is to be found out sooner than in a minute
    sed -i 's/start_period: 60s/start_period: 20s/; s/monitor: 5s/monitor: 1s/' "$PROJECT/compose.yaml"
    orch up
    touch "$WORLD/is-up"
}

teardown_file() {
    stop_load
    world_close
}

setup() {
    [ -e "$WORLD/is-up" ]
}

teardown() {
    stop_load
    explain_failure
}

# ---- requests ----

start_load() {
    nsenter --net="/run/netns/$NETNS" python3 "$BATS_TEST_DIRNAME/load.py" https://127.0.0.1/api/health \
        https://127.0.0.1/ >"$WORLD/load.out" 2>"$WORLD/load.err" 3>&- &
    echo $! >"$WORLD/load.pid"
    wait_until 30 asked 50
}

asked() {
    local so_far
    so_far=$(tail -n 1 "$WORLD/load.err" 2>/dev/null)
    [ "${so_far:-0}" -ge "$1" ]
}

stop_load() {
    local pid
    [ -e "$WORLD/load.pid" ] || return 0
    pid=$(cat "$WORLD/load.pid")
    rm "$WORLD/load.pid"
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do wait "$pid" 2>/dev/null || true; done
}

# none_failed N: so many requests at least, all of them answered
none_failed() {
    wait_until 240 asked "$1"
    stop_load
    cat "$WORLD/load.out"
    [ "$(jq .failed "$WORLD/load.out")" -eq 0 ]
    [ "$(jq .requests "$WORLD/load.out")" -ge "$1" ]
}

# ---- what is changed ----

# version N: what the backend says of itself
version() {
    jq -r .version < <(in_net curl -sk https://127.0.0.1/api/health)
}

current() {
    orch releases ls --format json | jq -r '.releases[] | select(.state == "current") | .id'
}

pid_of() {
    ps_field "$1" pid
}

@test "a release is made of what was brought up: a changed working tree does not touch what runs" {
    local id
    id=$(current)
    [ -n "$id" ]
    mv "$PROJECT/frontend/dist/index.html" "$WORLD/index.html"
    [ "$(in_net curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1/)" = 200 ]
    run orch plan frontend
    [[ $output == *"replace "*frontend*files:* ]]
    mv "$WORLD/index.html" "$PROJECT/frontend/dist/index.html"
    orch up
    [ "$(current)" = "$id" ]
    run orch plan --exit-code
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "update replaces backend, frontend and nginx one after the other, and no request fails" {
    local before backend frontend nginx mysql
    before=$(current)
    backend=$(pid_of backend) frontend=$(pid_of frontend) nginx=$(pid_of nginx) mysql=$(pid_of mysql)
    echo 'IPAM_VERSION=1.1.0' >>"$PROJECT/.env.prod"
    echo '<!-- 1.1.0 -->' >>"$PROJECT/frontend/dist/index.html"
    sed -i 's/keepalive_timeout 65s/keepalive_timeout 64s/' "$PROJECT/nginx/proxy.conf"
    run --separate-stderr orch plan --exit-code --format json
    [ "$status" -eq 20 ]
    [ "$(jq -r '[.services[] | select(.action == "replace") | .service] | join(" ")' <<<"$output")" = "backend frontend nginx" ]
    [ "$(jq -r '[.services[] | .downtime] | any' <<<"$output")" = false ]
    start_load
    orch update -m "to 1.1.0" 2>"$WORLD/said"
    cat "$WORLD/said"
    grep -q "backend: is replaced, start-first, and watched for 1 s" "$WORLD/said"
    none_failed "$UPDATE_REQUESTS"
    [ "$(pid_of backend)" -ne "$backend" ]
    [ "$(pid_of frontend)" -ne "$frontend" ]
    [ "$(pid_of nginx)" -ne "$nginx" ]
    [ "$(pid_of mysql)" -eq "$mysql" ]
    [ "$(current)" != "$before" ]
    in_net curl -sk https://127.0.0.1/ | grep -q '1.1.0'
}

@test "rollback brings the release before back, again without a failed request; releases diff says what differs" {
    local was
    was=$(current)
    run orch releases diff "$(orch releases ls --format json | jq -r '.releases[] | select(.state == "previous") | .id')" "$was"
    echo "$output"
    [[ $output == *backend*"env IPAM_VERSION: set -> changed"*frontend*files:*nginx*files:* ]]
    start_load
    orch rollback -m "1.1.0 was not wanted" 2>"$WORLD/said"
    cat "$WORLD/said"
    grep -q "backend: is replaced, start-first$" "$WORLD/said"
    none_failed $((UPDATE_REQUESTS / 2))
    [ "$(current)" != "$was" ]
    [ "$(version)" = 1.0.0 ]
    run in_net curl -sk https://127.0.0.1/
    [[ $output != *1.1.0* ]]
    run orch rollback --list
    [[ $output == *"1.1.0 was not wanted"* ]]
}

@test "a broken release: exit 9, the old one serves all the time, no request fails" {
    local was backend
    was=$(current)
    backend=$(pid_of backend)
    cp "$PROJECT/backend/ipam/main.py" "$WORLD/main.py"
    sed -i '1i raise RuntimeError("e2e: crashes at import")' "$PROJECT/backend/ipam/main.py"
    start_load
    run orch update
    echo "$output"
    [ "$status" -eq 9 ]
    [[ $output == *"update failed, $was serves again"*backend* ]]
    cp "$WORLD/main.py" "$PROJECT/backend/ipam/main.py"
    # one that runs, and never gets healthy
    sed -i 's/"version": /"broken": 1 \/ 0, "version": /' "$PROJECT/backend/ipam/health.py"
    run orch update --wait-timeout 8
    echo "$output"
    [ "$status" -eq 9 ]
    [[ $output == *"is not ready after 8.0 s"* ]]
    sed -i 's/"broken": 1 \/ 0, //' "$PROJECT/backend/ipam/health.py"
    none_failed $((UPDATE_REQUESTS / 2))
    [ "$(current)" = "$was" ]
    [ "$(pid_of backend)" -eq "$backend" ]
}

# killed_at LINE: an update, killed when it says so
killed_at() {
    local fifo=$WORLD/said pid line
    rm -f "$fifo"
    mkfifo "$fifo"
    orch update 2>"$fifo" >/dev/null 3>&- &
    while read -r line; do
        if [[ $line == "$1"* ]]; then
            pid=$(pgrep -f "$WORLD/root/usr/bin/ipam-orch update")
            kill -KILL "$pid"
        fi
    done <"$fifo"
    wait || true
}

@test "an update that is killed: whoever comes next finds the old release again, or the new one when all was done" {
    local was step
    was=$(current)
    for step in "backend: is replaced" "frontend: is the new one"; do
        killed_at "$step"
        run orch plan
        echo "$output"
        [[ $output == *"an earlier update was interrupted"* ]]
        [ "$(current)" = "$was" ]
        [ "$(version)" = 1.0.0 ]
        run ! grep -q 1.1.0 < <(in_net curl -sk https://127.0.0.1/)
    done
}

@test "a manager that is killed in the middle: the update goes on and ends well" {
    local fifo=$WORLD/said line
    rm -f "$fifo"
    mkfifo "$fifo"
    orch update 2>"$fifo" >"$WORLD/update.out" 3>&- &
    while read -r line; do
        echo "$line"
        [[ $line != "backend: is replaced"* ]] || kill -KILL "$(daemon_pid ipam-orchd)"
        [[ $line != "frontend: is replaced"* ]] || kill -KILL "$(daemon_pid ipam-sandboxd)"
    done <"$fifo"
    wait $!
    [ "$(version)" = 1.1.0 ]
    [ "$(ps_json | jq '[.services[] | select(.health != "healthy")] | length')" -eq 0 ]
}

@test "an update that nobody confirms goes back; plan -o and apply: exactly that, and not when something has moved" {
    local was
    was=$(current)
    echo '<!-- 1.2.0 -->' >>"$PROJECT/frontend/dist/index.html"
    orch plan -o "$WORLD/plan.json"
    echo '<!-- later -->' >>"$PROJECT/frontend/dist/index.html"
    run orch update frontend --confirm-within 1s
    echo "$output"
    [ "$status" -eq 9 ]
    [[ $output == *"nobody confirmed it in time"* ]]
    [ "$(current)" = "$was" ]
    orch apply "$WORLD/plan.json" -m "as planned"
    run in_net curl -sk https://127.0.0.1/
    [[ $output == *1.2.0* && $output != *later* ]]
    run orch apply "$WORLD/plan.json"
    [ "$status" -eq 15 ]
    [[ $output == *"what runs is another since"* ]]
}

@test "releases: what serves, the one before and what is pinned stay" {
    local one
    run orch releases rm "$(current)"
    [ "$status" -eq 15 ]
    [[ $output == *"it serves"* ]]
    one=$(orch releases ls --format json | jq -r '[.releases[] | select(.state == "")][0].id')
    orch releases pin "$one"
    run orch releases rm "$one"
    [ "$status" -eq 15 ]
    orch releases unpin "$one"
    orch releases rm "$one"
    run orch releases show "$one"
    [ "$status" -eq 2 ]
    run orch releases prune --keep 0
    for one in $(orch releases ls --format json | jq -r '.releases[] | select(.state == "") | .id'); do
        ps_json | jq -e --arg id "$one" '.services | any(.release == $id)'
    done
    [ "$(orch releases ls --format json | jq -r '[.releases[].state | select(. != "")] | sort | join(" ")')" = "current previous" ]
}

# safety_backups: how many an update has made before it changed anything
safety_backups() {
    orch backup ls --format json | jq '[.backups[] | select(.manifest.label == "before-update")] | length'
}

@test "an update makes a backup first, and a release that is healthy but breaks a check is taken back" {
    local was before page=$PROJECT/frontend/dist/index.html
    was=$(current) before=$(safety_backups)
    [ "$before" -gt 0 ]
    cp "$page" "$WORLD/good.html"
    sed -i 's|</head>|<script src="/assets/gone.js"></script></head>|' "$page"
    run orch update frontend
    echo "$output"
    [ "$status" -eq 9 ]
    [[ $output == *"frontend: is the new one"*"update failed, $was serves again: verify: frontend.assets"*gone.js* ]]
    [ "$(current)" = "$was" ]
    [ "$(safety_backups)" -eq $((before + 1)) ]
    run ! grep -q gone.js < <(in_net curl -sk https://127.0.0.1/)
}

@test "a check that failed before an update is not its fault; --no-verify asks for none, --no-backup for no backup" {
    local before page=$PROJECT/frontend/dist/index.html
    before=$(safety_backups)
    run orch update frontend --no-verify --no-backup
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"no backup: --no-backup"* && $output != *verified* ]]
    grep -q gone.js < <(in_net curl -sk https://127.0.0.1/)
    [ "$(safety_backups)" -eq "$before" ]
    echo '<!-- still broken -->' >>"$page"
    run orch update frontend
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"frontend.assets"*"fails already"* ]]
    cp "$WORLD/good.html" "$page"
    orch update frontend
}
