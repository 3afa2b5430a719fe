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

teardown_file() {
    rm -f "/dev/$(basename "$WORLD")"
    umount -R "${WORLD:-/nonexistent}/late" 2>/dev/null || true
    world_close
}

teardown() { explain_failure; }

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

# of the project's own `web`
web_pid() {
    PROJECT=$DIR ps_field web pid
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

# follow OPTIONS: a project whose service has a directory that the host mounts into
follow() {
    mkdir -p "$WORLD/following"
    cat >"$WORLD/following/compose.yaml" <<YAML
name: following
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    volumes: ["$WORLD/late:/late:$1", "$WORLD/late:/apart"]
YAML
    run orch_in "$WORLD/following" up
    echo "exit $status: $output"
}

@test "bind propagation: where policy permits it; what the host mounts later comes in, nothing goes out" {
    local pid how
    mkdir -p "$WORLD/late/later"
    mount --bind "$WORLD/late" "$WORLD/late"
    mount --make-private "$WORLD/late"
    policy "propagation = yes"
    follow rslave
    [ "$status" -ne 0 ]
    [[ $output == *"$WORLD/late lies on a private mount"*"--make-rshared"* ]]
    policy
    mount --make-shared "$WORLD/late"
    follow rslave
    [ "$status" -ne 0 ]
    [[ $output == *"policy: propagation = no"* ]]
    policy "propagation = yes" "bind-write = /no/such"
    follow ro,rslave
    [ "$status" -ne 0 ]
    [[ $output == *"bind-write"* ]]
    policy "propagation = yes"
    for how in rslave slave shared rshared; do
        follow "$how"
        [ "$status" -eq 0 ]
        pid=$(orch_in "$WORLD/following" ps --format json | jq '.services[0].pid')
        mount -t tmpfs -o mode=1777 late "$WORLD/late/later"
        touch "$WORLD/late/later/mark"
        nsenter -t "$pid" -m test -e /late/later/mark 3>&-
        run ! nsenter -t "$pid" -m test -e /apart/later/mark 3>&-
        # what is mounted inside, by root of the host, stays there
        nsenter -t "$pid" -m mount -t tmpfs inside /late/later 3>&-
        [ -e "$WORLD/late/later/mark" ]
        orch_in "$WORLD/following" down
        umount "$WORLD/late/later"
    done
    umount "$WORLD/late"
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

# a zombie counts as gone
has_gone() {
    ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

# set_of PID NAME: one capability set without its zeros
set_of() {
    sed -n "s/^$2:[[:space:]]*0*\(.\)/\1/p" "/proc/$1/status"
}

@test "cap_add: by name within the ceiling, less cap_drop; refused by default with rule and hint" {
    project capable 'cap_add: [CAP_NET_RAW, chown, NET_BIND_SERVICE], cap_drop: [ALL, NET_BIND_SERVICE]'
    policy
    run orch_in "$DIR" up
    echo "exit $status: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: capabilities = none: 'capable.web.1."*"' may not have the capability NET_RAW"* ]]
    [[ $output == *"ipam-orch-policy.conf(5)"* ]]
    local broker pid name
    # the broker has given up what it does not need; the next command starts one that has not
    broker=$(daemon_pid ipam-sandboxd)
    printf '%s\n' "[project capable]" "capabilities = NET_RAW CHOWN" >"$WORLD/root/etc/ipam-orch/policy.conf"
    kill "$broker"
    wait_until 10 has_gone "$broker"
    orch_in "$DIR" up
    pid=$(web_pid)
    for name in CapInh CapPrm CapEff CapBnd CapAmb; do
        [ "$(set_of "$pid" $name)" = 2001 ]
    done
    [ "$(orch_in "$DIR" exec web sh -c 'grep CapEff /proc/self/status' | tr -d '\t')" = "CapEff:0000000000002001" ]
    orch_in "$DIR" down
    policy
}

@test "security_opt seccomp: a profile beside the file, read by the caller, within the policy" {
    project filtered 'security_opt: ["seccomp:no-mkdir.json", "no-new-privileges:true", "apparmor=unconfined"]'
    echo '{ "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28 }] }' >"$DIR/no-mkdir.json"
    policy
    run orch_in "$DIR" up
    echo "exit $status: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: seccomp = none: 'filtered.web.1."*"' may not have a system call profile of its own"* ]]
    policy "seccomp = custom"
    orch_in "$DIR" up
    run orch_in "$DIR" exec web mkdir /tmp/x
    echo "$output"
    [[ $output == *"No space left"* ]]
    [ "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$(web_pid)/status")" = 2 ]
    orch_in "$DIR" down
    project free 'security_opt: ["seccomp=unconfined"]'
    run orch_in "$DIR" up
    [[ $output == *"policy.conf:1: seccomp = custom: 'free.web.1."* ]]
    policy
}

@test "what cannot be had is refused at its place in the file" {
    local attribute text
    while IFS='|' read -r attribute text; do
        project refused "$attribute"
        run orch_in "$DIR" up
        echo "$attribute: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *"compose.yaml:6:"* ]]
        [[ $output == *"$text"* ]]
    done <<'EOF'
cap_add: [ALL]|by name, never all
cap_add: [SYS_ADMIN]|SYS_ADMIN is root of the host
cap_add: [NET_EVERYTHING]|is no capability
cap_drop: [NET_EVERYTHING]|is no capability
privileged: true|privileged
userns_mode: "keep-id"|userns_mode
userns_mode: nomap|userns_mode
cap_add: [NET_RAW], userns_mode: auto|NET_RAW is worth nothing in a user namespace of its own
network_mode: host, cap_add: [NET_BIND_SERVICE], userns_mode: private|NET_BIND_SERVICE is worth nothing
devices: [/etc/passwd]|below /dev
devices: ["/dev/null:/etc/x"]|below /dev
devices: [/dev/no-such]|No such file
devices: ["/dev/null:/dev/x:rx"]|made of r, w and m
devices: [/dev/fd]|is no device
device_cgroup_rules: ["c 1:3 r"]|without 'devices' allows nothing
device_cgroup_rules: ["c 1:3 r", "c 1 r"]|is not KIND MAJOR:MINOR ACCESS
security_opt: ["no-new-privileges:false"]|can gain privileges
security_opt: ["seccomp:no-such.json"]|No such file
security_opt: ["systempaths=unconfined"]|is not honoured
security_opt: ["label=type:x_t"]|SELinux
EOF
    project host 'userns_mode: host'
    orch_in "$DIR" config -q
}

@test "devices: a node below another name, read only" {
    NODE=/dev/$(basename "$WORLD")
    # as /dev/fuse, which opens for everybody who may
    mknod -m 666 "$NODE" c 10 229
    project noder "devices: [\"$NODE:/dev/node:r\"]"
    policy
    run orch_in "$DIR" up
    [[ $output == *"policy: devices = none: 'noder.web.1."*"' may not have the device $NODE:r"* ]]
    policy "devices = $NODE"
    orch_in "$DIR" up
    run orch_in "$DIR" exec web sh -c ': </dev/node && echo read; : >/dev/node'
    echo "$output"
    [[ $output == *"Operation not permitted"* ]]
    run orch_in "$DIR" exec web sh -c ': </dev/node'
    [[ $output != *"not permitted"* ]]
    orch_in "$DIR" down
    policy
}

@test "apparmor: under the loaded profile that is named, its commands too; refused without AppArmor, not loaded, not permitted" {
    local profile
    profile=$(basename "$WORLD" | tr . -)
    project armoured "security_opt: [\"apparmor=$profile\"]"
    policy
    run orch_in "$DIR" up
    echo "exit $status: $output"
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
        [ "$status" -eq 3 ]
        [[ $output == *"compose.yaml:6:"*"this host has no AppArmor"* ]]
        return 0
    fi
    [ "$status" -eq 1 ]
    [[ $output == *"choosing the AppArmor profile, which must be loaded"* ]]
    command -v apparmor_parser >/dev/null || skip "there is no apparmor_parser"
    printf '%s\n' "profile $profile flags=(attach_disconnected) {" "file," "network," "signal," "ptrace," \
        "deny /etc/hostname r," "}" | apparmor_parser -Kr
    policy "apparmor = other"
    run orch_in "$DIR" up
    [[ $output == *"policy.conf:1: apparmor = other: 'armoured.web.1."*"' may not run under the AppArmor profile '$profile'"* ]]
    policy
    orch_in "$DIR" up
    [ "$(tr -d '\0' <"/proc/$(web_pid)/attr/apparmor/current")" = "$profile (enforce)" ]
    run orch_in "$DIR" exec web cat /etc/hostname
    echo "$output"
    [[ $output == *"Permission denied"* ]]
    orch_in "$DIR" exec web cat /etc/hosts
    orch_in "$DIR" down
}

@test "device_cgroup_rules: a node for reading is written to as well, where policy permits it" {
    NODE=/dev/$(basename "$WORLD")
    [ -e "$NODE" ] || mknod -m 666 "$NODE" c 10 229
    policy "devices = $NODE"
    project ruled "devices: [\"$NODE:/dev/node:r\"]"
    orch_in "$DIR" up
    run orch_in "$DIR" exec web sh -c ': >/dev/node'
    [[ $output == *"not permitted"* ]]
    orch_in "$DIR" down
    project ruled "devices: [\"$NODE:/dev/node:r\"], device_cgroup_rules: [\"c 10:229 w\"]"
    run orch_in "$DIR" up
    [[ $output == *"policy: device-rules = none: 'ruled.web.1."*"' may not have the device rule 'c 10:229 w'"* ]]
    policy "devices = $NODE" "device-rules = c:10:*:rw"
    orch_in "$DIR" up
    run orch_in "$DIR" exec web sh -c ': >/dev/node'
    echo "$output"
    [[ $output != *"not permitted"* ]]
    orch_in "$DIR" down
    policy
}

# the kernel writes a few lines per second at most, others' among them: so the call is made until it
# is among them
is_explained() {
    orch_in "$DIR" exec web unshare -m true >/dev/null 2>&1 || true
    orch_in "$DIR" harden --explain web | grep -qF "web: unshare is refused by the floor of all services: namespaces; /usr/bin/unshare"
}

@test "log-denied: the kernel logs refused calls, and harden says by which rule" {
    [ -r /dev/kmsg ] || skip "the log of the kernel is not readable"
    ! pgrep -x auditd >/dev/null || skip "auditd takes the lines"
    { zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | grep -qx CONFIG_AUDITSYSCALL=y ||
        skip "this kernel has no audit"
    policy "log-denied = yes"
    project logged ''
    orch_in "$DIR" up
    wait_until 60 is_explained
    orch_in "$DIR" stop web
    run orch_in "$DIR" why web
    [[ $output == *"seen: /usr/bin/unshare was refused the system call unshare ("* ]]
    orch_in "$DIR" down
    policy
}

@test "x-native seccomp: the shipped profile that is named, and the default one otherwise" {
    project profiled ''
    cat >>"$DIR/compose.yaml" <<EOF
  narrow:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"], seccomp: redis }
EOF
    orch_in "$DIR" up
    orch_in "$DIR" exec web ipcmk -M 4096
    run orch_in "$DIR" exec narrow ipcmk -M 4096
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"Operation not permitted"* ]]
    orch_in "$DIR" down
}

@test "harden --learn: counts what a running service calls; its profile allows that and little else" {
    local learner
    project taught ''
    orch_in "$DIR" up
    run orch_in "$DIR" harden --learn 1s nobody
    [ "$status" -eq 2 ]
    orch_in "$DIR" harden --learn 2s --format json web >"$DIR/learned.json" &
    learner=$!
    while kill -0 "$learner" 2>/dev/null; do
        orch_in "$DIR" exec web sh -c 'mkdir /tmp/x && rmdir /tmp/x'
    done
    wait "$learner"
    jq -c '.services[0].calls' "$DIR/learned.json"
    [ "$(jq '.services[0].calls | [.rmdir > 0, .execve > 0, has("timer_create")] == [true, true, false]' "$DIR/learned.json")" = true ]
    jq '.services[0].profile' "$DIR/learned.json" >"$DIR/profile.json"
    policy "seccomp = custom"
    project taught 'security_opt: ["seccomp=profile.json"]'
    orch_in "$DIR" up
    orch_in "$DIR" exec web sh -c 'mkdir /tmp/x && rmdir /tmp/x'
    run orch_in "$DIR" exec web ln -s a /tmp/y
    echo "$output"
    [[ $output == *"Operation not permitted"* ]]
    orch_in "$DIR" down
    policy
}
