#!/usr/bin/env bats
# Sockets that are held for a service: it may be restarted and killed, nobody is refused.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/listen.yaml" "$PROJECT/compose.yaml"
    cp "$BATS_TEST_DIRNAME/serve.py" "$PROJECT/"
    orch up
}

teardown_file() { world_close; }

teardown() {
    touch "$WORLD/stop" # for clients that a failed test has left
    explain_failure
}

# rests PID: it has said that it accepts nothing any more
rests() {
    [ "$(cat "$WORLD/state/volumes/listen_told/resting" 2>/dev/null)" = "$(awk '/^NSpid:/ { print $NF }' "/proc/$1/status")" ]
}

# listens_to_usr1 PID: it has come so far that it can be asked to rest
listens_to_usr1() {
    local caught
    caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$1/status")
    ((0x$caught & 1 << 9))
}

is_another() {
    local pid
    pid=$(ps_field "$1" pid)
    [ "$pid" -gt 0 ] && [ "$pid" -ne "$2" ]
}

knock() {
    be_in_net python3 "$BATS_TEST_DIRNAME/knock.py" "$@"
}

@test "x-native.listen: while clients connect it is restarted ten times and killed five times, and every one is answered" {
    local holder clients n pid
    holder=$(ps_field web.sockets pid)
    # through the published port, and the address of its network
    knock 127.0.0.1 7080 "$WORLD/stop" >"$WORLD/knocked" &
    clients=$!
    for ((n = 0; n < 10; n++)); do
        pid=$(ps_field web pid)
        orch restart web
        is_another web "$pid"
    done
    for ((n = 0; n < 5; n++)); do
        pid=$(ps_field web pid)
        # what a program has accepted dies with it: let it accept nothing first
        rm -f "$WORLD/state/volumes/listen_told/resting"
        wait_until 20 listens_to_usr1 "$pid"
        kill -USR1 "$pid"
        wait_until 20 rests "$pid"
        kill -KILL "$pid"
        wait_until 20 is_another web "$pid"
    done
    [ "$(ps_field web restarts)" -eq 5 ]
    [ "$(ps_field web.sockets pid)" -eq "$holder" ]
    touch "$WORLD/stop"
    wait "$clients"
    cat "$WORLD/knocked"
    [[ $(cat "$WORLD/knocked") =~ ^answered=[0-9]+$ ]]
    [ "$(sed s/answered=// "$WORLD/knocked")" -ge 2000 ]
}

@test "x-native.listen: manager, broker and even who holds the sockets may be killed" {
    local pid holder
    pid=$(ps_field web pid)
    holder=$(ps_field web.sockets pid)
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    orch restart web
    is_another web "$pid"
    [ "$(ps_field web.sockets pid)" -eq "$holder" ]
    run in_net bash -c 'exec 3<>/dev/tcp/127.0.0.1/7081; echo >&3; cat <&3'
    [ "$output" = answer ]
    pid=$(ps_field web pid)
    kill -KILL "$holder"
    wait_until 20 is_another web.sockets "$holder"
    wait_until 20 is_another web "$pid"
    wait_until 20 is_in_state web up
    run in_net bash -c 'exec 3<>/dev/tcp/127.0.0.1/7081; echo >&3; cat <&3'
    [ "$output" = answer ]
}

@test "x-native.listen: names, network settings and the end are those of the service" {
    local name holder
    for name in web www site; do
        run orch exec asker /usr/bin/python3 -c "import socket; s = socket.create_connection(('$name', 80)); s.send(b'x'); print(s.recv(64).decode())"
        [[ $output == answer* ]]
    done
    [ "$(nsenter -t "$(ps_field web pid)" -n sysctl -n net.core.somaxconn)" = 3000 ]
    [[ $(orch port web 80) == 127.0.0.1:7080 ]]
    # it stays while only the service changes, and goes when its sockets do
    holder=$(ps_field web.sockets pid)
    sed -i 's/stop_grace_period: 20s/stop_grace_period: 19s/' "$PROJECT/compose.yaml"
    orch up
    [ "$(ps_field web.sockets pid)" -eq "$holder" ]
    sed -i 's/{ port: 81, address: 0.0.0.0 }/{ port: 81, address: 127.0.0.1, name: "81" }/' "$PROJECT/compose.yaml"
    orch up
    is_another web.sockets "$holder"
    wait_until 20 is_in_state web up
    orch restart
    holder=$(ps_field web.sockets pid)
    orch restart
    [ "$(ps_field web.sockets pid)" -eq "$holder" ]
}

# refused ATTRIBUTES TEXT
refused() {
    mkdir -p "$WORLD/refused"
    printf 'name: refused\nservices:\n  web:\n    image: local/none\n    x-native: { user: nobody, command: [/bin/true], %s }\n    <<: { %s }\n' \
        "$1" "$2" >"$WORLD/refused/compose.yaml"
    run orch_in "$WORLD/refused" up
    echo "$1: exit $status: $output"
    [ "$status" -eq 3 ]
    [[ $output == *"compose.yaml:5:"*"$3"* ]]
}

@test "x-native.listen: what cannot be held is refused" {
    refused "listen: [{ port: 0 }]" "" "'port' must be a port"
    refused "listen: [{ port: 80, address: here }]" "" "'here' is no address"
    refused "listen: [{ port: 80, name: 'a:b' }]" "" "a socket is called by"
    refused "listen: [{ port: 80 }]" "network_mode: host" "a network of its own"
    refused "listen_variable: NGINX" "" "'listen_variable' needs 'listen'"
}
