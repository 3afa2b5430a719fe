#!/usr/bin/env bats
# One-off commands beside a service: what they are, what they find, and that nothing of them is left.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'YAML'
name: once
x-ipam-orch:
  database: { service: mysql, name: x, user: x, password_secret: key }
services:
  # the database of the project, with which nothing here has to do
  mysql:
    image: local/mysql
    profiles: [database]
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    secrets: [key]
  db:
    image: local/server
    x-native: { user: nobody, command: [/usr/bin/python3, -m, http.server, "8000", -d, /usr/share/common-licenses] }
    healthcheck: { test: [CMD, python3, -c, "import socket; socket.create_connection(('127.0.0.1', 8000)).close()"], interval: 200ms }
    networks: [back]
  web:
    image: local/sleeper
    x-native: { user: nobody }
    entrypoint: [/usr/bin/env, FROM=entrypoint]
    command: [/bin/sh, -c, "echo started as $$FROM; exec sleep 3600"]
    environment: { COLOUR: blue, SIZE: small }
    working_dir: /tmp
    mem_limit: 64m
    restart: always
    depends_on: { db: { condition: service_healthy } }
    networks: { back: { aliases: [front] } }
    ports: ["8080:80"]
    volumes: ["data:/data"]
    secrets: [key]
  tool:
    image: local/tool
    profiles: [tools]
    x-native: { user: nobody, command: [/bin/sh, -c, "echo tool; exit 3"] }
    networks: [back]
networks:
  back:
volumes:
  data:
secrets:
  key: { environment: KEY }
YAML
    export KEY=hidden
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# run_ ARGUMENT...: with $status, $output and $stderr
run_() {
    run --separate-stderr orch run "$@"
    echo "exit $status: $output"
    echo "errors: $stderr"
}

# one_offs: their control groups
one_offs() {
    find /sys/fs/cgroup -type d -path "*/ipam-orch-$(world_tag)/*.run-*" 2>/dev/null
}

nothing_is_left() {
    [ -z "$(one_offs)" ] && [ -z "$(find "$WORLD/run/instances" -name '*.run-*')" ] &&
        ! in_net ip -o link | grep -q run-
}

@test "a project that is not up: what the service needs is started, the service is not" {
    run_ web cat /run/secrets/key
    [ "$status" -eq 0 ]
    [ "$output" = hidden ]
    [ "$(ps_field db state) $(ps_field db health)" = "up healthy" ]
    [ "$(ps_field web state)" = down ]
    nothing_is_left
    # the definition that is kept is the service's, not the one-off's
    orch up
    [ "$(ps_field web state)" = up ]
    [ "$(orch logs --no-log-prefix web | tail -n 1)" = "started as entrypoint" ]
}

@test "it is like the service, beside it: user, limits, networks, volumes, variables; not its ports and names" {
    local web
    web=$(ps_field web pid)
    orch exec web sh -c 'echo shared >/data/file'
    # shellcheck disable=SC2016
    run_ -e COLOUR=red web sh -c 'id -u; cat /data/file; echo $FROM $COLOUR $SIZE $PWD; python3 -c "
import urllib.request; print(len(urllib.request.urlopen(\"http://db:8000/GPL-3\").read()))"; getent ahostsv4 web | head -n 1; grep -E "^(Seccomp|NoNewPrivs|CapBnd|CapEff):" /proc/self/status; hostname; readlink /proc/self/ns/net'
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = 65534 ]
    [ "${lines[1]}" = shared ]
    [ "${lines[2]}" = "entrypoint red small /tmp" ]
    [ "${lines[3]}" = "$(wc -c </usr/share/common-licenses/GPL-3)" ]
    for kind in "Seccomp: 2" "NoNewPrivs: 1" "CapBnd: 0000000000000000" "CapEff: 0000000000000000"; do
        grep -qxF "$kind" <<<"${output//$'\t'/ }"
    done
    # the name of the service means the service
    [[ ${lines[4]} == "$(nsenter -t "$web" -n ip -4 -o address show scope global 3>&- | awk '{ sub("/.*", "", $4); print $4; exit }') "* ]]
    [ "${lines[-1]}" != "$(readlink "/proc/$web/ns/net")" ]
    [ "$(ps_field web pid)" = "$web" ]
    run_ web python3 -c 'b = bytearray(512 << 20)'
    [ "$status" -eq 137 ]
    nothing_is_left
}

@test "exit statuses, streams, the service's own command, an entry point, a profile that is not active" {
    run_ web sh -c 'echo out; echo err >&2; exit 7'
    [ "$status $output" = "7 out" ]
    [ "$stderr" = err ]
    run_ --no-deps --entrypoint /bin/echo web a b
    [ "$status $output" = "0 a b" ]
    run_ tool
    [ "$status $output" = "3 tool" ]
    [ "$(printf 'x y' | orch run -T web cat)" = "x y" ]
    run -127 --separate-stderr orch run web no-such-program
    run_ wbe true
    [ "$status" -eq 125 ]
    [[ $stderr == *wbe* ]]
    run_ -u root web id
    [ "$status" -eq 125 ]
    [[ $stderr == *"cannot become anybody else"* ]]
    run_ -w /usr web pwd
    [ "$output" = /usr ]
    nothing_is_left
}

@test "-v: one more directory or volume, within policy" {
    mkdir -p "$WORLD/more"
    echo more >"$WORLD/more/file"
    run_ -v "$WORLD/more:/more:ro" -v data:/again web sh -c 'cat /more/file /again/file; touch /more/x'
    [ "$status" -ne 0 ]
    [ "$output" = $'more\nshared' ]
    run_ -v /etc/shadow:/s web true
    [ "$status" -eq 125 ]
    [[ $stderr == *bind-source* ]]
    run_ -v none:/s web true
    [ "$status" -eq 125 ]
    run_ --name ../x web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"small letters"* ]]
    nothing_is_left
}

# answers PORT: something does, on the host's loopback
answers() {
    in_net timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}

# one_off_pid NAME
one_off_pid() {
    orch ps --format json | jq -r --arg n "$1" '.one_offs[] | select(.name == $n) | .pid'
}

@test "-p and --service-ports: published while it runs; what is no port, or is taken, is refused" {
    run_ -d --no-deps --name open -p 127.0.0.1:8181:8000 -p 8182:8000/tcp web /usr/bin/python3 -m http.server 8000 -d /tmp
    [ "$status" -eq 0 ]
    wait_until 10 answers 8181
    answers 8182
    run ! answers 8000
    run_ --no-deps -p 8182:1 web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"8182/tcp is in use"* ]]
    kill -KILL "$(one_off_pid web.run-open)"
    wait_until 10 nothing_is_left
    run ! answers 8181
    # the service has its ports itself
    run_ --no-deps --service-ports web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"8080/tcp is in use"* ]]
    orch stop web
    run_ -d --no-deps --name open -P web /usr/bin/python3 -m http.server 80 -d /tmp
    wait_until 10 answers 8080
    kill -KILL "$(one_off_pid web.run-open)"
    wait_until 10 nothing_is_left
    orch start web
    run_ --no-deps -p 80:x web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"-p 80:x"*"'80:x' is not a port"* ]]
}

# named usual|more: that many addresses, compared with $usual, in the /etc/hosts of db, for the alias of web
named() {
    local n
    n=$(awk '$3 == "front" || $4 == "front"' "/proc/$(ps_field db pid)/root/etc/hosts" | sort -u | wc -l)
    echo "front has $n addresses, usually $usual"
    case $1 in
    more) [ "$n" -gt "$usual" ] ;;
    usual) [ "$n" -eq "$usual" ] ;;
    esac
}

@test "--use-aliases: others find it by the names of the service, as long as it runs" {
    local usual=2 who
    named usual
    run_ -d --no-deps --name hidden web sleep 3600
    named usual
    for who in itself ipam-orchd; do
        run_ -d --no-deps --use-aliases --name found web sleep 3600
        wait_until 10 named more
        if [ "$who" = itself ]; then
            kill -KILL "$(one_off_pid web.run-found)"
        else
            kill -KILL "$(daemon_pid "$who")"
        fi
        wait_until 20 named usual
    done
    kill -KILL "$(one_off_pid web.run-hidden)" 2>/dev/null || true
    wait_until 20 nothing_is_left
}

@test "two at once have addresses of their own" {
    orch run --name one web sh -c 'mkfifo /data/go && hostname -I && read -r _ </data/go' >"$BATS_TEST_TMPDIR/one" 3>&- &
    local first=$!
    wait_until 10 test -s "$BATS_TEST_TMPDIR/one"
    run_ web hostname -I
    [ "$(cut -d ' ' -f 1 <<<"$output")" != "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/one")" ]
    run_ --name one web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"runs already"* ]]
    orch exec web sh -c 'echo >/data/go; rm /data/go'
    wait "$first"
    nothing_is_left
}

@test "killed while it runs: nothing is left, whoever was killed" {
    local who asker
    for who in caller ipam-orchd ipam-sandboxd; do
        orch run web sh -c 'echo here; exec sleep 8642' >"$BATS_TEST_TMPDIR/$who" 3>&- 2>/dev/null &
        asker=$!
        wait_until 10 test -s "$BATS_TEST_TMPDIR/$who"
        [ -n "$(one_offs)" ]
        if [ "$who" = caller ]; then
            kill -KILL "$(pgrep -P "$asker")"
        else
            kill -KILL "$(daemon_pid "$who")"
        fi
        status=0
        wait "$asker" || status=$?
        [ "$status" -gt 0 ]
        # the next command brings back what was killed
        ps_json >/dev/null
        wait_until 20 nothing_is_left
        wait_until 20 is_up web
    done
}

is_up() {
    [ "$(ps_field "$1" state)" = up ]
}

@test "-d: a name, a log file, and gone when it has ended" {
    # shellcheck disable=SC2016
    run_ -d --name job -e WORD=said web sh -c 'mkfifo /data/stop && echo it was $WORD && read -r _ </data/stop'
    [ "$status $output" = "0 web.run-job" ]
    wait_until 10 grep -q "it was said" "$WORLD/log/once/web.run-job.log"
    [ -n "$(one_offs)" ]
    orch exec web sh -c 'echo >/data/stop; rm /data/stop'
    wait_until 10 nothing_is_left
    run -127 --separate-stderr orch run -d --entrypoint no-such-program web
    [[ $stderr == *no-such-program* ]]
    nothing_is_left
}

@test "down takes one-offs along" {
    orch run -d --no-deps web sleep 3600
    orch run --no-deps web sh -c 'echo here; exec sleep 3600' >"$BATS_TEST_TMPDIR/out" 3>&- 2>/dev/null &
    wait_until 10 test -s "$BATS_TEST_TMPDIR/out"
    orch down
    nothing_is_left
    wait || true
    [ ! -e "$WORLD/run/manager/control.sock" ]
}

@test "ps shows what runs once, and with --watch a line for each change until the project is down" {
    local watcher status=0
    orch up
    orch ps --watch web >"$WORLD/watched" 2>&1 3>&- &
    watcher=$!
    says() { grep -q "$1" "$WORLD/watched"; }
    wait_until 20 says "^web  *up "
    run_ -d --name shown web sleep 1000
    [ "$status" -eq 0 ]
    orch ps | grep -q "^web.run-shown .* runs once$"
    [ "$(orch ps --format json | jq -r '.one_offs[] | select(.name == "web.run-shown") | "\(.service) \(.state) \(.pid > 0)"')" = "web up true" ]
    [ "$(orch ps --services web)" = web ]
    orch stop web
    wait_until 20 says "^web  *down "
    run ! says "^db "
    orch down
    wait "$watcher" || status=$?
    [ "$status" -ne 0 ]
}
