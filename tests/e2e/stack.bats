#!/usr/bin/env bats
# The IPAM stack as a person uses it: up, browser, database, isolation, networks, a crash.
# The tests build on each other: the first brings the stack up.

load world

setup_file() {
    world_open
    copy_template
    export SCREENSHOTS=$IPAM_ORCH_SOURCE/build/screenshots
    mkdir -p "$SCREENSHOTS"
}

teardown_file() { world_close; }

setup() { needs_the_stack; }
teardown() { explain_of_the_stack; }

services="backend frontend mysql nginx redis"

page() {
    in_net curl -sSk --max-time 10 "$@"
}

need_browser() {
    command -v chromium >/dev/null || skip "chromium is not installed"
    export PLAYWRIGHT=${PLAYWRIGHT:-$IPAM_ORCH_SOURCE/build/playwright/node_modules/playwright-core}
    [ -d "$PLAYWRIGHT" ] || skip "playwright-core is not installed (npm install --prefix build/playwright playwright-core@1.55)"
}

browse() {
    in_net env IPAM_URL=https://127.0.0.1/ IPAM_USER="$(env_value IPAM_ADMIN_USER)" \
        IPAM_PASSWORD="$(env_value IPAM_ADMIN_PASSWORD)" \
        timeout 120 node "$IPAM_ORCH_SOURCE/tests/e2e/browser.js" "$@"
}

@test "up: not without being asked; with --yes it makes the configuration, ends with exit 0 and prints the address" {
    run -3 orch up </dev/null
    [[ $output == *.env.prod*"ipam-orch init"* ]]
    [ ! -e "$PROJECT/.env.prod" ]
    run --separate-stderr orch --yes up </dev/null
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    touch "$WORLD/is-up"
    [[ $output =~ https://localhost(:443)?/ ]]
    [[ $stderr == *self-signed* ]]
    [ "$(stat -c %a "$PROJECT/.env.prod")" = 600 ]
}

@test "the certificate that up makes has each of its names once, also where two settings say the same" {
    run openssl x509 -noout -ext subjectAltName -in "$PROJECT/certs/server.crt"
    echo "$output"
    [ "${lines[1]#"${lines[1]%%[! ]*}"}" = "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" ]
}

@test "generated secrets are strong, different, and in no process list, log or config output" {
    local name value
    for name in MYSQL_PASSWORD MYSQL_ROOT_PASSWORD REDIS_PASSWORD JWT_SECRET_KEY IPAM_ADMIN_PASSWORD; do
        value=$(env_value "$name")
        [ "${#value}" -ge 22 ]
        run ! grep -rqF -- "$value" "$WORLD/log"
        run ! grep -qsaF -- "$value" /proc/[0-9]*/cmdline
        run ! bash -c "$(declare -f orch orch_in in_net); orch config | grep -qF -- '$value'"
        echo "$value"
    done >"$BATS_TEST_TMPDIR/values"
    [ "$(sort -u "$BATS_TEST_TMPDIR/values" | wc -l)" -eq 5 ]
}

@test "check: the host is fit, and ports of the running project are where they belong" {
    run orch check port package kernel cgroup user
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"port.443 "*"a service of this project has it"* ]]
}

@test "https answers with the Vue page and its scripts, http leads there" {
    local script
    run page https://127.0.0.1/
    [ "$status" -eq 0 ]
    [[ $output == *'id="app"'* ]]
    script=$(sed -n 's/.*src="\([^"]*\.js\)".*/\1/p' <<<"$output" | head -1)
    [ -n "$script" ]
    [ "$(page -o /dev/null -w '%{http_code}' "https://127.0.0.1$script")" = 200 ]
    run page -o /dev/null -w '%{http_code} %{redirect_url}' http://127.0.0.1/
    [[ $output == 30[18]" https://127.0.0.1/" ]]
}

@test "the health page checks database and cache" {
    run page https://127.0.0.1/api/health
    [ "$(jq -r .status <<<"$output")" = ok ]
    [ "$(jq -r '[.checks[].ok] | all' <<<"$output")" = true ]
    [ "$(jq -r '.checks | length' <<<"$output")" -ge 2 ]
}

@test "a browser logs in, creates a subnet, allocates an address and sees utilisation change; the row is in MariaDB" {
    local address
    need_browser
    run --separate-stderr browse allocate 10.77.1.0/26
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    address=$(jq -r .address <<<"$output")
    [[ $address == 10.77.1.* ]]
    [ "$(jq -r .before <<<"$output")" != "$(jq -r .after <<<"$output")" ]
    [ "$(jq -r '.problems | length' <<<"$output")" -eq 0 ]
    [ "$(sql "SELECT state FROM addresses WHERE address = INET6_ATON('$address')")" = used ]
    [ -s "$SCREENSHOTS/allocated.png" ]
    echo "$address" >"$WORLD/browser-address"
}

@test "the browser releases the address; the row is gone" {
    local address
    need_browser
    address=$(cat "$WORLD/browser-address")
    run --separate-stderr browse release 10.77.1.0/26 "$address"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(jq -r .before <<<"$output")" != "$(jq -r .after <<<"$output")" ]
    [ -z "$(sql "SELECT id FROM addresses WHERE address = INET6_ATON('$address')")" ]
}

@test "every page in both languages and at two widths: no error, no missing text, nothing sticks out" {
    need_browser
    run --separate-stderr browse tour 10.77.1.0/26
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.found + .problems | length' <<<"$output")" -eq 0 ]
    [ "$(jq -r '.titles.en | length' <<<"$output")" -eq 7 ]
    [ "$(jq -r '[.titles.en, .titles.zh] | transpose | map(.[0] != .[1]) | map(select(.)) | length' <<<"$output")" -ge 5 ]
    [ "$(find "$SCREENSHOTS" -name '*-zh.png' -newer "$WORLD/is-up" | wc -l)" -eq 8 ]
}

@test "50 concurrent allocations in a /26 give 50 addresses; the 63rd is refused and says why" {
    run --separate-stderr api race 10.77.2.0/26 50
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.raced | unique | length' <<<"$output")" -eq 50 ]
    [ "$(jq -r '(.raced + .later) | unique | length' <<<"$output")" -eq 62 ]
    [ "$(jq -r .status <<<"$output")" -eq 409 ]
    [ "$(jq -r .detail.code <<<"$output")" = subnet_full ]
    [[ $(jq -r .detail.message <<<"$output") == *10.77.2.0/26*full* ]]
    [ "$(sql "SELECT COUNT(DISTINCT a.address) FROM addresses a JOIN subnets s ON s.id = a.subnet_id
              WHERE a.hostname LIKE 'racer-%'")" -eq 50 ]
}

@test "ps shows five healthy services and exits 0" {
    run orch ps --format json
    [ "$status" -eq 0 ]
    [ "$(jq -r .mode <<<"$output")" = native ]
    [ "$(jq -r .project <<<"$output")" = ipam ]
    [ "$(jq -r '[.services[].service] | sort | join(" ")' <<<"$output")" = "$services" ]
    [ "$(jq -r '[.services[].health] | unique | join(" ")' <<<"$output")" = healthy ]
    [ "$(jq -r '[.services[].restarts] | add' <<<"$output")" -eq 0 ]
    run orch ps
    [ "$status" -eq 0 ]
    [ "$(grep -c healthy <<<"$output")" -eq 5 ]
}

has_status() {
    grep -qx "$2:[[:space:]]*$3" "/proc/$1/status"
}

@test "each process of a service has a filter, no new privileges, no capability and is not root" {
    local service pid main seen=0
    while read -r service main; do
        for pid in $(pgrep --ns "$main" --nslist pid .); do
            seen=$((seen + 1))
            echo "$service $pid $(cat "/proc/$pid/comm")"
            # pid 1 of the instance has no more rights, but a bounding set is not its defence
            has_status "$pid" NoNewPrivs 1
            has_status "$pid" Seccomp 2
            has_status "$pid" CapEff 0000000000000000
            has_status "$pid" CapPrm 0000000000000000
            has_status "$pid" CapAmb 0000000000000000
            [ "$pid" -ne "$main" ] || has_status "$pid" CapBnd 0000000000000000
            run awk '/^Uid:/ { print ($2 > 0 && $3 > 0 && $4 > 0 && $5 > 0) }' "/proc/$pid/status"
            [ "$output" = 1 ]
        done
    done < <(ps_pids)
    # five programs and their inits at least
    [ "$seen" -ge 10 ]
}

@test "the six namespaces of each service differ from the host's and from each other's" {
    local kind
    for kind in pid mnt ipc uts net cgroup; do
        {
            readlink "/proc/self/ns/$kind"
            ps_pids | while read -r _ pid; do readlink "/proc/$pid/ns/$kind"; done
        } >"$BATS_TEST_TMPDIR/$kind"
        echo "$kind: $(tr '\n' ' ' <"$BATS_TEST_TMPDIR/$kind")"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/$kind")" -eq 6 ]
        [ "$(sort -u "$BATS_TEST_TMPDIR/$kind" | wc -l)" -eq 6 ]
    done
    run ! grep -qxF "$(in_net readlink /proc/self/ns/net)" "$BATS_TEST_TMPDIR/net"
}

@test "the root of each service is read-only" {
    local service pid seen=0
    while read -r service pid; do
        echo "$service"
        seen=$((seen + 1))
        run awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo"
        [[ ,$output, == *,ro,* ]]
        run nsenter -t "$pid" -m sh -c 'echo x >/usr/e2e-probe'
        [ "$status" -ne 0 ]
    done < <(ps_pids)
    [ "$seen" -eq 5 ]
}

@test "the kernel reports the memory and process limits of the compose file" {
    local service pid wanted seen=0
    while read -r service pid; do
        wanted=$(orch config --format json | jq -r --arg s "$service" '.services[$s].deploy.resources.limits.memory' |
            numfmt --from=iec)
        echo "$service: compose file $wanted, kernel $(kernel_file "$pid" memory memory.limit_in_bytes memory.max)"
        [ "$(kernel_file "$pid" memory memory.limit_in_bytes memory.max)" = "$wanted" ]
        [ "$(ps_field "$service" memory_limit)" = "$wanted" ]
        wanted=$(orch config --format json | jq -r --arg s "$service" '.services[$s].deploy.resources.limits.pids')
        [ "$(kernel_file "$pid" pids pids.max pids.max)" = "$wanted" ]
        seen=$((seen + 1))
    done < <(ps_pids)
    [ "$seen" -eq 5 ]
}

@test "mysql is reachable from backend, not from frontend and not from another network of the host" {
    local address outside=$NETNS-out
    address=$(nsenter -t "$(ps_field mysql pid)" -n ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
    [ -n "$address" ]
    can_connect "$(ps_field backend pid)" "$address" 3306
    run can_connect "$(ps_field frontend pid)" "$address" 3306
    [ "$status" -ne 0 ]
    run can_connect "$(ps_field nginx pid)" "$address" 3306
    [ "$status" -ne 0 ]

    # a neighbour in another network that uses this host as its router
    ip netns add "$outside"
    in_net ip link add e2e-out type veth peer name eth0 netns "$outside"
    in_net ip address add 198.51.100.1/24 dev e2e-out
    in_net ip link set e2e-out up
    nsenter --net="/run/netns/$outside" sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0
        ip link set eth0 up; ip route add default via 198.51.100.1'
    run nsenter --net="/run/netns/$outside" python3 -c "import socket
socket.create_connection(('198.51.100.1', 443), 5).close()"
    local https=$status
    run nsenter --net="/run/netns/$outside" python3 -c "import socket
socket.create_connection(('$address', 3306), 3).close()"
    local mysql=$status
    in_net ip link del e2e-out
    ip netns del "$outside"
    echo "https from outside: $https, mysql from outside: $mysql"
    [ "$https" -eq 0 ]
    [ "$mysql" -ne 0 ]
}

@test "redis is reachable from backend and refuses commands without the password" {
    local address
    address=$(nsenter -t "$(ps_field redis pid)" -n ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
    can_connect "$(ps_field backend pid)" "$address" 6379
    run can_connect "$(ps_field frontend pid)" "$address" 6379
    [ "$status" -ne 0 ]
    run nsenter -t "$(ps_field backend pid)" -n redis-cli -h "$address" ping
    [[ $output == *NOAUTH* || $output == *"user is disabled"* ]]
}

@test "up on a running project changes nothing and exits 0" {
    local before
    before=$(ps_pids)
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(ps_pids)" = "$before" ]
}

backend_is_back() {
    is_healthy backend "$1"
}

@test "kill -9 of the backend: a new one is healthy, restarts is 1, logs show both lives" {
    local old others
    old=$(ps_field backend pid)
    others=$(ps_pids | grep -v '^backend ')
    kill -KILL "$old"
    wait_until 60 backend_is_back "$old"
    [ "$(ps_field backend restarts)" -eq 1 ]
    [ "$(ps_pids | grep -v '^backend ')" = "$others" ]
    run orch logs --no-log-prefix backend
    [ "$(grep -c 'Started server process' <<<"$output")" -eq 2 ]
    api find 10.77.2.1 | grep -q '^10.77.2.1 '
}

@test "restart gives the named service a new process and leaves the others" {
    local old others
    old=$(ps_field frontend pid)
    others=$(ps_pids | grep -v '^frontend ')
    run orch restart frontend
    echo "$output"
    [ "$status" -eq 0 ]
    is_healthy frontend
    [ "$(ps_field frontend pid)" != "$old" ]
    [ "$(ps_pids | grep -v '^frontend ')" = "$others" ]
}

@test "stop and start of one service: ps exits 1 between them, then it answers at once" {
    run orch stop nginx
    [ "$status" -eq 0 ]
    run orch ps nginx
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"443/tcp  exit"* ]]
    run orch start nginx
    echo "$output"
    [ "$status" -eq 0 ]
    # at once: neighbours must not still hold the link address of the process before
    run page --max-time 2 -o /dev/null -w '%{http_code}' https://127.0.0.1/
    [ "$output" = 200 ]
    run orch ps
    [ "$status" -eq 0 ]
}

@test "logs -f goes on with new lines" {
    local pid
    orch logs -f -n 0 nginx >"$BATS_TEST_TMPDIR/lines" &
    pid=$!
    # it has begun when a line arrives; ask until one does
    seen() {
        page -o /dev/null https://127.0.0.1/e2e-follow
        grep -q e2e-follow "$BATS_TEST_TMPDIR/lines"
    }
    wait_until 20 seen
    kill "$pid"
}
