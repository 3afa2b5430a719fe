# A small certification authority for tests: pebble, in the network namespace of the world, which
# asks the world's own port 80 for its challenges.
# shellcheck shell=bash

# acme_prepare NAME...: names that lead to this host, and whom programs trust; once
acme_prepare() {
    ACME=$WORLD/pebble
    export ACME
    mkdir "$ACME"
    printf '127.0.0.1 localhost %s\n' "$*" >"$ACME/hosts"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$ACME/server.key" -out "$ACME/server.crt" 2>/dev/null
    cat "$ACME/server.crt" /etc/ssl/certs/ca-certificates.crt >"$ACME/trusted.crt"
}

# with_acme COMMAND...: in the world's network, with those names and that trust; its own mounts
with_acme() {
    # shellcheck disable=SC2016 # the shell in there expands it
    in_net unshare -m --propagation private sh -c '
        mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/trusted.crt" /etc/ssl/certs/ca-certificates.crt && exec "$@"' \
        "$ACME" "$@"
}

acme_answers() {
    in_net curl -sf --cacert "$ACME/server.crt" https://127.0.0.1:14000/dir >/dev/null
}

# acme_start [SECONDS]: a new authority, whose certificates are valid for so long
acme_start() {
    jq -n --arg dir "$ACME" --argjson valid "${1:-7776000}" --argjson eab "${2:-false}" '{ pebble: { listenAddress: "127.0.0.1:14000",
        managementListenAddress: "127.0.0.1:15000", certificate: "\($dir)/server.crt", privateKey: "\($dir)/server.key",
        httpPort: 80, tlsPort: 443, ocspResponderURL: "", externalAccountBindingRequired: $eab, certificateValidityPeriod: $valid,
        externalAccountMACKeys: { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" } } }' >"$ACME/config.json"
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        with_acme env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 \
            pebble -config "$ACME/config.json" -dnsserver 127.0.0.1:8053 </dev/null >>"$ACME/log" 2>&1 &
        echo $! >"$ACME/pid"
        in_net pebble-challtestsrv -dns01 127.0.0.1:8053 -defaultIPv4 127.0.0.1 -defaultIPv6 "" -http01 "" -https01 "" \
            -tlsalpn01 "" -management 127.0.0.1:8055 </dev/null >>"$ACME/log" 2>&1 &
        echo $! >>"$ACME/pid"
        disown -a
    )
    wait_until 20 acme_answers
}

acme_stop() {
    local pid children
    [ -e "$ACME/pid" ] || return 0
    while read -r pid; do
        # the function that started it is a shell, whose only child it is
        children=$(pgrep -P "$pid") || children=$pid
        kill "$children" 2>/dev/null || true
    done <"$ACME/pid"
    rm "$ACME/pid"
}

# acme_root FILE: the certificates above those that it issues
acme_root() {
    in_net curl -sf --cacert "$ACME/server.crt" https://127.0.0.1:15000/roots/0 >"$1"
}
