#!/usr/bin/env bats
# What ends leaves nothing; what runs survives the broker and is found again by the next one.

load broker

setup_file() {
    broker_open
    leftovers >"$HOUSE/before"
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

is_clean() {
    leftovers >"$HOUSE/after"
    cmp -s "$HOUSE/before" "$HOUSE/after"
}

# clean: or the difference
clean() {
    wait_until 10 is_clean || {
        diff "$HOUSE/before" "$HOUSE/after"
        return 1
    }
}

network_fields='{"project":"t","bridge":"iohouse","ipv4":"10.200.9.1/24","ipv6":"","internal":false}'
wired='{"links":[{"bridge":"iohouse","ipv4":"10.200.9.2/24","gateway4":"10.200.9.1","ipv6":"","gateway6":"","mac":"","interface":""}],
    "ports":[{"address":"","published":8090,"last":8090,"target":80,"udp":false}],"memory":67108864}'

@test "an end and a remove leave no cgroup, interface, packet rule, socket, mount or record" {
    drive request network_create "$network_fields"
    started t.wired.1.1 "$wired" "$GUESTS/guest_family" 0
    run ! is_clean
    drive request kill '{"id":"t.wired.1.1"}'
    ended t.wired.1.1
    drive request network_remove '{"project":"t","bridge":"iohouse"}'
    clean
}

@test "a launch that fails half way leaves nothing either" {
    drive request network_create "$network_fields"
    run launch t.half.1.1 "$(jq -c '.links += [{bridge:"ioabsent",ipv4:"10.200.8.2/24",gateway4:"",ipv6:"",gateway6:"", mac: "", interface: ""}]' <<<"$wired")" /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *ioabsent* ]]
    drive request network_remove '{"project":"t","bridge":"iohouse"}'
    clean
}

@test "processes that a program left behind end with it" {
    # it may have ended before anybody could ask for its pid
    launch t.behind.1.1 '{}' /bin/sh -c 'setsid sleep 1000 & echo left; exit 0'
    ended t.behind.1.1
    clean
}

@test "SIGKILL of the broker: the instance goes on, the next broker finds it with its pipes and its end" {
    local pid
    drive request network_create "$network_fields"
    started t.survivor.1.1 "$wired" "$GUESTS/guest_family" 3
    pid=$PID
    broker_kill KILL
    [ -d "/proc/$pid" ]
    broker_start
    run drive request list
    echo "$output"
    [ "$(jq -r '.instances[] | "\(.id) \(.pid) \(.ended)"' <<<"$output")" = "t.survivor.1.1 $pid false" ]
    [ "$(jq -r '.bridges | join(" ")' <<<"$output")" = iohouse ]
    # what it wrote before the kill is still in the pipe
    run drive lines t.survivor.1.1 out 1
    [ "$output" = "orphans 3" ]
    drive request signal '{"id":"t.survivor.1.1","signo":15}'
    ended t.survivor.1.1
    [ "$(jq -r '"\(.code) \(.signal)"' <<<"${lines[0]}")" = "0 0" ]
    drive request network_remove '{"project":"t","bridge":"iohouse"}'
    clean
}

@test "an end while no broker runs is told by the next one" {
    started t.unseen.1.1 '{}' /bin/sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 1000 & wait $!; done'
    drive lines t.unseen.1.1 out 1
    broker_kill KILL
    kill -TERM "$PID"
    wait_until 10 is_gone "$PID"
    broker_start
    ended t.unseen.1.1
    [ "$(jq -r .code <<<"${lines[0]}")" -eq 7 ]
    clean
}

@test "a broker killed while it wrote a record leaves nothing that stands in the way of the same instance" {
    local dir=$HOUSE/run/instances/t.again.1.1
    broker_kill KILL
    mkdir -p "$dir/root"
    echo '{"init":' >"$dir/state.77.tmp"
    broker_start
    [ ! -e "$dir" ]
    started t.again.1.1 '{}' "$GUESTS/guest_family" 0
    drive request kill '{"id":"t.again.1.1"}'
    ended t.again.1.1
    clean
}

@test "a second broker is refused while the first one runs" {
    run in_net "$IPAM_ORCH_BUILD/ipam-sandboxd"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"another ipam-sandboxd is running"* ]]
    drive request list
}

@test "an unknown user is turned away from the sandbox socket" {
    chmod 666 "$HOUSE/run/sandbox.sock"
    run setpriv --reuid=65534 --regid=65534 --clear-groups \
        /usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.settimeout(10)
try:
    s.send(b"{\"op\":\"list\",\"tag\":1}")
    answer = s.recv(1000)
except (ConnectionResetError, BrokenPipeError):
    answer = b""
print("answer:", answer.decode())' "$HOUSE/run/sandbox.sock"
    chmod 660 "$HOUSE/run/sandbox.sock"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "answer: " ]
}

# rewrite ID FILTER: the record of an instance as another version of the broker writes it
rewrite() {
    local spec=$HOUSE/run/instances/$1/spec
    jq -c "$2" "$spec" >"$HOUSE/spec.new"
    cat "$HOUSE/spec.new" >"$spec"
}

@test "what another version of the broker has launched goes on, and its record stays what it was" {
    started t.older.1.1 '{"pids":40}' "$GUESTS/guest_family" 0
    local older=$PID
    started t.newer.1.1 '{"pids":40}' "$GUESTS/guest_family" 0
    local newer=$PID before
    rewrite t.older.1.1 'del(.schema, .tty, .disks, .apparmor)'
    rewrite t.newer.1.1 '.schema = 99 | .of_tomorrow = ["x"] | .mounts = {}'
    before=$(cat "$HOUSE/run/instances/t.newer.1.1/spec")
    broker_kill
    broker_start
    run drive request list
    [ "$(jq -c '[.instances[] | [.id, .pid, .ended]] | sort' <<<"$output")" = "[[\"t.newer.1.1\",$newer,false],[\"t.older.1.1\",$older,false]]" ]
    drive request limits '{"id":"t.older.1.1","set":{"pids":50}}'
    run drive request limits '{"id":"t.newer.1.1","set":{"pids":50}}'
    echo "$output"
    [[ "$(jq -r .error.message <<<"$output")" == *"launched by a newer version"* ]]
    [ "$(cat "$HOUSE/run/instances/t.newer.1.1/spec")" = "$before" ]
    drive request kill '{"id":"t.older.1.1"}'
    drive request kill '{"id":"t.newer.1.1"}'
    ended t.older.1.1
    ended t.newer.1.1
    clean
}

# is_exiting PID: PF_EXITING of its flags
is_exiting() {
    [ $(($(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 7) & 4)) -ne 0 ]
}

@test "an init that cannot end before somebody reaps is over for the next broker all the same" {
    local init keeper
    started t.dying.1.1 '{}' /bin/sleep 1000
    init=$(jq .init "$HOUSE/run/instances/t.dying.1.1/state")
    mkfifo "$HOUSE/hold"
    # a process of the namespace whose parent is outside and does not care
    python3 -c "
import ctypes, os, sys
ns = os.open('/proc/$init/ns/pid', os.O_RDONLY)
assert ctypes.CDLL(None).setns(ns, 0) == 0
if os.fork() == 0:
    os.execv('/bin/sleep', ['sleep', '1000'])
open('$HOUSE/keeps', 'w').write('x')
sys.stdin.read()" <>"$HOUSE/hold" 3>&- &
    keeper=$!
    wait_until 10 test -s "$HOUSE/keeps"
    broker_kill KILL
    kill -KILL "$init"
    wait_until 10 is_exiting "$init"
    broker_start
    [ "$(drive request list '{}' | jq '.instances[0].ended')" = true ]
    drive request remove '{"id":"t.dying.1.1"}'
    kill -KILL "$keeper"
    clean
}
