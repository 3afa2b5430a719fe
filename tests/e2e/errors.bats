#!/usr/bin/env bats
# What goes wrong is said: what, where, why, and which command comes next, with its exit status.

load world

setup_file() {
    world_open
    copy_project "$WORLD/original"
    PROJECT=$WORLD/original orch init
}

teardown_file() { world_close; }

setup() {
    PROJECT=$WORLD/t$BATS_TEST_NUMBER
    cp -r "$WORLD/original" "$PROJECT"
}

teardown() { explain_failure; }

# fails STATUS TEXT... -- ARGUMENT...: ipam-orch fails so and says all of it and a next step
fails() {
    local wanted=$1 text
    local -a texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run orch "$@"
    echo "exit $status: $output"
    [ "$status" -eq "$wanted" ] || return 1
    for text in "${texts[@]}" "next:"; do
        [[ $output == *"$text"* ]] || {
            echo "lacks: $text"
            return 1
        }
    done
}

# as_nobody ARGUMENT...
as_nobody() {
    in_net setpriv --reuid=65534 --regid=65534 --clear-groups env -C "$PROJECT" \
        IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_STATE_DIR="$WORLD/state" IPAM_ORCH_LOG_DIR="$WORLD/log" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" \
        IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" "$WORLD/root/usr/bin/ipam-orch" "$@"
}

@test "not root and no manager: exit 13 and sudo" {
    run as_nobody up
    echo "exit $status: $output"
    [ "$status" -eq 13 ]
    [[ $output == *"next: sudo ipam-orch up"* ]]
}

@test "not an operator while the manager runs: looking is allowed, changing is exit 13" {
    printf 'name: small\nservices:\n  web:\n    image: local/sleeper\n    x-native:\n      user: nobody\n      command: [/bin/sleep, "3600"]\n' \
        >"$PROJECT/compose.yaml"
    rm "$PROJECT/.env.prod" "$PROJECT/env.template"
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    run as_nobody ps
    echo "exit $status: $output"
    [ "$status" -eq 0 ]
    run as_nobody top web
    echo "exit $status: $output"
    [ "$status" -eq 0 ]
    [[ $output == *"web "*" nobody "*"/bin/sleep 3600"* ]]
    run as_nobody -p small down
    echo "exit $status: $output"
    [ "$status" -eq 13 ]
    run as_nobody up
    echo "exit $status: $output"
    [ "$status" -eq 13 ]
    run orch down
    [ "$status" -eq 0 ]
}

@test "more memory than mem_limit: ps says which service ran out of memory" {
    printf 'name: small\nservices:\n  web:\n    image: local/sleeper\n    mem_limit: 16m\n    x-native:\n      user: nobody\n      command: [/usr/bin/tail, /dev/zero]\n  calm:\n    image: local/sleeper\n    mem_limit: 16m\n    x-native:\n      user: nobody\n      command: [/bin/sleep, "3600"]\n' \
        >"$PROJECT/compose.yaml"
    rm "$PROJECT/.env.prod" "$PROJECT/env.template"
    run orch up --no-wait
    echo "$output"
    reason() { orch ps --format json | jq -r --arg s "$1" '.services[] | select(.service == $s) | .last_exit'; }
    killed() { [ "$(reason web)" = "killed: out of memory (limit 16 MiB)" ]; }
    wait_until 20 killed
    [ -z "$(reason calm)" ]
    run orch down
    [ "$status" -eq 0 ]
}

@test "new secrets for data from before: init warns, and says what to do" {
    mkdir -p "$WORLD/state/volumes/ipam_db-data"
    rm "$PROJECT/.env.prod"
    run orch init
    echo "exit $status: $output"
    [ "$status" -eq 0 ]
    [[ $output == *"volume 'ipam_db-data' is from before"*"ipam-orch down -v"* ]]
    run orch init
    [[ $output != *"is from before"* ]]
    rmdir "$WORLD/state/volumes/ipam_db-data"
}

@test "MariaDB is not installed: exit 5, names the package and how to install it" {
    local server
    server=$(command -v mariadbd)
    # hidden in a mount namespace of this command and of what it starts
    hidden_orch() {
        unshare --mount bash -c "$(declare -f orch orch_in in_net)
            mount --bind /dev/null '$(readlink -f "$server")' && orch up" 3>&-
    }
    run hidden_orch
    echo "exit $status: $output"
    [ "$status" -eq 5 ]
    [[ $output == *mariadb-server* ]]
    [[ $output == *"next: "*apt*install*mariadb-server* ]]
    world_is_empty
}

@test "port 443 is in use: exit 4, names the holder, starts nothing" {
    local holder
    in_net python3 -c 'import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 443)); s.listen(); time.sleep(600)' &
    listens() { in_net ss -Hltn 'sport = :443' | grep -q .; }
    wait_until 10 listens
    holder=$(in_net ss -Hltnp 'sport = :443' | sed 's/.*pid=\([0-9]*\).*/\1/')
    fails 4 443 nginx python3 "$holder" -- up || {
        kill "$holder"
        return 1
    }
    kill "$holder"
    world_is_empty
}

@test "an empty required secret: exit 3, names variable and file" {
    set_env REDIS_PASSWORD ""
    fails 3 REDIS_PASSWORD .env.prod -- up
    world_is_empty
}

@test "a YAML error: exit 3 with file:line:column" {
    printf 'services:\n  web:\n    image: "nginx\n  broken: [\n' >"$PROJECT/compose.yaml"
    fails 3 -- config
    [[ $output =~ compose\.yaml:[0-9]+:[0-9]+: ]]
    fails 3 -- up
    [[ $output =~ compose\.yaml:[0-9]+:[0-9]+: ]]
}

@test "a wrong type: exit 3 with file:line:column of the value" {
    sed -i 's/^    stop_grace_period: 60s$/    stop_grace_period: [1]/' "$PROJECT/compose.yaml"
    local line
    line=$(grep -n 'stop_grace_period: \[1\]' "$PROJECT/compose.yaml" | cut -d: -f1)
    fails 3 "compose.yaml:$line:" stop_grace_period -- config
}

@test "an unknown service: exit 2 and a suggestion" {
    fails 2 nignx "did you mean 'nginx'" -- up nignx
    fails 2 nignx "did you mean 'nginx'" -- logs nignx
    world_is_empty
}

@test "an unknown verb and an unknown option: exit 2" {
    fails 2 strat "did you mean 'start'" -- strat
    run orch up --no-such-option
    [ "$status" -eq 2 ]
}

@test "an image without a recipe: exit 3 or 5 and how to write one" {
    printf 'services:\n  odd:\n    image: example/unheard-of:1\n' >"$PROJECT/compose.yaml"
    run orch up
    echo "exit $status: $output"
    [ "$status" -eq 3 ] || [ "$status" -eq 5 ]
    [[ $output == *unheard-of* && $output == *x-native* ]]
}

@test "a backend that crashes at import: exit 1, its traceback, no nginx, and what was started is stopped" {
    sed -i '1i raise RuntimeError("e2e: crashes at import")' "$PROJECT/backend/ipam/main.py"
    run timeout 280 "$BASH" -c "$(declare -f orch orch_in in_net); orch up"
    echo "exit $status: $output"
    [ "$status" -eq 1 ]
    [[ $output == *backend* ]]
    [[ $output == *"File \"/app/ipam/main.py\", line 1"* ]]
    [[ $output == *"RuntimeError: e2e: crashes at import"* ]]
    [[ $output == *"next:"* ]]
    [ ! -e "$WORLD/log/ipam/nginx.log" ]
    # `up` itself has stopped what it had started
    wait_until 30 world_is_empty
    run orch ps
    echo "exit $status: $output"
    [ "$status" -ne 0 ]
    [[ $output == *"next: ipam-orch up"* ]]
}

@test "errors as JSON have the same four parts" {
    set_env REDIS_PASSWORD ""
    run --separate-stderr orch --format json up
    echo "$stderr"
    [ "$status" -eq 3 ]
    local error=${stderr_lines[-1]}
    [ "$(jq -r .error.exit <<<"$error")" -eq 3 ]
    [ "$(jq -r '.error | has("what") and has("where") and has("next")' <<<"$error")" = true ]
}

# small COMMAND [MORE]: a project of one service, and one that waits for it
small() {
    rm -f "$PROJECT/.env.prod" "$PROJECT/env.template"
    cat >"$PROJECT/compose.yaml" <<E
name: small
services:
  web:
    image: local/web
    mem_limit: 32m
    healthcheck: { test: [CMD, "false"], interval: 100ms, timeout: 10s, retries: 3, start_period: ${3:-10s}, start_interval: 50ms }
    x-native:
      user: nobody
      seccomp: python
      command: $1
      ${2:-}
  later:
    image: local/later
    depends_on: { web: { condition: service_healthy } }
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
E
}

# reports STATUS PHASE LIKELY TEXT: what a failed up says of the service, as a document and to a person
reports() {
    run --separate-stderr orch --format json up
    echo "exit $status: $output $stderr"
    [ "$status" -eq "$1" ]
    [ "$(jq -r .failure.service <<<"$output")" = web ]
    [ "$(jq -r .failure.phase <<<"$output")" = "$2" ]
    [ "$(jq -r '.failure.likely.kind' <<<"$output")" = "$3" ]
    [[ $(jq -r '.failure.likely.text, .failure.what' <<<"$output") == *"$4"* ]]
    [ "$(jq -r '.failure.next' <<<"$output")" != "" ]
    [ ! -e "$WORLD/log/small/later.log" ]
}

@test "a module that is missing: phase ready, its traceback, the likely cause, and who waits was never started" {
    small '[/usr/bin/python3, -c, "import nothing_like_that"]'
    reports 1 ready library nothing_like_that
    [ "$(jq -r '.failure.exit.code' <<<"$output")" -eq 1 ]
    [[ $(jq -r '.failure.lines | join("\n")' <<<"$output") == *Traceback*ModuleNotFoundError* ]]
    [ "$(jq -r '[.schema, .mode, .project] | join(" ")' <<<"$output")" = "1 native small" ]
    run orch up
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"web failed in phase ready"*"last lines of web:"*Traceback*"likely cause (library): "*"next: ipam-orch check package"* ]]
    [[ $output != *"later preparing"* ]]
}

@test "a program that cannot be executed is phase exec, a place that is not there phase sandbox" {
    touch "$PROJECT/plain"
    chmod 644 "$PROJECT/plain"
    small '[/srv/plain]' 'binds: ["./plain:/srv/plain:ro"]'
    reports 1 exec permission "executing the program"
    small '[/bin/sleep, "3600"]' 'binds: ["./plain:/usr/bin/nothing/here:ro"]'
    run --separate-stderr orch --format json up
    echo "exit $status: $output $stderr"
    [ "$status" -ne 0 ]
    [ "$(jq -r .failure.phase <<<"$output")" = sandbox ]
}

@test "what is wrong before anything is started is phase resolve" {
    small '[/bin/sleep, "3600"]' 'binds: [1, 2, 3'
    run --separate-stderr orch --format json up
    echo "exit $status: $output $stderr"
    [ "$status" -eq 3 ]
    [ "$(jq -r .failure.phase <<<"$output")" = resolve ]
    [ "$(jq -r .error.exit <<<"${stderr_lines[-1]}")" -eq 3 ]
}

@test "memory, a port and a right that are lacking are the likely causes" {
    small '[/usr/bin/tail, /dev/zero]'
    reports 1 ready memory "32 MiB"
    small '[/usr/bin/python3, -c, "import socket; a = socket.create_server((\"\", 9)); b = socket.create_server((\"\", 9))"]'
    reports 1 ready port "Address already in use"
    small '[/usr/bin/python3, -c, "open(\"/usr/share/x\", \"w\")"]'
    run --separate-stderr orch --format json up
    echo "exit $status: $output $stderr"
    [ "$status" -eq 1 ]
    [[ $(jq -r '.failure.likely.kind' <<<"$output") == permission || $(jq -r '.failure.what, .failure.lines[]' <<<"$output") == *"Read-only file system"* ]]
}

@test "retries: 3 and an endpoint that answers 503: three counted attempts after the start period, each with time, duration and result; exit 6" {
    printf 'import http.server as h
class H(h.BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(503, "the lake is dry")
h.HTTPServer(("127.0.0.1", 8080), H).serve_forever()\n' >"$PROJECT/sick.py"
    chmod 644 "$PROJECT/sick.py"
    small '[/usr/bin/python3, /srv/sick.py]' 'binds: ["./sick.py:/srv/sick.py:ro"]
      probe: { kind: http, url: "http://127.0.0.1:8080/" }' 2s
    reports 6 ready null 503
    [ "$(jq '[.failure.checks[] | select(.counted)] | length' <<<"$output")" -eq 3 ]
    [ "$(jq '[.failure.checks[] | select(.ok)] | length' <<<"$output")" -eq 0 ]
    [ "$(jq '.failure.retries' <<<"$output")" -eq 3 ]
    # those of the start period come before those that count, and each says when, for how long and what
    [ "$(jq -c '[.failure.checks[].counted] | . == sort' <<<"$output")" = true ]
    [ "$(jq '[.failure.checks[] | select(.begun_us > 0 and .took_us > 0 and (.output | contains("503") or contains("refused")))] | length' <<<"$output")" -eq \
        "$(jq '.failure.checks | length' <<<"$output")" ]
    run orch up
    echo "$output"
    [ "$status" -eq 6 ]
    [[ $output == *"its last health checks, 3 of them counted (retries: 3):"*"failed, in the start period"*"failed, counted: HTTP status 503"* ]]
}
