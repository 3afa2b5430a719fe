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
    set_env COMPOSE_PROFILES monitoring
}

teardown_file() { world_close; }

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
    [ "$(ps_json | jq -r '.absent[].service')" = filebeat ]
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
