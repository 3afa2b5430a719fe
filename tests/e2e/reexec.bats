#!/usr/bin/env bats
# The programs of the manager are replaced under running services, or stay when the new ones fail.

load world
load numbers

setup_file() {
    world_open
    make_numbers '    ports: ["127.0.0.1:7070:7070"]
    networks: [front]
    healthcheck: { test: [CMD, test, -e, /run], interval: 100ms }
networks:
  front: {}'
    mkdir "$PROJECT/told"
}

teardown_file() { world_close; }
teardown() { explain_failure; }

says() {
    grep -q "$1" "$2"
}

has_process() {
    [ "$(ps_field "$1" pid)" -gt 0 ] 2>/dev/null
}

# daemon_field PROGRAM FIELD
daemon_field() {
    orch daemon status --format json | jq -r --arg p "$1" --arg f "$2" '.[] | select(.program == $p) | .[$f]'
}

# put_program NAME <TEXT: another file in its place, as a package manager does it
put_program() {
    cat >"$WORLD/root/usr/lib/ipam-orch/new"
    chmod 755 "$WORLD/root/usr/lib/ipam-orch/new"
    mv "$WORLD/root/usr/lib/ipam-orch/new" "$WORLD/root/usr/lib/ipam-orch/$1"
}

# put_back NAME: the program that works, as a file of its own
put_back() {
    put_program "$1" <"$WORLD/$1.good"
}

@test "a service that writes numbered lines comes up" {
    cp "$WORLD/root/usr/lib/ipam-orch/ipam-orchd" "$WORLD/ipam-orchd.good"
    cp "$WORLD/root/usr/lib/ipam-orch/ipam-sandboxd" "$WORLD/ipam-sandboxd.good"
    run -0 orch up
    ps_field numbers pid >"$WORLD/pid"
    wait_until 20 has_line 200
}

@test "daemon status: processes, files, sockets, and how many instances" {
    local name
    for name in ipam-orchd ipam-sandboxd; do
        [ "$(daemon_field "$name" pid)" = "$(daemon_pid "$name")" ]
        [ "$(daemon_field "$name" installed)" = true ]
        [ "$(daemon_field "$name" version)" = "$(cat "$IPAM_ORCH_SOURCE/VERSION")" ]
        [ -S "$(daemon_field "$name" socket)" ]
        [ "$(daemon_field "$name" rss)" -gt 100000 ]
    done
    [ "$(daemon_field ipam-sandboxd instances)" -eq 1 ]
    run -0 orch daemon status
    grep -E "^ipam-orchd +$(daemon_pid ipam-orchd) .* installed " <<<"$output"
}

@test "daemon status: a file that was replaced since makes the process an older one" {
    put_back ipam-orchd
    put_back ipam-sandboxd
    [ "$(daemon_field ipam-orchd installed)" = false ]
    [ "$(daemon_field ipam-sandboxd installed)" = false ]
    run -0 orch daemon status
    grep -E "^ipam-sandboxd .* older " <<<"$output"
}

@test "daemon reexec: other processes, of the installed files; services go on, the port is held" {
    local broker supervisor
    broker=$(daemon_pid ipam-sandboxd)
    supervisor=$(daemon_pid ipam-orchd)
    run orch daemon reexec
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(daemon_pid ipam-sandboxd)" != "$broker" ]
    [ "$(daemon_pid ipam-orchd)" != "$supervisor" ]
    [[ "$output" == *"ipam-sandboxd replaced, it is process $(daemon_pid ipam-sandboxd) now"* ]]
    [[ "$output" == *"ipam-orchd replaced, it is process $(daemon_pid ipam-orchd) now"* ]]
    [ "$(daemon_field ipam-orchd installed)" = true ]
    [ "$(daemon_field ipam-sandboxd installed)" = true ]
    [ "$(daemon_field ipam-sandboxd instances)" -eq 1 ]
    run in_net python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 7070))'
    [[ "$output" == *"Address already in use"* ]]
    is_untouched
}

@test "a client that only looks keeps its connection" {
    local client
    cat >"$WORLD/looks.py" <<-EOF
		import json, os, socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		def look():
		    s.sendall(b'{"op":"status"}\n')
		    data = b""
		    while not data.endswith(b"\n"):
		        more = s.recv(65536)
		        assert more, "the connection has ended"
		        data += more
		    return json.loads(data)["status"]["projects"][0]["project"]
		assert look() == "numbers"
		open(sys.argv[2], "w").close()
		while not os.path.exists(sys.argv[3]):
		    time.sleep(0.02)
		assert look() == "numbers"
	EOF
    in_net python3 "$WORLD/looks.py" "$WORLD/run/manager/control.sock" "$WORLD/looks" "$WORLD/replaced" &
    client=$!
    wait_until 20 test -e "$WORLD/looks"
    run orch daemon reexec
    echo "$output"
    touch "$WORLD/replaced"
    [ "$status" -eq 0 ]
    wait "$client"
    is_untouched
}

# the socket may have to be made anew
is_older() {
    [ "$(daemon_field "$1" installed)" = false ]
}

# stays NAME TEXT: `reexec` fails with TEXT and the process of NAME stays
stays() {
    local before
    before=$(daemon_pid "$1")
    run orch daemon reexec
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$1 $2"* ]]
    [[ "$output" == *"the old program goes on"* ]]
    [ "$(daemon_pid "$1")" = "$before" ]
    wait_until 10 is_older "$1"
    is_untouched
}

@test "a new program that cannot be executed, fails or crashes at its start leaves the old one serving" {
    local name
    for name in ipam-sandboxd ipam-orchd; do
        echo "no program" | put_program "$name"
        stays "$name" "cannot be executed"
        printf '#!/bin/sh\nexit 3\n' | put_program "$name"
        stays "$name" "ended with status 3 before it was ready"
        printf '#!/bin/sh\nkill -SEGV $$\n' | put_program "$name"
        stays "$name" "was killed by signal 11 before it was ready"
        put_back "$name"
    done
}

@test "a new program that says nothing, or takes the socket along, leaves the old one serving" {
    printf '#!/bin/sh\nexec sleep 100000\n' | put_program ipam-orchd
    stays ipam-orchd "did not get ready within 10 s"
    printf '#!/bin/sh\nrm %s\nexit 1\n' "$WORLD/run/sandbox.sock" | put_program ipam-sandboxd
    put_back ipam-orchd
    stays ipam-sandboxd "ended with status 1 before it was ready"
    put_back ipam-sandboxd
}

@test "after the failures a good program takes its place" {
    run -0 orch daemon reexec
    [ "$(daemon_field ipam-orchd installed)" = true ]
    [ "$(daemon_field ipam-sandboxd installed)" = true ]
    is_untouched
}

# as_viewer ARGUMENT...
as_viewer() {
    in_net setpriv --reuid nobody --regid nogroup --clear-groups env -C / IPAM_ORCH_RUN_DIR="$WORLD/run" \
        "$WORLD/root/usr/bin/ipam-orch" "$@"
}

@test "who may only look may not replace" {
    run as_viewer daemon reexec
    echo "$output"
    [ "$status" -eq 13 ]
    [[ "$output" == *"'reexec' needs an operator"* ]]
    run -0 as_viewer daemon status
    run -13 as_viewer daemon stop
}

@test "no line is lost, none is doubled, the order is kept" {
    wait_until 60 has_line "$LINES_WANTED"
    diff <(seq 1 "$LINES_WANTED" | sed 's/^/line /') <(lines)
}

@test "an operation that is under way ends first; after the time given nothing is replaced" {
    local up reexec before
    sed -i '/^networks:/i\  late:\n    image: local/late\n    x-native: { user: nobody, command: [/bin/sleep, "100000"] }\n    volumes: ["./told:/told:ro"]\n    healthcheck: { test: [CMD, test, -e, /told/well], interval: 50ms, retries: 100000 }' "$PROJECT/compose.yaml"
    before=$(daemon_pid ipam-sandboxd)
    (orch up >"$WORLD/up" 2>&1 3>&-) &
    up=$!
    wait_until 20 has_process late
    run orch daemon reexec --wait-timeout 1
    echo "$output"
    [ "$status" -eq 124 ]
    [[ "$output" == *"ipam-sandboxd was not replaced: 'up' of project 'numbers' runs"* ]]
    [ "$(daemon_pid ipam-sandboxd)" = "$before" ]
    (orch daemon reexec >"$WORLD/reexec" 2>&1 3>&-) &
    reexec=$!
    wait_until 20 says "waiting: 'up' of project 'numbers' runs" "$WORLD/reexec"
    touch "$PROJECT/told/well"
    wait "$up"
    wait "$reexec"
    [ "$(daemon_pid ipam-sandboxd)" != "$before" ]
    is_untouched
}

# order_of STATE: the two services that came into it last
order_of() {
    orch events --since 1h --no-follow --json | jq -r --arg s "$1" 'select(.state == $s and .was != $s) | .service' | tail -n 2 | tr '\n' ' '
}

@test "daemon stop: everything stops in reverse order and stays wanted; the next manager starts it in order" {
    sed -i 's/image: local\/numbers/&\n    depends_on: { late: { condition: service_healthy } }/' "$PROJECT/compose.yaml"
    run -0 orch up
    run -0 orch daemon stop
    echo "$output"
    [ "$(order_of down)" = "numbers late " ]
    [ "$(ps_field numbers state)" = down ]
    run orch restart
    [ "$status" -eq 8 ]
    kill "$(daemon_pid ipam-orchd)"
    wait_until 20 is_healthy numbers
    [ "$(order_of up)" = "late numbers " ]
}

@test "what was replaced can still be taken down, and nothing is left" {
    run -0 orch down
    wait_until 10 world_is_empty
}
