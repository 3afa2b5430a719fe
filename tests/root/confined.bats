#!/usr/bin/env bats
# The broker's own bounds, and that what it starts has them too.

load broker

setup_file() { broker_open; }
teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# bit N: is it in the hexadecimal set of stdin?
has_bit() {
    local set
    read -r set
    (((0x$set >> $1) & 1))
}

@test "the broker keeps what launching needs, bounding as permitted, and has a filter" {
    local pid name
    pid=$(broker_pid)
    grep -E '^(Cap|Seccomp)' "/proc/$pid/status"
    [ "$(status_of "$pid" CapBnd)" = "$(status_of "$pid" CapPrm)" ]
    [ "$(status_of "$pid" CapEff)" = "$(status_of "$pid" CapPrm)" ]
    [ "$(status_of "$pid" CapInh)" = 0000000000000000 ]
    [ "$(status_of "$pid" Seccomp)" = 2 ]
    # SYS_ADMIN and NET_ADMIN stay
    status_of "$pid" CapBnd | has_bit 21
    status_of "$pid" CapBnd | has_bit 12
    # DAC_READ_SEARCH NET_RAW SYS_MODULE SYS_RAWIO SYS_BOOT SYS_TIME MAC_ADMIN SYSLOG PERFMON BPF
    for name in 2 13 16 17 22 25 33 34 38 39; do
        run ! has_bit "$name" <<<"$(status_of "$pid" CapBnd)"
    done
}

@test "what policy.conf lets services have is kept; more on SIGHUP needs a restart, and the log says so" {
    mkdir "$HOUSE/etc"
    echo "capabilities = NET_RAW" >"$HOUSE/etc/policy.conf"
    kill -HUP "$(broker_pid)"
    wait_until 10 grep -q "policy.conf permits NET_RAW, which the broker has given up; restart it" "$HOUSE/broker.log"
    run --separate-stderr launch t.raw.1.1 '{"capabilities":["NET_RAW"]}' /bin/true
    [[ $output == *"policy: capabilities = none"* ]]
    started t.stays.1.1 '{}' "$GUESTS/guest_family" 0
    broker_kill TERM
    broker_start
    status_of "$(broker_pid)" CapBnd | has_bit 13
    [ -d "/proc/$PID" ]
    started t.raw.1.2 '{"capabilities":["NET_RAW"]}' "$GUESTS/guest_family" 0
    status_of "$PID" CapEff | has_bit 13
}

@test "what the broker starts as root inherits its filter" {
    broker_kill TERM
    mkdir "$HOUSE/lib"
    cp "$HOUSE/guests/guest_confined" "$HOUSE/lib/ipam-init"
    IPAM_ORCH_LIB_DIR=$HOUSE/lib broker_start
    run --separate-stderr launch t.inherits.1.1 '{}' /bin/true
    wait_until 10 grep -q "confined unshare" "$HOUSE/broker.log"
    output=$(grep -h "^confined" "$HOUSE/broker.log" | sort -u) # it may have been tried again
    echo "$output"
    [ "$(grep -c "EPERM$" <<<"$output")" -eq 8 ]
    grep -q "confined getpid done" <<<"$output"
    grep -q "confined unshare done" <<<"$output"
    broker_kill TERM
    broker_start
}
