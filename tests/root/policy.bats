#!/usr/bin/env bats
# policy.conf: read at the start and on SIGHUP, and every request held against it.

load broker

setup_file() {
    broker_open
    mkdir "$HOUSE/etc"
}

setup() {
    rm -f "$HOUSE/etc/policy.conf"
    reload
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# said TEXT: how often the broker's log says so
said() {
    grep -cF -- "$1" "$HOUSE/broker.log" || true
}

# reload [TEXT]: SIGHUP; returns when the log says TEXT once more
reload() {
    local text=${1:-policy read again} before
    before=$(said "$text")
    kill -HUP "$(broker_pid)"
    wait_until 10 more_than "$before" "$text"
}

more_than() {
    [ "$(said "$2")" -gt "$1" ]
}

# policy TEXT...: the file, read by the broker
policy() {
    printf '%s\n' "$@" >"$HOUSE/etc/policy.conf"
    reload
}

# refused TEXT FIELDS: the launch is, with that message, and leaves nothing
refused() {
    local before
    before=$(leftovers)
    run --separate-stderr drive launch "$(jq -c '{ id: "t.policy.1.1", argv: ["/bin/true"] } + .' <<<"$2")"
    echo "$1: $output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"$1"* ]]
    [ "$(leftovers)" = "$before" ]
}

bind_of() {
    jq -nc --arg source "$1" --argjson ro "$2" \
        '{ mounts: [{ kind: "bind", source: $source, target: "/x", read_only: $ro, noexec: false, size: 0, mode: 0 }] }'
}

@test "a rule refuses with its file and line, the service and the value" {
    policy "# ours" "users = 33 1000-1999"
    refused "$HOUSE/etc/policy.conf:2: users = 33 1000-1999: 't.policy.1.1' may not run as user 65534" '{}'
    refused "ipam-orch-policy.conf(5)" '{}'
    policy "groups = 65534"
    refused ":1: groups = 65534: 't.policy.1.1' may not run with group 8" '{"groups":[{"name":"mail","gid":8}]}'
    policy "ports = 1024-65535"
    refused ":1: ports = 1024-65535: 't.policy.1.1' may not publish port 80" \
        '{"links":[{"bridge":"io-1","ipv4":"10.1.1.2/24","gateway4":"","ipv6":"","gateway6":"","mac":"","interface":""}],
          "ports":[{"address":"","published":80,"last":80,"target":80,"udp":false}]}'
}

@test "namespaces of the host: none unless the file says so; never beside a user namespace" {
    policy "ports = any"
    refused "policy: host-uts = no: 't.policy.1.1' may not have the host's name" '{"host_uts":true}'
    refused "policy: host-cgroup = no: 't.policy.1.1' may not see the control groups" '{"host_cgroup":true}'
    policy "host-uts = yes" "host-cgroup = yes" "host-network = yes"
    refused "excludes a user namespace" '{"host_uts":true,"own_users":true}'
    refused "excludes a user namespace" '{"host_cgroup":true,"own_users":true}'
    refused "namespace: a domain in the UTS namespace of the host" '{"host_uts":true,"domainname":"example.org"}'
    local before
    before="$(uname -n) $(in_net sysctl net.ipv4.ip_unprivileged_port_start)"
    started t.policy.1.2 '{"host_uts":true,"host_cgroup":true,"network_of":"/host","hostname":"stolen"}' "$GUESTS/guest_family" 0
    [ "$(readlink "/proc/$PID/ns/uts")" = "$(readlink /proc/self/ns/uts)" ]
    [ "$(readlink "/proc/$PID/ns/cgroup")" = "$(readlink /proc/self/ns/cgroup)" ]
    # the host is as it was
    [ "$(uname -n) $(in_net sysctl net.ipv4.ip_unprivileged_port_start)" = "$before" ]
    drive request kill '{"id":"t.policy.1.2"}'
    ended t.policy.1.2
}

@test "binds: by name, by what a link leads to, reading apart from writing" {
    mkdir -p "$HOUSE/open" "$HOUSE/shut"
    ln -sfn "$HOUSE/shut" "$HOUSE/open/link"
    policy "bind-read = $HOUSE/open $HOUSE/guests" "bind-write = none"
    refused ":1: bind-read" "$(bind_of "$HOUSE/shut" true)"
    refused "may not read '$HOUSE/shut'" "$(bind_of "$HOUSE/open/link" true)"
    refused ":2: bind-write = none: 't.policy.1.1' may not write to '$HOUSE/open'" "$(bind_of "$HOUSE/open" false)"
    # what is permitted is done
    started t.policy.2.1 "$(bind_of "$HOUSE/open" true)" /bin/sleep 1000
    run ! nsenter -t "$PID" -m touch /x/probe
}

@test "a project's rule stands instead, for that project alone" {
    policy "users = 65534" "[project other]" "users = 1"
    started t.policy.3.1 '{}' "$GUESTS/guest_family" 0
    refused ":3: users = 1" '{"project":"other"}'
}

@test "networks: addresses outside of the permitted ranges" {
    local before
    before=$(leftovers)
    policy "subnets = 10.89.0.0/16"
    run drive request network_create '{"project":"t","bridge":"io-p1","ipv4":"10.90.0.1/24","ipv6":"","internal":false}'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *":1: subnets = 10.89.0.0/16: 't' may not have a network with '10.90.0.1/24'"* ]]
    [ "$(leftovers)" = "$before" ]
}

@test "a bad file on SIGHUP leaves the rules as they were, and the log says why" {
    policy "users = 1"
    printf 'users = 65534\nusers-too = 1\n' >"$HOUSE/etc/policy.conf"
    reload "policy.conf:2: 'users-too' is no rule"
    tail -n 1 "$HOUSE/broker.log"
    refused ":1: users = 1" '{}'
    printf 'users = 65534\n' >"$HOUSE/etc/policy.conf"
    chmod 666 "$HOUSE/etc/policy.conf"
    reload "others than root may write"
    refused ":1: users = 1" '{}'
}

@test "with a bad file, or one that others may write to, the broker does not start" {
    broker_kill TERM
    printf 'ports = 1-99999\n' >"$HOUSE/etc/policy.conf"
    run broker_start
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"policy.conf:1: '1-99999' is no number or range from 1 to 65535"* ]]
    rm -f "$HOUSE/ready"
    printf 'ports = 80\n' >"$HOUSE/etc/policy.conf"
    chown nobody "$HOUSE/etc/policy.conf"
    run broker_start
    [ "$status" -ne 0 ]
    [[ $output == *"others than root may write to it"* ]]
    rm -f "$HOUSE/ready" "$HOUSE/etc/policy.conf"
    broker_start
}
