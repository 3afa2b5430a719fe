#!/usr/bin/env bats
# `verify` finds nothing to complain about in the IPAM stack, and each check finds what it is there for:
# every one is made to fail once, and what failed is named.  The tests build on each other.

load world

setup_file() {
    world_open
    copy_project
    # what these tests spoil under what runs
    sed -i 's|^  live: .*|  live: [./acme, ./frontend/dist, ./redis, ./nginx]|' "$PROJECT/compose.yaml"
}

teardown_file() { world_close; }

setup() { needs_the_stack; }
teardown() { explain_of_the_stack; }

# finds STATUS ID TEXT...: in the JSON of the last verify, a check of that id says all of it
finds() {
    local status=$1 id=$2 said text
    shift 2
    said=$(jq -r --arg i "$id" --arg s "$status" \
        '.checks[] | select(.id == $i and .status == $s) | .evidence' <<<"$output")
    [ -n "$said" ] || {
        echo "$id is not $status:"
        jq -c '.checks[] | [.id, .status, .evidence]' <<<"$output"
        return 1
    }
    for text in "$@"; do
        [[ $said == *"$text"* ]] || {
            echo "$id says '$said', which lacks: $text"
            return 1
        }
    done
}

# verifies STATUS CHECK...: exits so, with a document in $output
verifies() {
    local wanted=$1
    shift
    run --separate-stderr orch verify --format json "$@"
    echo "exit $status, err: $stderr"
    [ "$status" -eq "$wanted" ] || {
        jq -c '.checks[] | select(.status != "ok") | [.id, .status, .evidence]' <<<"$output"
        return 1
    }
}

# administrator STATEMENT: of the database, through its socket
administrator() {
    orch exec mysql mariadb --no-defaults --protocol=socket --socket=/run/mysqld/mysqld.sock \
        --user=mysql -N -B -e "$1"
}

@test "up starts in the order of dependencies, waits until all are healthy, and ends with a verification" {
    run --separate-stderr orch up --progress json
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    touch "$WORLD/is-up"
    # database and cache start together
    [ "$(jq -r 'select(.event == "healthy").service' <<<"$output" | sed 's/^redis$/mysql/' | tr '\n' ' ')" = \
        "mysql mysql backend frontend nginx " ]
    ps_json | jq -e '.services | all(.health == "healthy" or .state == "done")' >/dev/null
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $output =~ verified:\ [0-9]+\ checks ]]
    run orch up --skip-verify
    [ "$status" -eq 0 ]
    [[ $output != *verified* ]]
}

@test "a stack that is well: one line per check, each of them ok, and exit 0" {
    run --separate-stderr orch verify --format tap
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "TAP version 13" ]
    [[ ${lines[1]} =~ ^1\.\.([0-9]+)$ ]]
    [ "$(grep -c '^ok ' <<<"$output")" -eq "${BASH_REMATCH[1]}" ]
    [ "${BASH_REMATCH[1]}" -ge 60 ]
    # nothing but the monitoring, which this project has not, is left out
    [ "$(grep -c '# SKIP' <<<"$output")" -eq "$(grep -c '# SKIP.*monitoring\|monitoring\..*# SKIP' <<<"$output")" ]
    [ "$(grep -c '# SKIP' <<<"$output")" -eq 5 ]
}

@test "every subject is there, with evidence; a backend is shown with status, time and checksum" {
    verifies 0
    for id in service.probe.mysql service.restarts.redis service.limits.backend service.sandbox.nginx \
        service.log.frontend frontend.page frontend.assets frontend.redirect backend.health backend.openapi \
        backend.direct backend.login database.operations database.schema database.cache network.reach.backend \
        network.isolation.frontend network.out.redis db-hardening.accounts db-hardening.settings \
        db-hardening.application db-hardening.root-login redis.password redis.settings redis.acl nginx.headers \
        nginx.version nginx.tls.1.0 nginx.tls.1.1 nginx.certificate nginx.body nginx.rate.api nginx.rate.login \
        secrets.strength secrets.argv secrets.file; do
        finds ok "$id"
    done
    finds ok network.isolation.frontend mysql:3306 redis:6379
    finds ok network.reach.backend mysql:3306 redis:6379
    finds ok database.operations CREATE INSERT SELECT UPDATE DELETE ROLLBACK
    [ "$(jq -c '[.schema, .mode, .project, .score, .failed]' <<<"$output")" = '[1,"native","ipam",100,0]' ]
    run orch verify --only backend --verbose
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output =~ "status 200 in "[0-9.]+" ms, "[0-9]+" bytes, SHA-256 "[0-9a-f]{64} ]]
}

@test "isolation as a person sees it: frontend does not reach the database, backend does, redis has no way out" {
    knock() { orch exec "$1" -- timeout 2 bash -c "exec 3<>/dev/tcp/$2/$3"; }
    run knock frontend mysql 3306
    [ "$status" -ne 0 ]
    knock backend mysql 3306
    run knock redis 1.1.1.1 443
    [ "$status" -ne 0 ]
}

@test "the criteria: forty of them, ok only by a check that was made" {
    verifies 0 --criteria
    [ "$(jq '.criteria | length' <<<"$output")" -eq 40 ]
    [ "$(jq -r '[.criteria[] | select(.status == "ok") | .id] | join(" ")' <<<"$output")" = \
        "R3.1 R8.1 R8.2 R8.3 R8.4 R9.1 R9.2 R9.3 R9.4" ]
    [ "$(jq '[.criteria[] | select(.evidence == "")] | length' <<<"$output")" -eq 0 ]
    [ "$(jq -r '.criteria[] | select(.id == "R7.4") | .status' <<<"$output")" = elsewhere ]
    # a test that it names is there
    jq -r '.criteria[].shown_by' <<<"$output" | grep -oE 'tests/[a-z0-9/]+\.bats' | sort -u | while read -r file; do
        [ -f "$IPAM_ORCH_SOURCE/$file" ] || exit 1
    done
    run orch verify --criteria --only frontend
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"R9.2  ok "* && $output == *"R9.4  elsewhere "* ]]
}

@test "JUnit and HTML can be read by what reads such files" {
    orch verify frontend --format junit >"$BATS_TEST_TMPDIR/junit.xml"
    python3 -c 'import sys, xml.etree.ElementTree as e
t = e.parse(sys.argv[1]).getroot()
assert t.get("tests") == "3" and t.get("failures") == "0" and len(t.findall("testcase")) == 3' "$BATS_TEST_TMPDIR/junit.xml"
    orch verify frontend --format html >"$BATS_TEST_TMPDIR/page.html"
    python3 -c 'import html.parser, sys
p = html.parser.HTMLParser(); p.feed(open(sys.argv[1]).read()); p.close()' "$BATS_TEST_TMPDIR/page.html"
    [ "$(grep -c '<tr class="ok">' "$BATS_TEST_TMPDIR/page.html")" -eq 3 ]
}

@test "an asset that is gone: its URL is named; up says so too, and goes on" {
    local script
    script=$(basename "$(ls "$PROJECT"/frontend/dist/assets/*.js)")
    mv "$PROJECT/frontend/dist/assets/$script" "$WORLD/$script"
    verifies 7 --only frontend
    finds fail frontend.assets "https://localhost:443/assets/$script" 404
    finds ok frontend.page
    run --separate-stderr orch up
    mv "$WORLD/$script" "$PROJECT/frontend/dist/assets/$script"
    echo "$output" "$stderr"
    [ "$status" -eq 7 ]
    [[ $stderr == *"verify: frontend.assets: https://localhost:443/assets/$script"* ]]
    is_healthy nginx
    verifies 0 --only frontend
}

@test "a page without its root element, and a style of another type" {
    local index=$PROJECT/frontend/dist/index.html
    cp "$index" "$WORLD/index.html"
    sed -i 's/id="app"/id="other"/; s/[^"]*\.css/\/favicon.svg/' "$index"
    verifies 7 --only frontend
    cp "$WORLD/index.html" "$index"
    finds fail frontend.page "'app'"
    finds fail frontend.assets https://localhost:443/favicon.svg text/css
}

@test "INSERT is revoked: the operation is named, by status and score" {
    administrator "revoke insert on ipam.* from ipam@'%'"
    verifies 7 --only database
    finds fail database.operations "INSERT as 'ipam'" "INSERT command denied"
    finds ok database.schema
    run orch verify --only database --min-score 60
    [ "$status" -eq 0 ]
    run orch verify --only database --min-score 70
    echo "$output"
    [ "$status" -eq 7 ]
    [[ $output == *"the score is 66, wanted is 70"* ]]
    administrator "grant insert on ipam.* to ipam@'%'"
    verifies 0 --only database
    [ -z "$(administrator "show tables from ipam like 'ipam_orch_verify'")" ]
}

@test "a migration that was not applied" {
    echo 'select 1;' >"$PROJECT/migrations/0099_later.up.sql"
    verifies 7 --only database.schema
    rm "$PROJECT/migrations/0099_later.up.sql"
    finds fail database.schema "0004" "0099"
}

@test "another operation works on the project: nothing is written, the rest is verified" {
    local lock=$WORLD/state/operations/ipam/lock
    mkfifo "$WORLD/unlock"
    flock "$lock" -c "touch $WORLD/locked; read -r _ <$WORLD/unlock" 3>&- &
    locked() { [ -e "$WORLD/locked" ]; }
    wait_until 10 locked
    verifies 0 --only database
    echo >"$WORLD/unlock"
    wait
    finds skip database.operations "another operation"
    finds ok database.schema
}

@test "a database that lets too many in: accounts, schema, settings, rights and root are named" {
    administrator "create user root@'%' identified by '$(env_value MYSQL_ROOT_PASSWORD)';
        create user ''@'10.0.0.1' identified by 'x'; create database test; set global local_infile = 1;
        grant select on mysql.* to ipam@'%'"
    verifies 7 --only db-hardening
    administrator "drop user root@'%'; drop user ''@'10.0.0.1'; drop database test; set global local_infile = 0;
        revoke select on mysql.* from ipam@'%'"
    finds fail db-hardening.accounts "'root'@'%'" "''@'10.0.0.1'" "schema test"
    finds fail db-hardening.settings local_infile
    finds fail db-hardening.application "SELECT on mysql"
    finds fail db-hardening.root-login "root gets in"
    verifies 0 --only db-hardening
}

@test "a cache that is open: password, settings, rights and what the application can no longer do" {
    local old
    cp -r "$PROJECT/redis" "$WORLD/redis"
    sed -i 's/^protected-mode yes/protected-mode no/' "$PROJECT/redis/redis.conf"
    # shellcheck disable=SC2016 # the script's own
    sed -i 's/^user default on #$hash/user default on nopass/; s/-@all +@read +@write/-@all +@read -@write +keys/
        s/-@dangerous$/+keys/' "$PROJECT/redis/start.sh"
    # its health check does not like that either: nobody waits for it
    old=$(ps_field redis pid)
    kill -KILL "$old"
    begun() { [[ $(ps_field redis pid) != "$old" && $(ps_field redis pid) != 0 ]] && orch exec redis redis-cli ping | grep -q PONG; }
    wait_until 20 begun
    verifies 7 --only redis,database.cache
    finds fail redis.password PONG
    finds fail redis.settings "protected mode"
    finds fail redis.acl KEYS
    finds fail database.cache "SET as 'ipam'" NOPERM
    cp "$WORLD"/redis/* "$PROJECT/redis/"
    orch restart redis
    verifies 0 --only redis,database.cache
}

@test "a secret in the arguments of a process, and a file that others can read" {
    bash -c 'exec -a "client --password=$0" sleep 60' "$(env_value REDIS_PASSWORD)" 3>&- &
    local pid=$!
    has_argv() { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- --password=; }
    wait_until 10 has_argv
    chmod 644 "$PROJECT/.env.prod"
    verifies 7 --only secrets
    kill "$pid"
    chmod 600 "$PROJECT/.env.prod"
    finds fail "secrets.argv.$pid" redis_password
    finds fail secrets.file 644
}

@test "a careless proxy: headers, version, old TLS, body, rates and the certificate are named" {
    local conf=$PROJECT/nginx/proxy.conf
    cp "$conf" "$WORLD/proxy.conf"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 5 -subj /CN=other \
        -keyout "$PROJECT/acme/other.key" -out "$PROJECT/acme/other.crt" 2>/dev/null
    chmod 644 "$PROJECT/acme/other.key"
    sed -i -e 's/nosniff always/nosniff/; s/server_tokens off/server_tokens on/; s/client_max_body_size 3m/client_max_body_size 0/' \
        -e 's/ssl_protocols .*/ssl_protocols TLSv1 TLSv1.1 TLSv1.2;/; s/ssl_ciphers .*/ssl_ciphers ALL:@SECLEVEL=0;/' \
        -e '/limit_req zone/d; s,/run/secrets/tls_cert,/var/www/acme/other.crt,; s,/run/secrets/tls_key,/var/www/acme/other.key,' "$conf"
    orch restart nginx
    verifies 7 --only nginx
    finds fail nginx.headers x-content-type-options .ipam-orch-verify
    finds fail nginx.version nginx/
    finds fail nginx.tls.1.0
    finds fail nginx.tls.1.1
    finds fail nginx.body
    finds fail nginx.rate.api "none is refused"
    finds fail nginx.rate.login
    finds fail nginx.certificate "none of the project's"
    cp "$WORLD/proxy.conf" "$conf"
    rm "$PROJECT/acme/other.key" "$PROJECT/acme/other.crt"
    orch restart nginx
    verifies 0 --only nginx
}

@test "50 quick requests of one address to the API: some are refused with 429" {
    run --separate-stderr in_net curl -sk --parallel --parallel-max 50 -o /dev/null -w '%{http_code}\n' 'https://127.0.0.1/api/health?[1-50]'
    [ "$(wc -l <<<"$output")" -eq 50 ]
    [ "$(grep -c 429 <<<"$output")" -ge 1 ]
    [ "$(grep -c 200 <<<"$output")" -ge 1 ]
}

@test "limits that the kernel no longer has, a service that was restarted, one that does not answer, a log that is elsewhere" {
    local dir old
    dir=$(sed -n 's/^[0-9]*:\(.*,\)\?pids\(,.*\)\?:\(.*\)/\3/p' "/proc/$(ps_field frontend pid)/cgroup")
    if [ -n "$dir" ]; then dir=/sys/fs/cgroup/pids$dir; else dir=$(unified_tree)$(sed -n 's/^0:://p' "/proc/$(ps_field frontend pid)/cgroup"); fi
    echo 33 >"$dir/pids.max"
    orch pause redis
    mv "$WORLD/log/ipam/nginx.log" "$WORLD/log/ipam/moved.log"
    old=$(ps_field backend pid)
    kill -KILL "$old"
    came_back() { is_healthy backend "$old"; }
    # it says that it is well once the cache is, too
    orch unpause redis
    wait_until 60 came_back
    orch pause redis
    verifies 7 --only service
    finds fail service.limits.frontend "processes: 33, the file says 32"
    finds fail service.restarts.backend "restarted 1 times" "signal 9"
    finds fail service.probe.redis paused
    finds fail service.log.nginx "has not reached"
    finds ok service.log.mysql
    orch unpause redis
    mv "$WORLD/log/ipam/moved.log" "$WORLD/log/ipam/nginx.log"
    echo 32 >"$dir/pids.max"
}

@test "networks that are joined behind the back of the manager, and a neighbour that is shut off" {
    local frontend mysql redis
    frontend=$(ps_field frontend pid) mysql=$(ps_field mysql pid) redis=$(ps_field redis pid)
    ip link add e2e-f netns "$frontend" type veth peer name e2e-m netns "$mysql"
    nsenter -t "$frontend" -n sh -c 'ip address add 192.0.2.1/24 dev e2e-f; ip link set e2e-f up'
    nsenter -t "$mysql" -n sh -c 'ip address add 192.0.2.2/24 dev e2e-m; ip link set e2e-m up'
    # shellcheck disable=SC2016 # evaluated inside
    nsenter -t "$redis" -n sh -c 'ip route add default via "$(ip -4 -o address show eth0 | sed "s/.*inet \([0-9.]*\)\.[0-9]*\/.*/\1/").1"
        nft "add table ip e2e; add chain ip e2e in { type filter hook input priority 0; }; add rule ip e2e in ip saddr != 127.0.0.1 tcp dport 6379 drop"
        nft "add table ip6 e2e; add chain ip6 e2e in { type filter hook input priority 0; }; add rule ip6 e2e in tcp dport 6379 drop"'
    verifies 7 --only network
    nsenter -t "$frontend" -n ip link del e2e-f
    nsenter -t "$redis" -n sh -c 'ip route del default; nft delete table ip e2e; nft delete table ip6 e2e'
    finds fail network.isolation.frontend mysql:3306
    finds fail network.out.redis "default route"
    finds fail network.reach.backend redis:6379
    finds ok network.reach.frontend
    verifies 0 --only network
}

@test "a backend that is stopped: what needs it fails, by name, and says how to start it" {
    orch stop backend
    verifies 7 --only backend,service.probe
    finds fail service.probe.backend down
    finds fail backend.health "answers with 50"
    finds fail backend.direct "'backend' does not run"
    [ "$(jq -r '.checks[] | select(.id == "backend.direct") | .next' <<<"$output")" = "ipam-orch start backend" ]
    orch start backend
    verifies 0 --only backend
}

@test "maintenance: a page with 503 and Retry-After for everybody but who is allowed; it outlives a restart" {
    answers() { [ "$(in_net curl -sk -o /dev/null -w '%{http_code}' "https://127.0.0.1$1")" = "$2" ]; }
    run orch maintenance status
    [ "$output" = "maintenance is off" ]
    run orch maintenance on --message 'Back at <noon>'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"maintenance is on since "*": Back at <noon>" ]]
    run in_net curl -ski https://127.0.0.1/
    [[ $output == HTTP/2\ 503* && $output == *"retry-after: "* && $output == *"Back at &lt;noon&gt;"* ]]
    [[ $output == *"content-security-policy: "* ]]
    answers /api/health 503
    # whoever asks the services themselves sees them well, and verify says why it does not look
    orch_json=$(ps_json)
    [ "$(jq -r '[.services[].health] | unique | join(" ")' <<<"$orch_json")" = healthy ]
    verifies 0 --only frontend,backend
    finds skip frontend.page maintenance
    finds ok backend.direct
    orch restart nginx
    answers / 503
    # this host comes to the proxy from the gateway of its network
    run orch maintenance on --allow 192.0.2.0/24 --allow "$(nsenter -t "$(ps_field nginx pid)" -n ip -4 route | sed -n 's/^default via \([0-9.]*\).*/\1/p')"
    [ "$status" -eq 0 ]
    answers / 200
    [ "$(orch maintenance status --format json | jq -c '[.maintenance.on, .maintenance.allow[0]]')" = '[true,"192.0.2.0/24"]' ]
    orch maintenance off
    answers / 200
    answers /api/health 200
}

@test "maintenance: what nginx refuses leaves everything as it was; what was interrupted is undone" {
    local dir=$WORLD/state/operations/ipam
    answers() { [ "$(in_net curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1/)" = "$1" ]; }
    cp "$PROJECT/nginx/proxy.conf" "$WORLD/good.conf"
    echo 'nonsense;' >>"$PROJECT/nginx/proxy.conf"
    run orch maintenance on
    cp "$WORLD/good.conf" "$PROJECT/nginx/proxy.conf"
    echo "exit $status: $output"
    [ "$status" -eq 3 ]
    [[ $output == *nonsense*"next: "* ]]
    answers 200
    [ "$(orch maintenance status)" = "maintenance is off" ]
    orch maintenance on
    answers 503
    # as a killed one leaves it: what was meant, and what there was before
    printf '{"verb":"maintenance","geo":"","page":""}\n' >"$dir/intent"
    run --separate-stderr orch maintenance status
    echo "$output $stderr"
    [ "$output" = "maintenance is off" ]
    [[ $stderr == *"an earlier maintenance was interrupted"* ]]
    [ ! -e "$dir/intent" ]
    is_open() { answers 200; }
    wait_until 20 is_open
}

@test "Prometheus: targets that are down are named; secrets that anybody would guess" {
    local dir=$WORLD/small
    mkdir -p "$dir/api/v1"
    printf '{"data":{"activeTargets":[{"scrapeUrl":"http://a:1/metrics","health":"up","labels":{"job":"a"}},
        {"scrapeUrl":"http://b:2/metrics","health":"down","lastError":"connection refused","labels":{"job":"b"}}]}}' >"$dir/api/v1/targets"
    chmod -R a+rX "$dir"
    cat >"$dir/compose.yaml" <<E
name: small
services:
  watcher:
    image: prom/prometheus:2
    x-native:
      user: nobody
      seccomp: python
      command: [/usr/bin/python3, -m, http.server, "9090", -d, /srv]
      binds: ["./:/srv:ro"]
      probe: { kind: tcp, port: 9090 }
    healthcheck: { test: [CMD, "true"], start_period: 60s, start_interval: 1s }
    secrets: [guess, short]
  graf:
    image: grafana/grafana:12
    ports: ["127.0.0.1:3000:3000"]
    x-native: { user: nobody, programs: [/usr/bin/python3], command: [/usr/bin/python3, -m, http.server, "3000"], working_dir: / }
secrets:
  guess: { environment: GUESS }
  short: { environment: SHORT }
E
    # which up leaves to verify
    GUESS=changeme-please-now-1234 SHORT=abc orch_in "$dir" up
    run --separate-stderr orch_in "$dir" verify --format json monitoring secrets.strength
    [ "$status" -eq 7 ]
    finds fail monitoring.rules "does not answer in JSON"
    finds fail monitoring.panel "status 404"
    finds fail monitoring.targets.b http://b:2/metrics "connection refused"
    finds fail secrets.strength.guess
    finds fail secrets.strength.short
    orch_in "$dir" down
}
