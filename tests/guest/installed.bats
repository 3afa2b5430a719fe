#!/usr/bin/env bats
# The package on a machine with systemd that is given to it: units, their sandboxes, restarts under
# services.  IPAM_GUEST=1 says that this machine may be changed; see docs/HACKING.md.

bats_require_minimum_version 1.5.0

setup_file() {
    if [ "${IPAM_GUEST:-}" != 1 ] || [ ! -d /run/systemd/system ]; then
        return 0
    fi
    PROJECT=/srv/guest-test
    export PROJECT
    mkdir -p "$PROJECT"
    install -d -g ipam-orch -m 2770 "$PROJECT/certs"
    cat >"$PROJECT/compose.yaml" <<'YAML'
name: guest-test
services:
  web:
    image: local/sleeper
    depends_on: { db: { condition: service_healthy } }
    restart: unless-stopped
    x-native: { user: nobody, command: [/bin/sleep, infinity] }
  db:
    image: local/sleeper
    restart: unless-stopped
    x-native: { user: nobody, command: [/bin/sleep, infinity] }
    healthcheck: { test: ["CMD", /bin/true], interval: 5s, start_interval: 1s, start_period: 60s }
x-ipam-orch:
  certificate: { certificate: ./certs/server.crt, key: ./certs/server.key, names: [localhost] }
  schedules:
    renewal: { when: yearly, run: [cert, renew, --force] }
YAML
    cd "$PROJECT" && ipam-orch up
}

teardown_file() {
    if [ -n "${PROJECT:-}" ]; then
        (cd "$PROJECT" && ipam-orch down)
        rm -rf "$PROJECT"
    fi
}

setup() {
    [ -n "${PROJECT:-}" ] || skip "needs systemd as process 1, and IPAM_GUEST=1: it changes the machine"
    cd "$PROJECT" || return
}

# each service, its state and its process
services() {
    ipam-orch ps --format json | jq -c '.services[] | [.service, .state, .pid]'
}

@test "up has started the units, and nothing is left in the journal that failed" {
    [ "$(systemctl is-active ipam-orchd ipam-sandboxd | sort -u)" = active ]
    [ "$(systemctl is-enabled ipam-orchd ipam-sandboxd | sort -u)" = enabled ]
    [ "$(ipam-orch ps --format json | jq '[.services[] | select(.pid > 0)] | length')" = 2 ]
    [ "$(systemctl --failed --no-legend 'ipam*' | wc -l)" = 0 ]
}

@test "the units are restarted, stopped, killed and replaced, and no service changes its process" {
    local before unit
    before=$(services)
    for unit in ipam-orchd ipam-sandboxd; do
        systemctl restart "$unit"
        [ "$(services)" = "$before" ]
    done
    systemctl stop ipam-orchd ipam-sandboxd
    systemctl start ipam-orchd
    [ "$(services)" = "$before" ]
    ipam-orch daemon reexec
    [ "$(services)" = "$before" ]
    systemctl restart ipam-sandboxd ipam-orchd
    [ "$(services)" = "$before" ]
}

@test "what runs by schedule may write where the project lets the manager" {
    ipam-orch cert self-signed
    local before
    before=$(sha256sum certs/server.crt)
    run ipam-orch schedule run renewal
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(sha256sum certs/server.crt)" != "$before" ]
}

@test "before the machine stops services stop in order: systemd is asked without a bus" {
    local stop
    stop=$(systemctl cat ipam-orchd.service | sed -n 's/^ExecStop=//p')
    [[ $stop == -+* ]]
}
