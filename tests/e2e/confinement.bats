#!/usr/bin/env bats
# Policy and rights from the compose file to the kernel, and refusals back to the terminal.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'EOF'
name: confined
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
EOF
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

reread() {
    [ "$(grep -c "policy read again" "$WORLD/log/ipam-sandboxd.log")" -gt "$1" ]
}

# policy TEXT...: the broker's policy.conf
policy() {
    local before
    before=$(grep -c "policy read again" "$WORLD/log/ipam-sandboxd.log") || true
    printf '%s\n' "$@" >"$WORLD/root/etc/ipam-orch/policy.conf"
    kill -HUP "$(daemon_pid ipam-sandboxd)"
    wait_until 10 reread "$before"
}

# project NAME ATTRIBUTES: a project of one sleeping service `web` with these attributes, in $DIR
project() {
    DIR=$WORLD/$1
    mkdir -p "$DIR"
    cat >"$DIR/compose.yaml" <<EOF
name: $1
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    <<: { $2 }
EOF
}

@test "the policy that is installed changes nothing, and a refusal reaches the terminal with rule and line" {
    run grep -vE '^(#|$)' "$IPAM_ORCH_SOURCE/packaging/policy.conf"
    [ -z "$output" ]
    policy "ports = 8000-8999" "[project open]" "ports = 80"
    project shut 'ports: ["80:80"]'
    run orch_in "$DIR" up
    echo "exit $status: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"policy.conf:1: ports = 8000-8999: 'shut.web.1."*"' may not publish port 80"* ]]
    [[ $output == *"ipam-orch-policy.conf(5)"* ]]
    project open 'ports: ["80:80"]'
    orch_in "$DIR" up
    orch_in "$DIR" down
    policy
}

@test "network_mode: host only where policy permits it; then it is the host's" {
    local pid
    project hosted 'network_mode: host'
    run orch_in "$DIR" up
    [ "$status" -eq 1 ]
    [[ $output == *"policy: host-network = no: 'hosted.web.1."*"' may not live in the network of the host"* ]]
    policy "host-network = no" "[project hosted]" "host-network = yes"
    orch_in "$DIR" up
    pid=$(orch_in "$DIR" ps --format json | jq '.services[0].pid')
    [ "$(readlink "/proc/$pid/ns/net")" = "$(in_net readlink /proc/self/ns/net)" ]
    orch_in "$DIR" down
    # what it says about a network would be said about the host's
    project hosted 'network_mode: host, sysctls: [net.core.somaxconn=7]'
    run orch_in "$DIR" up
    [ "$status" -eq 1 ]
    [[ $output == *"'net.core.somaxconn=7' is of a network that is not its own"* ]]
    policy
}
