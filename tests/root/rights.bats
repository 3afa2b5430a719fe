#!/usr/bin/env bats
# What a service may have beyond the others when policy.conf says so, and what it never has.

load broker

setup_file() {
    broker_open
    NODE=/dev/$(basename "$HOUSE")
    export NODE
    broker_kill TERM
    mkdir "$HOUSE/etc"
    cat >"$HOUSE/etc/policy.conf" <<'EOF'
capabilities = NET_RAW NET_BIND_SERVICE CHOWN SYS_CHROOT
seccomp = custom unconfined
EOF
    broker_start
}

teardown_file() {
    rm -f "$NODE"
    broker_close
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# sets PID: the five capability sets, in the order of /proc/PID/status
sets() {
    sed -n 's/^\(Cap[A-Za-z]*\):[[:space:]]*0*\(.\)/\1=\2/p' "/proc/$1/status" | tr '\n' ' '
}

allow_all='{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],
    "syscalls":[{"names":["mount","setns","clone"],"action":"SCMP_ACT_ALLOW"}]}'

# with_profile JSON: the fields of a specification
with_profile() {
    jq -nc --arg profile "$1" '{ seccomp_profile: $profile }'
}

# what the floor keeps from every service, as guest_hostile tries it
floor=(mount-tmpfs mount-bind umount-proc-sys remount-root fsopen open-tree mount-setattr pivot-root
    unshare-user unshare-mnt unshare-net unshare-pid unshare-cgroup clone-user clone-net clone3-user
    setns-net setns-own-mnt setns-pidfd bpf perf keyring add-key request-key userfaultfd kexec kexec-file
    load-module unload-module reboot set-clock swap accounting file-handle init-read-memory
    init-take-descriptor trace-init)

@test "capabilities: permitted, effective, inheritable, ambient and bounding, for the program and commands that join" {
    local want="CapInh=2001 CapPrm=2001 CapEff=2001 CapBnd=2001 CapAmb=2001 "
    started t.caps.1.1 '{"capabilities":["CHOWN","NET_RAW"]}' "$GUESTS/guest_family" 0
    [ "$(sets "$PID")" = "$want" ]
    [ "$(status_of "$PID" NoNewPrivs)" = 1 ]
    inside t.caps.1.1 /bin/sh -c 'cat /proc/self/status'
    [ "$(sed -n 's/^CapAmb:[[:space:]]*0*//p' <<<"$output")" = 2001 ]
    # init, which only watches, has none
    wait_until 10 bash -c "grep -q '^Seccomp:.*2' /proc/$(status_of "$PID" PPid)/status"
    [ "$(sets "$(status_of "$PID" PPid)")" = "CapInh=0 CapPrm=0 CapEff=0 CapBnd=0 CapAmb=0 " ]
}

@test "a capability does what it is for, and nothing else comes with it" {
    finished t.caps.2.1 '{"capabilities":["NET_RAW"]}' "$GUESTS/guest_hostile" raw-socket packet-socket
    [[ $output == *"raw-socket ESCAPED"* && $output == *"packet-socket ESCAPED"* ]]
    finished t.caps.3.1 '{}' "$GUESTS/guest_hostile" raw-socket packet-socket chroot
    [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 0 ]
    finished t.caps.4.1 '{"capabilities":["NET_RAW","CHOWN","SYS_CHROOT"]}' "$GUESTS/guest_hostile" \
        become-root become-root-group groups allow-new-privileges priority realtime "${floor[@]}"
    [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 0 ]
}

@test "unconfined and a profile that allows everything: what the profile refused is there, the floor is not" {
    local fields
    for fields in '{"seccomp":"unconfined"}' "$(with_profile "$allow_all")"; do
        # without a filter this is allowed to everybody
        finished t.free.1.1 "$fields" "$GUESTS/guest_hostile" personality
        [[ $output == *"personality ESCAPED"* ]]
        finished t.free.1.2 "$fields" "$GUESTS/guest_hostile" "${floor[@]}" type-into-terminal
        [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 0 ]
    done
}

@test "a profile of the service's own: calls, errors, arguments, conditions" {
    started t.own.1.1 "$(with_profile "$(jq -c '.syscalls += [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }]' <<<"$allow_all")")" \
        "$GUESTS/guest_family" 0
    inside t.own.1.1 /bin/sh -c 'mkdir /tmp/x 2>&1; test ! -e /tmp/x'
    [[ $output == *"No space left"* ]]
    # one filter of the broker's own is below, see isolation.bats
    [ "$(status_of "$PID" Seccomp)" = 2 ]
    # conditions by capability
    jq -nc '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [
        { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", excludes: { caps: ["CAP_CHOWN"] } }] }' >"$BATS_TEST_TMPDIR/p"
    finished t.own.2.1 "$(with_profile "$(cat "$BATS_TEST_TMPDIR/p")")" /bin/mkdir /tmp/x
    [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 1 ]
    finished t.own.2.2 "$(with_profile "$(cat "$BATS_TEST_TMPDIR/p")" | jq -c '.capabilities = ["CHOWN"]')" /bin/mkdir /tmp/x
    [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 0 ]
}

@test "more profiles than are kept at once: every service has its own, also when one comes back" {
    local n profile
    for n in {1..18} 1 2; do
        profile=$(jq -c --argjson n "$n" '.syscalls += [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: (30 + $n) }]' <<<"$allow_all")
        finished "t.many.$n.$SECONDS" "$(with_profile "$profile")" /usr/bin/python3 -c '
import os, sys
try:
    os.mkdir("/tmp/x")
except OSError as e:
    print("errno", e.errno)'
        [[ $output == *"errno $((30 + n))"* ]] || return 1
    done
}

@test "a profile that is none is refused, with the place" {
    local profile text
    while IFS='|' read -r profile text; do
        run --separate-stderr drive launch "$(with_profile "$profile" | jq -c '{ id: "t.bad.1.1", argv: ["/bin/true"] } + .')"
        echo "$profile: $output"
        [ "$status" -eq 1 ]
        [[ $(jq -r .error.message <<<"$output") == *"$text"* ]]
    done <<'EOF'
{|of the service:1
[]|is no object
{}|defaultAction is not known
{"defaultAction":"SCMP_ACT_NOTIFY"}|defaultAction is not known
{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/x"}|'listenerPath' is not understood
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}|'syscalls' has the wrong type
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_TRACE"}]}|entry 1
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[1],"action":"SCMP_ACT_ERRNO"}]}|a name is no string
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":"1","op":"SCMP_CMP_EQ"}]}]}|'value' has the wrong type
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":7,"value":1,"op":"SCMP_CMP_EQ"}]}]}|entry 1
EOF
}

@test "profiles of recipes allow less than the default one, and nothing that it does not" {
    local name allowed='[.syscalls[] | select(.action == "SCMP_ACT_ALLOW" and (has("args") | not)) | .names[]] | sort'
    for name in nginx redis mariadb python; do
        run jq -nr --slurpfile all "$IPAM_ORCH_SOURCE/configs/seccomp/default.json" \
            --slurpfile one "$IPAM_ORCH_SOURCE/configs/seccomp/$name.json" \
            "(\$one[0] | $allowed) as \$a | (\$all[0] | $allowed) as \$b | \"\(\$a - \$b | length) \((\$b | length) - (\$a | length) > 40)\""
        echo "$name: $output"
        [ "$output" = "0 true" ]
        finished "t.$name.1.1" "{\"seccomp\":\"$name\"}" "$GUESTS/guest_hostile" "${floor[@]}"
        [ "$(tail -n 1 <<<"$output" | jq -r .code)" -eq 0 ]
    done
}

# device SOURCE TARGET ACCESS: the fields of a specification
device() {
    jq -nc --arg s "$1" --arg t "$2" --arg a "$3" '{ devices: [{ source: $s, target: $t, access: $a }] }'
}

@test "devices: a node with owner and mode of the host's, with the access asked for and no other" {
    # as /dev/fuse, which opens for everybody who may
    mknod -m 606 "$NODE" c 10 229
    chown 7:8 "$NODE"
    echo "devices = $NODE:r /dev/full" >"$HOUSE/etc/policy.conf"
    broker_kill TERM
    broker_start
    started t.dev.1.1 "$(device "$NODE" /dev/sub/node r)" "$GUESTS/guest_family" 0
    [ "$(nsenter -t "$PID" -m stat -c '%t:%T %u:%g %a' /dev/sub/node)" = "a:e5 7:8 606" ]
    run drive join t.dev.1.1 all 20000000 /bin/sh -c ': </dev/sub/node'
    [[ $output != *"not permitted"* ]]
    run drive join t.dev.1.1 all 20000000 /bin/sh -c ': >/dev/sub/node'
    [[ $output == *"Operation not permitted"* ]]
    # the usual ones still work, nothing else can be made, and the host's is as it was
    inside t.dev.1.1 /bin/sh -c 'echo x >/dev/null; head -c 1 /dev/urandom | wc -c'
    run ! nsenter -t "$PID" -m touch /dev/probe
    [ "$(stat -c '%u:%g %a' "$NODE")" = "7:8 606" ]
    run drive launch "$(device "$NODE" /dev/x rw | jq -c '{ id: "t.dev.3.1", argv: ["/bin/true"] } + .')"
    [[ $output == *"policy.conf:1: devices = $NODE:r /dev/full: 't.dev.3.1' may not have the device $NODE:rw"* ]]
}

@test "device rules: more access to a node that is there, within the policy; making one stays impossible" {
    [ -e "$NODE" ] || mknod -m 606 "$NODE" c 10 229
    printf '%s\n' "devices = $NODE:r" "device-rules = c:10:229:w" >"$HOUSE/etc/policy.conf"
    broker_kill TERM
    broker_start
    started t.rule.1.1 "$(device "$NODE" /dev/node r | jq -c '. + { device_rules: ["c 10:229 w"] }')" "$GUESTS/guest_family" 0
    run drive join t.rule.1.1 all 20000000 /bin/sh -c ': >/dev/node'
    echo "$output"
    [[ $output != *"not permitted"* ]]
    # each alone, and not both at once: neither rule nor device allows that
    run drive join t.rule.1.1 all 20000000 /bin/sh -c ': <>/dev/node'
    [[ $output == *"Operation not permitted"* ]]
    run drive join t.rule.1.1 all 20000000 /bin/mknod /tmp/n c 10 229
    [[ $output == *"mknod: /tmp/n: Permission denied"* ]]
    run drive launch "$(device "$NODE" /dev/x r | jq -c '{ id: "t.rule.2.1", argv: ["/bin/true"], device_rules: ["c 10:* w"] } + .')"
    [[ $output == *"policy.conf:2: device-rules = c:10:229:w: 't.rule.2.1' may not have the device rule 'c 10:* w'"* ]]
}

@test "a node that is no device, or made to lead out of /dev" {
    local before
    before=$(ls -la /dev/null)
    echo "devices = /dev/null /dev/fd" >"$HOUSE/etc/policy.conf"
    broker_kill TERM
    broker_start
    run drive launch "$(device /dev/fd /dev/x r | jq -c '{ id: "t.dev.4.1", argv: ["/bin/true"] } + .')"
    [[ $output == *"/dev/fd is no device"* ]]
    run drive launch "$(device /dev/null /dev/fd/x r | jq -c '{ id: "t.dev.4.2", argv: ["/bin/true"] } + .')"
    echo "$output"
    [ "$status" -eq 1 ]
    run drive launch "$(device /dev/null /dev/null r | jq -c '{ id: "t.dev.4.3", argv: ["/bin/true"] } + .')"
    [[ $output == *'"errno":17'* ]]
    [ "$(ls -la /dev/null)" = "$before" ]
}
