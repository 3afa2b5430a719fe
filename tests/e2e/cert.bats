#!/usr/bin/env bats
# Certificates: a test certificate, one of an ACME server, the next one; nothing of it restarts nginx.
# The tests build on each other: the first brings the stack up.

load world
load acme

setup_file() {
    world_open
    command -v pebble uacme >/dev/null || skip "pebble or uacme is not installed"
    copy_project
    # the usual test of nginx, which can be held up or made to fail
    cat >"$PROJECT/compose.override.yaml" <<'YAML'
services:
  nginx:
    x-native:
      reload_test: [/bin/sh, -c, "while [ -e /tmp/hold ]; do sleep 0.1; done; [ ! -e /tmp/refuse ] || { echo refused >&2; exit 1; }; exec nginx -q -t"]
YAML
    acme_prepare ipam.test other.test
    acme_start
}

teardown_file() {
    [ -z "${ACME:-}" ] || acme_stop
    world_close
}

setup() { needs_the_stack; }
teardown() { explain_of_the_stack; }

URL=https://127.0.0.1:14000/dir

# cert ARGUMENT...: the verb, where names and trust are those of the test authority
cert() {
    with_acme env -C "$PROJECT" IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_STATE_DIR="$WORLD/state" \
        IPAM_ORCH_LOG_DIR="$WORLD/log" IPAM_ORCH_CONF_DIR="$WORLD/root/etc/ipam-orch" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" \
        NO_COLOR=1 LC_ALL=C.UTF-8 "$WORLD/root/usr/bin/ipam-orch" cert "$@"
}

# status FIELD: of the JSON document
status() {
    cert status --format json | jq -r ".$1"
}

# check_of ID: its status
check_of() {
    cert status --format json 2>/dev/null | jq -r --arg id "$1" '.checks[] | select(.id == $id) | .status'
}

# served: serial of what nginx shows
served() {
    in_net openssl s_client -connect 127.0.0.1:443 -servername ipam.test </dev/null 2>/dev/null | openssl x509 -noout -serial
}

serial_of_file() {
    openssl x509 -noout -serial -in "$PROJECT/certs/server.crt"
}

# is_served_as_before SERIAL PID: the certificate and the process that there were
is_served_as_before() {
    [ "$(served)" = "$1" ]
    [ "$(serial_of_file)" = "$1" ]
    [ "$(ps_field nginx pid)" = "$2" ]
    [ "$(status served_matches_file)" = true ]
    [ "$(check_of key)" = ok ]
}

# event NAME: how often it is in the journal
events() {
    orch events --json --since 1h --no-follow --filter event="$1" | jq -s length
}

@test "without a certificate up makes one, signed by itself, and cert status says so" {
    orch init
    set_env DOMAIN ipam.test
    orch up
    touch "$WORLD/is-up"
    run in_net openssl s_client -connect 127.0.0.1:443 </dev/null
    [ "$(sed -n 's/^subject=//p' <<<"$output" | head -n 1)" = "$(sed -n 's/^issuer=//p' <<<"$output" | head -n 1)" ]
    run --separate-stderr cert status --format json
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(jq -r '"\(.schema) \(.mode) \(.project) \(.self_signed) \(.source) \(.served_matches_file) \(.key_type)"' <<<"$output")" = \
        "1 native ipam true self-signed true EC 256" ]
    [ "$(jq -r .days_left <<<"$output")" -eq 364 ]
    [ "$(jq -r '.names | sort | join(" ")' <<<"$output")" = "127.0.0.1 ::1 ipam.test localhost" ]
    [ "$(jq -r '[.checks[] | select(.status != "ok") | .id] | join(" ")' <<<"$output")" = issuer ]
    [ "$(stat -c '%a %G' "$PROJECT/certs" "$PROJECT/acme" | tr '\n' ' ')" = "2770 ipam-orch 2775 ipam-orch " ]
    run orch metrics
    grep -qx 'ipam_orch_certificate_self_signed{project="ipam",service="nginx",instance="nginx",port="443"} 1' <<<"$output"
    [ "$(sed -n 's/^ipam_orch_certificate_not_after_seconds{.*} //p' <<<"$output")" -eq \
        "$(date -d "$(openssl x509 -noout -enddate -in "$PROJECT/certs/server.crt" | sed 's/.*=//')" +%s)" ]
    run cert status
    [[ $output == *"a test certificate nobody trusts"* ]]
}

@test "cert status: what is wrong with the files, and that another certificate is served" {
    local kept=$WORLD/kept
    cp -a "$PROJECT/certs" "$kept"
    openssl ecparam -name prime256v1 -genkey -noout -out "$PROJECT/certs/server.key"
    [ "$(check_of key)" = fail ]
    chmod 644 "$PROJECT/certs/server.key"
    [ "$(check_of key_mode)" = fail ]
    openssl req -x509 -newkey rsa:1024 -nodes -days 30 -subj /CN=weak -addext subjectAltName=DNS:weak.test \
        -keyout "$PROJECT/certs/server.key" -out "$PROJECT/certs/server.crt" 2>/dev/null
    run --separate-stderr cert status --format json
    [ "$status" -eq 1 ]
    [ "$(jq -r '[.checks[] | select(.status == "fail") | .id] | sort | join(" ")' <<<"$output")" = "key_mode names served strength" ]
    [ "$(jq -r .served_matches_file <<<"$output")" = false ]
    rm "$PROJECT/certs/server.crt"
    [ "$(check_of certificate)" = fail ]
    chmod 755 "$PROJECT/certs"
    [ "$(check_of scheduled_renewal)" = warn ]
    rm -r "$PROJECT/certs"
    mv "$kept" "$PROJECT/certs"
    [ "$(status served_matches_file)" = true ]
    # without the pair up makes another one
    rm "$PROJECT"/certs/server.*
    orch up
    [ "$(status 'source + " " + (.served_matches_file | tostring)')" = "self-signed true" ]
}

@test "cert issue: a chain of the authority is served, by the process that ran" {
    local pid
    pid=$(ps_field nginx pid)
    run cert issue --acme-directory "$URL" --email admin@ipam.test --domain ipam.test
    echo "$output"
    [ "$status" -eq 0 ]
    acme_root "$WORLD/root.pem"
    run in_net openssl s_client -connect 127.0.0.1:443 -servername ipam.test -verify_hostname ipam.test \
        -CAfile "$WORLD/root.pem" -verify_return_error </dev/null
    echo "$output"
    [[ $output == *"Verify return code: 0 (ok)"* ]]
    [[ $output == *"Pebble Intermediate"* ]]
    [ "$(ps_field nginx pid)" = "$pid" ]
    [ "$(status 'source + " " + (.due | tostring)')" = "acme false" ]
    [ "$(events certificate-replaced)" -ge 1 ]
    # neither the key of the account nor that of the certificate is anybody else's
    [ "$(stat -c '%a %U' "$WORLD"/state/operations/ipam/cert/acme/127.0.0.1_14000/private/key.pem)" = "400 ipam-orch" ]
    [ "$(stat -c '%a %G' "$PROJECT/certs/server.key")" = "640 ipam-orch" ]
    [ -z "$(find "$PROJECT/acme" -type f -not -name .gitignore)" ]
}

@test "the next up replaces nobody: it wants what was renewed" {
    local before
    before=$(ps_pids)
    orch up
    [ "$(ps_pids)" = "$before" ]
}

@test "cert renew before it is time does nothing; --force gets another one; nginx's master stays" {
    local pid before
    pid=$(ps_field nginx pid)
    before=$(served)
    run cert renew
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"not time yet"* ]]
    [ "$(served)" = "$before" ]
    cert renew --force
    [ "$(served)" != "$before" ]
    is_served_as_before "$(served)" "$pid"
}

@test "as the manager's user, without the project's files: as a schedule renews" {
    local before
    before=$(served)
    # it is one of those that go without saying
    orch schedule ls | grep -q '^cert-renew .*cert renew'
    orch schedule run cert-renew
    [ "$(served)" = "$before" ]
    # its .env.prod is root's alone
    run with_acme setpriv --reuid ipam-orch --regid ipam-orch --init-groups env -C / \
        IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_STATE_DIR="$WORLD/state" IPAM_ORCH_LOG_DIR="$WORLD/log" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" \
        IPAM_ORCH_PROJECT_DIR="$PROJECT" "$WORLD/root/usr/bin/ipam-orch" -p ipam cert renew --force
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(served)" != "$before" ]
    [ "$(stat -c '%a %U %G' "$PROJECT/certs/server.key")" = "640 ipam-orch ipam-orch" ]
    [ "$(status served_matches_file)" = true ]
}

@test "a wrong answer to the challenge: the old certificate is served, and the error says what the server saw" {
    local before pid
    before=$(served) pid=$(ps_field nginx pid)
    # nginx does not serve what is written here
    mkdir "$WORLD/elsewhere"
    chmod 777 "$WORLD/elsewhere"
    sed -i "s|webroot: .*|webroot: $WORLD/elsewhere|" "$PROJECT/compose.yaml"
    run cert issue --acme-directory "$URL" --domain ipam.test --email admin@ipam.test
    echo "$output"
    sed -i "s|webroot: .*|webroot: ./acme|" "$PROJECT/compose.yaml"
    [ "$status" -eq 1 ]
    [[ $output == *"did not get the right answer to its challenge"*404* ]]
    [[ $output == *"must lead here from the internet, on port 80"* ]]
    is_served_as_before "$before" "$pid"
}

@test "an account that the server has ended: the old certificate is served, and a new account helps" {
    local before pid dir
    before=$(served) pid=$(ps_field nginx pid)
    dir=$WORLD/state/operations/ipam/cert/acme/127.0.0.1_14000
    with_acme setpriv --reuid ipam-orch --regid ipam-orch --init-groups uacme -c "$dir" -a "$URL" deactivate
    run cert renew --force
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"the account is refused by $URL: "*deactivated* ]]
    [[ $output == *"cert issue --new-account"* ]]
    [ "$(events certificate-renewal-failed)" -eq 1 ]
    is_served_as_before "$before" "$pid"
    cert issue --acme-directory "$URL" --domain ipam.test --email admin@ipam.test --new-account
    [ "$(served)" != "$before" ]
}

# own_pair DAYS: a pair in $WORLD/own.crt and $WORLD/own.key
own_pair() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$1" -subj /CN=own \
        -addext subjectAltName=DNS:ipam.test,DNS:localhost,IP:127.0.0.1,IP:::1 \
        -keyout "$WORLD/own.key" -out "$WORLD/own.crt" 2>/dev/null
}

@test "cert import: what does not go together is refused before anything is touched; what does is served" {
    local before pid
    before=$(served) pid=$(ps_field nginx pid)
    own_pair 90
    run cert import "$WORLD/own.crt" "$PROJECT/certs/server.key"
    [ "$status" -eq 3 ]
    [[ $output == *"the key is not that of the certificate"* ]]
    run cert import "$WORLD/own.crt" "$WORLD/nothing"
    [ "$status" -eq 1 ]
    is_served_as_before "$before" "$pid"
    run cert self-signed
    [ "$status" -eq 15 ]
    [[ $output == *"--force"* ]]
    cert import "$WORLD/own.crt" "$WORLD/own.key"
    is_served_as_before "$(openssl x509 -noout -serial -in "$WORLD/own.crt")" "$pid"
    [ "$(status source)" = import ]
}

@test "nginx's own test refuses it: the old pair is back in files, secrets and nginx" {
    local before pid
    before=$(served) pid=$(ps_field nginx pid)
    own_pair 80
    orch exec -T nginx touch /tmp/refuse
    run cert import "$WORLD/own.crt" "$WORLD/own.key"
    echo "$output"
    orch exec -T nginx rm /tmp/refuse
    [ "$status" -eq 3 ]
    [[ $output == *"the new certificate was not taken, the old one is served"*refused* ]]
    is_served_as_before "$before" "$pid"
    [ "$(orch exec -T nginx cat /run/secrets/tls_key | sha256sum)" = "$(sha256sum <"$PROJECT/certs/server.key")" ]
}

file_is() {
    [ "$(serial_of_file)" = "$1" ]
}

nginx_has() {
    [ "$(orch exec -T nginx cat /run/secrets/tls_cert | openssl x509 -noout -serial)" = "$1" ]
}

@test "killed in the middle: the old one is served, and the next operation puts everything back" {
    local before pid new child
    before=$(served) pid=$(ps_field nginx pid)
    own_pair 70
    new=$(openssl x509 -noout -serial -in "$WORLD/own.crt")
    orch exec -T nginx touch /tmp/hold
    cert import "$WORLD/own.crt" "$WORLD/own.key" &
    child=$!
    wait_until 30 file_is "$new"
    wait_until 30 nginx_has "$new"
    kill -KILL "$(pgrep -P "$child")"
    wait "$child" || true
    [ "$(served)" = "$before" ]
    [ "$(status served_matches_file)" = false ]
    orch exec -T nginx rm /tmp/hold
    run orch reload frontend
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"an earlier cert was interrupted"* ]]
    is_served_as_before "$before" "$pid"
    nginx_has "$before"
    # and once more, before anything has begun: in a challenge
    # shellcheck disable=SC2016 # as above
    printf '#!/bin/sh\nkill -KILL "$(cat %s/victim)"\n' "$WORLD" >"$WORLD/kills"
    chmod 755 "$WORLD/kills"
    # shellcheck disable=SC2016 # the shell in there expands it
    run with_acme sh -c 'echo $$ >"$0/victim"; exec "$@"' "$WORLD" env -C "$PROJECT" IPAM_ORCH_RUN_DIR="$WORLD/run" \
        IPAM_ORCH_STATE_DIR="$WORLD/state" IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" \
        "$WORLD/root/usr/bin/ipam-orch" cert issue --acme-directory "$URL" --domain ipam.test --dns-hook "$WORLD/kills"
    echo "$output"
    [ "$status" -ne 0 ]
    is_served_as_before "$before" "$pid"
}

is_due() {
    [ "$(status due)" = true ]
}

@test "an authority that wants an account of its own, and dns-01: from the settings of the project" {
    acme_stop
    acme_start 24 true
    cat >"$WORLD/dns" <<'HOOK'
#!/bin/sh
[ "$1 $2" = "begin dns-01" ] || exit 0
exec curl -sf -d "{\"host\":\"_acme-challenge.$3.\",\"value\":\"$5\"}" http://127.0.0.1:8055/set-txt
HOOK
    chmod 755 "$WORLD/dns"
    set_env ACME_DIRECTORY "$URL"
    rm -r "$WORLD/state/operations/ipam/cert/acme"
    run cert issue
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"wants an account of its operator"*"--eab-key-id"* ]]
    echo zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W >"$WORLD/eab"
    run cert issue --eab-key-id kid-1 --eab-key-file "$WORLD/eab" --dns-hook "$WORLD/dns"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(status source)" = acme ]
    # answered by the program, not by the file
    grep -q '_acme-challenge.ipam.test' "$ACME/log"
}

@test "a short lifetime: while the authority is away the old one is served and the journal says so, then a new serial" {
    local before pid
    before=$(served) pid=$(ps_field nginx pid)
    acme_stop
    wait_until 60 is_due
    run cert renew
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"the ACME server $URL does not answer: "*"connect"* ]]
    [ "$(served)" = "$before" ]
    [ "$(ps_field nginx pid)" = "$pid" ]
    [ "$(events certificate-expires)" -ge 1 ]
    acme_start 3600
    run cert renew --email again@ipam.test
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(served)" != "$before" ]
    [ "$(serial_of_file)" = "$(served)" ]
    [ "$(ps_field nginx pid)" = "$pid" ]
}
