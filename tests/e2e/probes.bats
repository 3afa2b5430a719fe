#!/usr/bin/env bats
# Probes that are neither a command nor one of the protocols of tests/e2e/process.bats.

load world

setup_file() {
    world_open
    mkdir "$PROJECT" "$PROJECT/tls"
    cp "$BATS_TEST_DIRNAME/probes.yaml" "$PROJECT/compose.yaml"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -subj /CN=svc.test \
        -addext subjectAltName=DNS:svc.test -keyout "$PROJECT/tls/good.key" -out "$PROJECT/tls/good.pem" 2>/dev/null
    chmod 644 "$PROJECT"/tls/good.*
    export RIGHT=right WRONG=wrong
    orch up
    orch --profile wrong up --no-wait --no-deps unsocketed expiring misnamed untrusted plain
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# last_check SERVICE: what it said
last_check() {
    ps_json | jq -r --arg s "$1" '.services[] | select(.service == $s) | .health_log[-1].output'
}

# last_check_is SERVICE TEXT
last_check_is() {
    [ "$(last_check "$1")" = "$2" ]
}

# says SERVICE TEXT: it is sick, and its last check said so
says() {
    is_in_state "$1" sick && [[ $(last_check "$1") == *"$2"* ]]
}

# refused PROBE TEXT: `up` of a service with it ends at its line, with the text
refused() {
    mkdir -p "$WORLD/refused"
    printf 'name: refused\nservices:\n  web:\n    image: local/none\n    x-native:\n      user: nobody\n      command: [/bin/true]\n      %s\n' \
        "$1" >"$WORLD/refused/compose.yaml"
    run orch_in "$WORLD/refused" up
    echo "$1: exit $status: $output"
    [ "$status" -eq 3 ]
    [[ $output == *"compose.yaml:8:"*"$2"* ]]
}

@test "x-native.probe unix: a stream socket inside the service that accepts its user" {
    [ "$(ps_field socketed health)" = healthy ]
    wait_until 20 says unsocketed "/run/own/datagrams: it is no stream socket"
    kill -USR1 "$(ps_field socketed pid)"
    wait_until 20 says socketed "/run/own/app.sock: Connection refused"
    refused "probe: { kind: unix }" "'path' begins with /"
    refused "probe: { kind: unix, path: a/b }" "'path' begins with /"
    refused "probe: { kind: unix, path: /$(printf '%0107d' 0) }" "longer than a socket's may be"
}

@test "x-native.probe tls: who signed it, whom it names, and how long it is valid yet" {
    [ "$(ps_field certified health)" = healthy ]
    wait_until 20 says expiring "ends on $(LC_ALL=C date -u -d "$(openssl x509 -noout -enddate -in "$PROJECT/tls/good.pem" | sed s/.*=//)" "+%b %e %H:%M:%S %Y GMT"): in 9 days, 30 are wanted"
    wait_until 20 says misnamed "certificate for other.test: hostname mismatch"
    wait_until 20 says untrusted "certificate for svc.test: self-signed certificate"
    wait_until 20 says plain "TLS handshake: "
    refused "probe: { kind: tls }" "which port it asks"
    refused "probe: { kind: tls, port: 1, days: never }" "'days' must be a number"
    refused "probe: { kind: tls, port: 1, ca: ./nothing.pem }" "No such file or directory"
    refused "probe: { kind: tls, port: 1, ca: ./compose.yaml }" "no certificate in it"
    refused "probe: { kind: tls, port: 1, ca: ./compose.yaml, insecure: true }" "'insecure' accepts any"
    head -c 40000 /dev/zero >"$WORLD/refused/large.pem"
    refused "probe: { kind: tls, port: 1, ca: ./large.pem }" "larger than 32 KiB"
}

@test "x-native.probe redis, mysql and http: as whom they log in, to which database, and whose certificate will do" {
    orch --profile asked up cache shop pages
    orch --profile asked up --no-wait --no-deps cache-password cache-user shop-user shop-database pages-known
    wait_until 20 says cache-password WRONGPASS
    wait_until 20 says cache-user WRONGPASS
    wait_until 20 says shop-user "Access denied for user 'other'"
    wait_until 20 says shop-database "to database 'mysql'"
    wait_until 20 says pages-known certificate
    for service in cache shop pages; do
        [ "$(ps_field "$service" health)" = healthy ]
    done
}

@test "x-native.probe log: a line of this life that matches, also one that was printed to a manager that was killed" {
    local old up
    orch --profile late up lined after 3>&- &
    up=$!
    wait_until 20 last_check_is lined "no line matches '^ready at port [0-9]+$' yet"
    [ "$(ps_field after state)" = waiting ]
    touch "/proc/$(ps_field lined pid)/root/told/ready"
    wait "$up"
    is_healthy lined
    # nobody asks any more; a new manager knows it too
    [ "$(ps_json | jq '.services[] | select(.service == "lined") | .health_log[-1].ok')" = true ]
    old=$(daemon_pid ipam-orchd)
    kill -KILL "$old"
    orch ps >/dev/null || true
    wait_until 20 is_healthy lined
    [ "$(daemon_pid ipam-orchd)" != "$old" ]
    # the next life has to say it itself
    rm "/proc/$(ps_field lined pid)/root/told/ready"
    orch restart lined 3>&- &
    up=$!
    wait_until 20 last_check_is lined "no line matches '^ready at port [0-9]+$' yet"
    touch "/proc/$(ps_field lined pid)/root/told/ready"
    wait "$up"
    is_healthy lined
    refused "probe: { kind: log }" "which line: 'pattern'"
    refused "probe: { kind: log, pattern: '(a)\\1' }" "does not refer back"
    refused "probe: { kind: log, pattern: '(' }" "no extended regular expression"
}

# tell TEXT: the service telling says it
tell() {
    printf '%s' "$1" >"$WORLD/say"
    chmod 666 "$WORLD/say"
    mv "$WORLD/say" "/proc/$(ps_field telling pid)/root/told/say"
}

# shows TEXT: what telling says of itself is in `ps`
shows() {
    [ "$(ps_field telling says)" = "$1" ]
}

was_restarted() {
    [ "$(ps_field "$1" restarts)" -eq 1 ]
}

@test "x-native.probe notify and x-native.watchdog: sd_notify by its own processes, heard by every manager" {
    local up pid
    orch --profile telling up telling 3>&- &
    up=$!
    wait_until 20 last_check_is telling "it has not said READY=1 yet"
    # a process of the host that found its way to the socket
    pid=$(ps_field telling pid)
    nsenter -t "$pid" -m python3 -c 'if True:
        import socket
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect("/run/ipam-orch/notify"); s.send(b"READY=1\nSTATUS=forged")' 3>&-
    wait_until 20 grep -q "says something in its name and is none of it" "$WORLD/log/ipam-orchd.log"
    [ "$(ps_field telling state)" = starting ]
    tell "STATUS=reads what it needs"
    wait_until 20 shows "reads what it needs"
    [[ $(orch ps) == *"reads what it needs"* ]]
    tell "READY=1"
    wait "$up"
    is_healthy telling
    # the next manager hears it too, and what was said to none
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    tell "STATUS=said to nobody"
    orch ps >/dev/null || true
    wait_until 20 shows "said to nobody"
    is_healthy telling "$((pid + 1))"
    [ "$(ps_field telling pid)" -eq "$pid" ]
    # who does not say that it lives is restarted
    rm "/proc/$pid/root/told/alive"
    wait_until 30 was_restarted telling
    [[ $(ps_field telling last_exit) == "was unhealthy: no WATCHDOG=1 in time"* ]]
    wait_until 20 last_check_is telling "it has not said READY=1 yet"
    refused "watchdog: 2s" "needs probe: {kind: notify}"
    refused $'watchdog: 1ms\n      probe: { kind: notify }' "at least 100ms"
}
