#!/usr/bin/env bats
# Figures for Prometheus over HTTP: who asks well gets them, who does not gets a reason, who is slow harms nobody.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<-YAML
		name: measured
		services:
		  web: { image: local/none, x-native: { user: nobody, command: [/bin/sleep, "3631"] } }
	YAML
    orch up
    # as somebody who has no right but to look
    in_net setpriv --reuid nobody --regid nogroup --clear-groups env -C / IPAM_ORCH_RUN_DIR="$WORLD/run" LC_ALL=C.UTF-8 \
        "$WORLD/root/usr/bin/ipam-orch" -p measured metrics --listen 127.0.0.1:0 >/dev/null 2>"$WORLD/where" 3>&- &
    echo $! >"$WORLD/starter"
    wait_until 20 grep -q ^http "$WORLD/where"
    URL=$(head -n 1 "$WORLD/where")
    PORT=${URL##*:}
    PORT=${PORT%/metrics}
    export URL PORT
}

listener() {
    pgrep -P "$(cat "$WORLD/starter")"
}

teardown_file() {
    ! mountpoint -q "$WORLD/small" || umount "$WORLD/small"
    kill "$(listener)" || true
    world_close
}

teardown() { explain_failure; }

# get ARGUMENT...: curl in the world
get() {
    in_net curl -sS --noproxy '*' --max-time 30 "$@"
}

# code ARGUMENT...
code() {
    get -o /dev/null -w '%{http_code}' "$@"
}

# speaks TEXT: to the port, raw; what comes back
speaks() {
    in_net python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
while part := s.recv(65536):
    sys.stdout.write(part.decode())' "$PORT" "$1"
}

@test "GET has the figures of metrics and their type, HEAD the same without them" {
    run get -D "$WORLD/head" "$URL"
    [ "$status" -eq 0 ]
    grep -q '^ipam_orch_state{project="measured",service="web",instance="web",state="up"} 1$' <<<"$output"
    grep -q '^ipam_orch_memory_bytes{.*} [1-9]' <<<"$output"
    grep -qi '^content-type: text/plain; version=0.0.4' "$WORLD/head"
    run get -I "$URL?seconds=1"
    [[ ${lines[0]} == "HTTP/1.1 200 OK"* ]]
    grep -qi '^content-length: [1-9]' <<<"$output"
    [ "$(grep -c ipam_orch <<<"$output")" -eq 0 ]
}

@test "when a backup last succeeded, and that the last one failed, is told to everybody" {
    run get "$URL"
    [[ $output != *ipam_orch_backup* ]]
    orch backup create --what config
    run get "$URL"
    has_line 'ipam_orch_backup_failed{project="measured"} 0' <<<"$output"
    [ "$(sed -n 's/^ipam_orch_backup_done_seconds{project="measured"} //p' <<<"$output")" -gt 0 ]
    [ "$(sed -n 's/^ipam_orch_backup_bytes{project="measured"} //p' <<<"$output")" -gt 0 ]
    [[ $output != *ipam_orch_drill* ]]
    mkdir "$WORLD/small"
    mount -t tmpfs -o size=4k tmpfs "$WORLD/small"
    run orch backup create --what config -o "$WORLD/small"
    umount "$WORLD/small"
    [ "$status" -eq 12 ]
    run get "$URL"
    has_line 'ipam_orch_backup_failed{project="measured"} 1' <<<"$output"
    [ "$(sed -n 's/^ipam_orch_backup_done_seconds{project="measured"} //p' <<<"$output")" -gt 0 ]
}

@test "another path, another method, no request, too much of one: 404, 405, 400, 431" {
    [ "$(code "${URL%metrics}")" = 404 ]
    [ "$(code "${URL}s")" = 404 ]
    [ "$(code -d a=b "$URL")" = 405 ]
    [[ $(speaks 'nonsense\r\n\r\n') == "HTTP/1.1 400"* ]]
    [[ $(speaks 'GET /metrics\r\n\r\n') == "HTTP/1.1 400"* ]]
    [[ $(speaks 'GET /metrics HTTP/1.0\r\n\x00\r\n\r\n') == "HTTP/1.1 400"* ]]
    [[ $(speaks "GET /$(printf 'a%.0s' {1..9000})") == "HTTP/1.1 431"* ]]
}

@test "one that says nothing keeps nobody waiting, and a hundred at once are all answered" {
    coproc SLOW { in_net python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /met")
print("connected", flush=True)
sys.stdin.read()' "$PORT"; }
    read -r <&"${SLOW[0]}"
    [ "$(code "$URL")" = 200 ]
    [ "$(in_net python3 -c 'import concurrent.futures, sys, urllib.request
def ask(n):
    return urllib.request.urlopen(f"{sys.argv[1]}?{n}", timeout=60).status
with concurrent.futures.ThreadPoolExecutor(100) as pool:
    print(list(pool.map(ask, range(100))).count(200))' "$URL")" -eq 100 ]
    eval "exec ${SLOW[1]}>&-"
    # who has ended is taken away when the next one comes
    few() { [ "$(code "$URL")" = 200 ] && [ "$(pgrep -c -P "$(listener)")" -le 2 ]; }
    wait_until 20 few
}

@test "no manager: 503; the figures again when it is back" {
    orch down
    [ "$(code "$URL")" = 503 ]
    orch up
    [ "$(code "$URL")" = 200 ]
}

@test "an address that is none, or taken: which" {
    run orch metrics --listen 127.0.0.1:99999
    [[ $output == *"--listen '127.0.0.1:99999': an address and a port"* ]]
    run orch metrics --listen nowhere
    [ "$status" -eq 2 ]
    run orch metrics --listen ::1:80
    [ "$status" -eq 2 ]
    run orch metrics --listen "127.0.0.1:$PORT"
    [ "$status" -eq 1 ]
    [[ $output == *"Address already in use"* ]]
}
