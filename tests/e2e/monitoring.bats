#!/usr/bin/env bats
# The monitoring of the example, with Debian's Prometheus, Alertmanager and exporters: what it sees,
# whom it tells, what is left out where a program is missing.
# The tests build on each other: the first brings the stack up.

load world

setup_file() {
    world_open
    copy_project
    # what takes a person's patience in earnest takes seconds here
    sed -i 's/_interval: 15s/_interval: 1s/' "$PROJECT/monitoring/prometheus/prometheus.yml"
    sed -i 's/for: 15s/for: 1s/' "$PROJECT"/monitoring/prometheus/rules/*.yml
    sed -i 's/CONNECTION_TIMEOUT: 2s/CONNECTION_TIMEOUT: 500ms/' "$PROJECT/compose.yaml"
    sed -i 's/GROUP_WAIT:-5s/GROUP_WAIT:-1s/; s/GROUP_INTERVAL:-1m/GROUP_INTERVAL:-1s/' "$PROJECT/monitoring/alertmanager/start.sh"
    set_env COMPOSE_PROFILES monitoring
    # somebody outside, whom services reach as they reach the world
    export OUTSIDE=$NETNS-out
    ip netns add "$OUTSIDE"
    in_net ip link add e2e-out type veth peer name eth0 netns "$OUTSIDE"
    in_net sh -c 'ip address add 198.51.100.1/24 dev e2e-out; ip link set e2e-out up'
    nsenter --net="/run/netns/$OUTSIDE" sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0
        ip link set eth0 up; ip route add default via 198.51.100.1'
    : >"$WORLD/alerts"
    # shellcheck disable=SC2016 # of that shell
    nsenter --net="/run/netns/$OUTSIDE" sh -c 'echo $$ >"$1"; exec python3 "$2" 198.51.100.2 8099 "$3"' sh \
        "$WORLD/webhook.pid" "$IPAM_ORCH_SOURCE/tests/e2e/webhook.py" "$WORLD/alerts" >"$WORLD/webhook" 2>&1 3>&- &
    wait_until 20 grep -q ready "$WORLD/webhook"
    set_env ALERT_WEBHOOK_URL http://198.51.100.2:8099/
}

teardown_file() {
    kill "$(cat "$WORLD/webhook.pid")" || true
    ip netns del "$OUTSIDE"
    world_close
}

setup() { needs_the_stack; }
teardown() { explain_of_the_stack; }

@test "up with the profile: all that this host has comes up, and what is left out is said" {
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    touch "$WORLD/is-up"
    [[ $output == *"service 'filebeat' is left out: "*" is not on this host"* ]]
    run orch ps
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"filebeat         absent "* ]]
    [ "$(ps_json | jq -r '[.absent[].service] | join(" ")')" = "filebeat grafana" ]
}

# asks PATH: Prometheus, as JSON
asks() {
    in_net curl -sS --noproxy '*' --max-time 10 "http://127.0.0.1:9090$1"
}

all_up() {
    asks '/api/v1/targets?state=active' | jq -e '[.data.activeTargets[].health] | length == 8 and all(. == "up")' >/dev/null
}

# value EXPRESSION: what Prometheus makes of it
value() {
    in_net curl -sS --noproxy '*' --max-time 10 --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
        jq -r '.data.result[].value[1]'
}

has_value() {
    [ -n "$(value "$1")" ]
}

@test "each of the eight targets is up, and what the rules ask about is told" {
    local metric
    wait_until 60 all_up || {
        asks '/api/v1/targets?state=active' | jq -r '.data.activeTargets[] | [.labels.job, .health, .lastError] | @tsv'
        return 1
    }
    for metric in 'ipam_orch_state{service="redis",state="up",instance="redis"}' ipam_orch_healthy \
        ipam_orch_memory_limit_bytes ipam_orch_certificate_not_after_seconds mysql_global_status_threads_connected \
        mysql_global_variables_max_connections redis_memory_max_bytes redis_aof_last_write_status nginx_connections_active \
        ipam_inventory_up node_memory_MemAvailable_bytes 'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs|ramfs"}' \
        node_load5 'node_cpu_seconds_total{mode="idle"}'; do
        wait_until 20 has_value "$metric" || {
            echo "nobody tells $metric"
            return 1
        }
    done
    [ "$(value 'sum({__name__=~"(mysql|redis|nginx)_up"})')" = 3 ]
}

@test "the rules are those of the files, and promtool has nothing to say against them" {
    run promtool check config "$IPAM_ORCH_SOURCE/examples/ipam/monitoring/prometheus/prometheus.yml"
    echo "$output"
    [ "$status" -eq 0 ]
    run -0 orch alert rules
    [ "$(grep -c '^[A-Z][A-Za-z]* *[a-z]' <<<"$output")" -eq \
        "$(cat "$PROJECT"/monitoring/prometheus/rules/*.yml | grep -c 'alert: ')" ]
    [[ $output == *"RedisDown "*critical* ]]
    [ "$(orch alert rules --format json | jq '[.groups[].rules[] | select(.health != "ok")] | length')" -eq 0 ]
}

@test "alert test: delivered to the webhook; no receiver of that name: which there are" {
    run orch alert test --receiver webhook
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == "webhook: delivered after "* ]]
    grep -q '^firing IpamOrchTest ' "$WORLD/alerts"
    run -2 orch alert test --receiver pigeon
    [[ $output == *"there is no receiver 'pigeon'; there are: webhook"* ]]
    run -2 orch alert test
    [[ $output == *"--receiver"* ]]
}

@test "redis stops: an alert arrives; it is back: that arrives too" {
    orch stop redis
    wait_until 30 grep -q '^firing RedisDown' "$WORLD/alerts"
    wait_until 30 grep -q '^firing ServiceDown redis' "$WORLD/alerts"
    run -1 orch alert ls
    echo "$output"
    [[ $output == *"RedisDown "*"critical"*"firing"* ]]
    run -0 orch alert silence RedisDown --for 1h -m tests
    run orch alert ls
    [[ $output == *"RedisDown "*"suppressed"* ]]
    orch start redis
    wait_until 90 grep -q '^resolved ServiceDown redis' "$WORLD/alerts"
}

@test "no secret of the monitoring is in an argument or a log" {
    local name value
    for name in MYSQL_PASSWORD REDIS_PASSWORD; do
        value=$(env_value "$name")
        run ! grep -rqF -- "$value" "$WORLD/log"
        run ! grep -qsaF -- "$value" /proc/[0-9]*/cmdline
    done
    run ! grep -qsaF -- 198.51.100.2:8099/ "/proc/$(ps_field alertmanager pid)/environ"
}

@test "verify: the criteria of monitoring are shown by what runs" {
    run --separate-stderr orch verify --format json monitoring
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.checks[] | select(.id | startswith("monitoring.")) | [.id[11:], .status]]' <<<"$output")" = \
        '[["targets","ok"],["rules","ok"],["alerts","ok"],["panel","ok"],["collector","skip"]]' ]
    run --separate-stderr orch verify --criteria --format json monitoring service.log
    [ "$(jq -c '[.criteria[] | select(.id | startswith("R6.")) | .status]' <<<"$output")" = '["ok","partly","partly","partly"]' ]
}

# panel PATH [ARGUMENT...]: the built-in panel, with its password
panel() {
    local path=$1
    shift
    in_net curl -sS --noproxy '*' --max-time 20 -u "admin:$(env_value PANEL_PASSWORD)" "$@" "http://127.0.0.1:3000$path"
}

# status_of PATH ARGUMENT...: without a password
status_of() {
    local path=$1
    shift
    in_net curl -sS --noproxy '*' --max-time 20 -o /dev/null -w '%{http_code}' "$@" "http://127.0.0.1:3000$path"
}

@test "without Grafana the panel of ipam-orch is at its port: services, alerts and figures, for who knows the password" {
    [ "$(in_net curl -fsS --noproxy '*' http://127.0.0.1:3000/api/health | jq -r .status)" = ok ]
    [ "$(status_of /)" = 401 ]
    [ "$(status_of /api/logs -u admin:wrong)" = 401 ]
    [ "$(status_of /api/overview -H "Host: evil.example" -u "admin:$(env_value PANEL_PASSWORD)")" = 421 ]
    [ "$(status_of /nothing)" = 404 ]
    panel / | grep -q 'id="services"'
    panel /api/overview | jq -e '.project == "ipam" and ([.services[] | select(.state == "up")] | length) > 10
        and (.used | length) > 10 and has("kept") and any(.schedules[]; .name == "backup") and .absent[0].service == "filebeat"'
    panel /api/watch | jq -e '(has("error") | not) and (.alerts | type) == "array" and (.figures | length) > 0'
    panel /api/series | jq -e '(.series | length) == 6 and .error == ""'
}

@test "the panel shows lines of logs, those with a word, and what is hostile in them as text" {
    in_net curl -sSk -o /dev/null 'https://127.0.0.1/?<script>alert(1)</script>'
    has_line() {
        panel '/api/logs?service=nginx&q=%3Cscript%3Ealert' | jq -e '.error == "" and (.lines | length) > 0
            and all(.lines[]; .name == "nginx" and (.text | contains("<script>alert(1)")))'
    }
    wait_until 20 has_line
    [ "$(panel '/api/logs?service=nginx&q=no-such-word-anywhere' | jq '.lines | length')" -eq 0 ]
    [ "$(panel '/api/logs?service=../../../etc/passwd' | jq '.lines | length')" -eq 0 ]
}

@test "the panel in a browser, light and dark: everything is shown, nothing complains, no line of a log runs" {
    command -v chromium >/dev/null || skip "chromium is not installed"
    export PLAYWRIGHT=${PLAYWRIGHT:-$IPAM_ORCH_SOURCE/build/playwright/node_modules/playwright-core}
    [ -d "$PLAYWRIGHT" ] || skip "playwright-core is not installed (npm install --prefix build/playwright playwright-core@1.55)"
    export SCREENSHOTS=$IPAM_ORCH_SOURCE/build/screenshots
    mkdir -p "$SCREENSHOTS"
    in_net curl -sSk -o /dev/null 'https://127.0.0.1/?<img/src=x/onerror=ran=true>'
    run in_net env PANEL_URL=http://127.0.0.1:3000/ PANEL_PASSWORD="$(env_value PANEL_PASSWORD)" \
        timeout 120 node "$IPAM_ORCH_SOURCE/tests/e2e/panel.js" '<img/src=x'
    echo "$output"
    [ "$status" -eq 0 ]
    jq -e 'length == 2 and all(.[]; .complaints == [] and .services > 12 and .charts > 3 and .elements == 0 and .ran == false)
        and .[0].background != .[1].background' <<<"${lines[-1]}"
}

# fake RECIPE PATH: sh in place of the program at PATH; it says what it was called with, what it sees of logs
fake() {
    sed -i -e "s,$2,/bin/sh," -e "s,^working_dir: .*,working_dir: /," \
        -e 's,^entrypoint: \[/bin/sh,&\, -c\, "echo \\"$@\\"; cat /var/lib/docker/containers/*/*.log; exec sleep 3641"\, sh,' \
        "$WORLD/root/usr/share/ipam-orch/units/catalog/$1.unit.yaml"
}

@test "x-native.optional and instead_of: with its program a service runs, without it the other one at its port" {
    local dir=$WORLD/other name
    mkdir "$dir"
    cat >"$dir/compose.yaml" <<-'YAML'
		name: other
		services:
		  panel: { image: "grafana/grafana:12.0.0", x-native: { optional: true, user: nobody }, ports: ["3033:3000"] }
		  stand-in: { image: local/none, x-native: { instead_of: panel, user: nobody, command: [/bin/sleep, "3643"] } }
		  filebeat: { image: "docker.elastic.co/beats/filebeat:8.15.0", depends_on: [panel], x-native: { optional: true } }
	YAML
    states() { orch_in "$dir" ps --format json | jq -c '[.services[].service, (.absent[] | "-" + .service)]'; }
    run -0 orch_in "$dir" up
    [ "$(states)" = '["stand-in","-filebeat","-panel"]' ]
    [ "$(orch_in "$dir" port stand-in 3000)" = 0.0.0.0:3033 ]
    for name in grafana:/usr/sbin/grafana-server filebeat:/usr/share/filebeat/bin/filebeat; do
        fake "${name%%:*}" "${name#*:}"
    done
    # its port is free before the other one is there
    orch_in "$dir" stop stand-in
    run -0 orch_in "$dir" up
    echo "$output"
    states
    [ "$(states)" = '["filebeat","panel"]' ]
    orch_in "$dir" logs panel | grep -q -- --homepath=/usr/share/grafana
    orch_in "$dir" logs filebeat | grep -q -- '--path.config=/usr/share/filebeat .*--environment=container'
    # in the group that may read logs, and so it sees those of all services
    orch_in "$dir" logs filebeat | grep -q 'homepath=/usr/share/grafana'
    orch_in "$dir" down
}
