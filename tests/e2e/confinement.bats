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
