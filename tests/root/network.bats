#!/usr/bin/env bats
# Who reaches whom: on a bridge, between bridges, through published ports, from outside.

load broker

setup_file() {
    broker_open
    network ioone 10.200.1.1/24 fd00:200:1::1/64 false
    network iotwo 10.200.2.1/24 fd00:200:2::1/64 false
    network ioinside 10.200.3.1/24 "" true
    serve t.one.1.1 "[$(link ioone 10.200.1.2 10.200.1.1 fd00:200:1::2)]" '[]'
    serve t.two.1.1 "[$(link iotwo 10.200.2.2 10.200.2.1)]" '[{"address":"","published":8080,"last":8080,"target":80,"udp":false}]'
    serve t.inner.1.1 "[$(link ioinside 10.200.3.2)]" '[]'
    serve t.both.1.1 "[$(link ioone 10.200.1.3 10.200.1.1 fd00:200:1::3),$(link ioinside 10.200.3.3)]" '[]'
}

teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
    [ ! -e "$HOUSE/clients" ] || stop_clients
}

# network BRIDGE IPV4 IPV6 INTERNAL
network() {
    drive request network_create "{\"project\":\"t\",\"bridge\":\"$1\",\"ipv4\":\"$2\",\"ipv6\":\"$3\",\"internal\":$4}"
}

# link BRIDGE IPV4 [GATEWAY [IPV6]]
link() {
    printf '{"bridge":"%s","ipv4":"%s/24","gateway4":"%s","ipv6":"%s","gateway6":"","mac":"","interface":""}' "$1" "$2" "${3:-}" "${4:+$4/64}"
}

# serve ID LINKS PORTS: an instance that answers on port 80 with its id
serve() {
    started "$1" "{\"links\":$2,\"ports\":$3}" /usr/bin/python3 -uc '
import socket, sys
s = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening")
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[1].encode())
    c.close()' "$1"
    drive lines "$1" out 1
}

ask='import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
print(s.recv(100).decode())'

# hears FROM ADDRESS PORT: what the server there says to that instance
hears() {
    inside "$1" /usr/bin/python3 -c "$ask" "$2" "$3"
    output=${lines[0]}
}

cannot_reach() {
    run ! inside "$@"
}

@test "neighbours on one bridge reach each other, by IPv4 and IPv6" {
    hears t.one.1.1 10.200.1.3 80
    [ "$output" = t.both.1.1 ]
    hears t.both.1.1 fd00:200:1::2 80
    [ "$output" = t.one.1.1 ]
}

@test "an instance on two bridges reaches both, and does not connect them" {
    hears t.both.1.1 10.200.3.2 80
    [ "$output" = t.inner.1.1 ]
    cannot_reach t.one.1.1 /usr/bin/python3 -c "$ask" 10.200.3.2 80
    cannot_reach t.inner.1.1 /usr/bin/python3 -c "$ask" 10.200.1.2 80
}

@test "bridges do not reach each other, not even through the host" {
    cannot_reach t.one.1.1 /usr/bin/python3 -c "$ask" 10.200.2.2 80
    cannot_reach t.two.1.1 /usr/bin/python3 -c "$ask" 10.200.1.2 80
}

@test "an internal network has no way out, the others have" {
    local pid
    pid=$(drive request list | jq -r '.instances[] | select(.id == "t.inner.1.1") | .pid')
    run nsenter -t "$pid" -n ip route show default
    [ -z "$output" ]
    pid=$(drive request list | jq -r '.instances[] | select(.id == "t.one.1.1") | .pid')
    run nsenter -t "$pid" -n ip route show default
    [[ $output == "default via 10.200.1.1 "* ]]
}

@test "a published port answers on the host, from outside and from a neighbour network; others do not" {
    local outside=$NETNS-out
    run in_net /usr/bin/python3 -c "$ask" 127.0.0.1 8080
    [ "$output" = t.two.1.1 ]
    ip netns add "$outside"
    in_net ip link add out type veth peer name eth0 netns "$outside"
    in_net ip address add 198.51.100.1/24 dev out
    in_net ip link set out up
    nsenter --net="/run/netns/$outside" sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0
        ip link set eth0 up; ip route add default via 198.51.100.1'
    run nsenter --net="/run/netns/$outside" /usr/bin/python3 -c "$ask" 198.51.100.1 8080
    local published=$output
    run nsenter --net="/run/netns/$outside" /usr/bin/python3 -c "$ask" 10.200.1.2 80
    local unpublished=$status
    run nsenter --net="/run/netns/$outside" /usr/bin/python3 -c "$ask" 10.200.2.2 80
    local direct=$status
    in_net ip link del out
    ip netns del "$outside"
    echo "published: $published, unpublished: $unpublished, the port behind it directly: $direct"
    [ "$published" = t.two.1.1 ]
    [ "$unpublished" -ne 0 ]
    [ "$direct" -ne 0 ]
    hears t.one.1.1 10.200.1.1 8080
    [ "$output" = t.two.1.1 ]
}

# outside_open, outside_close: another machine, $NETNS-out, that reaches the host at 198.51.100.1
outside_open() {
    local outside=$NETNS-out
    ip netns add "$outside"
    in_net ip link add out type veth peer name eth0 netns "$outside"
    in_net ip address add 198.51.100.1/24 dev out
    in_net ip link set out up
    nsenter --net="/run/netns/$outside" sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0; ip link set eth0 up'
}

outside_close() {
    in_net ip link del out
    ip netns del "$NETNS-out"
}

# from_outside PORT: what answers there on the host, to somebody on another machine
from_outside() {
    outside_open
    run nsenter --net="/run/netns/$NETNS-out" /usr/bin/python3 -c "$ask" 198.51.100.1 "$1"
    outside_close
}

@test "what the host's firewall does not forward stays out, although the port is published" {
    in_net nft -f - <<'EOF'
table inet firewall {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "out" meta l4proto tcp ct original proto-dst 9999 accept
    }
}
EOF
    from_outside 8080
    local shut=$output
    in_net nft add rule inet firewall forward iifname out meta l4proto tcp ct original proto-dst 8080 accept
    from_outside 8080
    local opened=$output
    in_net nft delete table inet firewall
    echo "shut: $shut, opened: $opened"
    [[ $shut == *"timed out"* ]]
    [ "$opened" = t.two.1.1 ]
}

@test "a published port is taken on the host: a second claim is refused and names it" {
    run in_net /usr/bin/python3 -c 'import socket
socket.create_server(("0.0.0.0", 8080))'
    [ "$status" -ne 0 ]
    run launch t.thief.1.1 "{\"links\":[$(link ioone 10.200.1.9 10.200.1.1)],\"ports\":[{\"address\":\"\",\"published\":8080,\"last\":8080,\"target\":80,\"udp\":false}]}" /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *8080* ]]
    [ "$(jq -r .error.errno <<<"$output")" -eq 98 ]
}

@test "a network that instances use is not removed" {
    run drive request network_remove '{"project":"t","bridge":"ioone"}'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"used by running instances"* ]]
}

@test "an address that a running instance has is given to nobody else" {
    run launch t.thief.1.1 "{\"links\":[$(link ioone 10.200.1.2 10.200.1.1)]}" /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"10.200.1.2/24"*ioone*t.one.1.1* ]]
    hears t.both.1.1 10.200.1.2 80
    [ "$output" = t.one.1.1 ]
}

@test "a link whose namespace outlives its instance does not keep the next one from the address" {
    local holder inside
    inside="{\"links\":[$(link ioone 10.200.1.9 10.200.1.1)]}"
    started t.late.1.1 "$inside" /bin/sleep 1000
    mkfifo "$HOUSE/inside"
    nsenter --net="/proc/$PID/ns/net" sh -c 'echo in; exec sleep 1000' >"$HOUSE/inside" 3>&- &
    holder=$!
    read -r <"$HOUSE/inside"
    drive request kill '{"id":"t.late.1.1"}'
    ended t.late.1.1
    started t.late.1.2 "$inside" /bin/sleep 1000
    inside t.one.1.1 /usr/bin/python3 -c "$ask" 10.200.1.9 80 || true
    [[ $output == *"Connection refused"* ]] # it is there and answers
    kill "$holder"
    rm "$HOUSE/inside"
}

# firewall TEXT...: rules of a host that receives little
firewall() {
    in_net nft -f - <<'EOT'
table inet firewall {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname "lo" accept
        tcp dport { 22, 443 } accept
    }
}
EOT
}

log_says() {
    grep -q "$1" "$HOUSE/broker.log"
}

# has_rules TEXT: in the table of project t
has_rules() {
    in_net nft list table inet "ipam-orch-$(tag)-t" | grep -q -- "$1"
}

@test "a published port that the host's firewall does not let in is shut for other machines, before and after" {
    serve t.web.1.1 "[$(link iotwo 10.200.2.9 10.200.2.1)]" '[{"address":"","published":443,"last":443,"target":80,"udp":false}]'
    firewall
    wait_until 60 log_says 'port is not open to other machines id=t.two.1.1 port=8080/tcp'
    wait_until 60 has_rules 'tcp . 8080 }'
    from_outside 8080
    local shut=$output
    from_outside 443
    local open=$output
    run drive request list
    local told
    told=$(jq -c '[.instances[] | select(.id | startswith("t.two") or startswith("t.web")) | .shut[]] | sort' <<<"$output")
    run in_net /usr/bin/python3 -c "$ask" 127.0.0.1 8080
    local local=$output
    in_net nft delete table inet firewall
    echo "shut: $shut, open: $open, local: $local"
    [[ $shut == *"timed out"* ]]
    [ "$open" = t.web.1.1 ]
    [ "$local" = t.two.1.1 ]
    [ "$told" = "[\"\",\"chain 'input' of table 'inet firewall'\"]" ]
}

@test "packet rules that somebody flushed are written again, and the service goes on" {
    in_net nft flush ruleset
    wait_until 60 log_says 'packet rules written again table="inet ipam-orch-'
    from_outside 8080
    [ "$output" = t.two.1.1 ]
}

# policy TEXT: the file, read by the broker, and the table of project t written anew
policy() {
    mkdir -p "$HOUSE/etc"
    printf '%s\n' "$1" >"$HOUSE/etc/policy.conf"
    : >"$HOUSE/broker.log"
    kill -HUP "$(broker_pid)"
    wait_until 10 log_says 'policy read again'
}

@test "policy.conf says from where published ports may be reached, and that a firewall is not asked" {
    policy "publish-from = 203.0.113.0/24"
    from_outside 8080
    local other=$output
    policy "publish-from = 203.0.113.0/24 198.51.100.0/24"
    from_outside 8080
    local named=$output
    policy "publish-past-firewall = yes"
    firewall
    from_outside 8080
    local past=$output
    in_net nft delete table inet firewall
    policy ""
    echo "other: $other, named: $named, past: $past"
    [[ $other == *"Connection refused"* ]]
    [ "$named" = t.two.1.1 ]
    [ "$past" = t.two.1.1 ]
}

# serve_udp ID ADDRESS: an instance that answers datagrams to port 5353 of the host with its id
serve_udp() {
    started "$1" "{\"links\":[$(link iotwo "$2" 10.200.2.1)],\"ports\":[{\"address\":\"\",\"published\":5353,\"last\":5353,\"target\":53,\"udp\":true}]}" \
        /usr/bin/python3 -uc '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
print("listening")
while True:
    s.sendto(sys.argv[1].encode(), s.recvfrom(100)[1])' "$1"
    drive lines "$1" out 1
}

# keep_sending NETNS ADDRESS NAME: from one port for ever; who answers is written down when it changes
keep_sending() {
    nsenter --net="/run/netns/$1" /usr/bin/python3 -uc '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 40000))
s.settimeout(0.05)
before = None
while True:
    try:
        s.sendto(b"who", (sys.argv[1], 5353))
        now = s.recv(100).decode()
    except OSError:
        now = "nobody"
    if now != before:
        print(now)
    before = now' "$2" >"$HOUSE/$3" 3>&- &
    echo $! >>"$HOUSE/clients"
}

stop_clients() {
    local client
    while read -r client; do
        kill "$client"
    done <"$HOUSE/clients"
    rm "$HOUSE/clients"
}

last_answer() {
    [ "$(tail -n 1 "$HOUSE/$1")" = "$2" ]
}

@test "clients that keep sending datagrams from one port reach the next instance, also at another address" {
    local client
    outside_open
    keep_sending "$NETNS" 127.0.0.1 near
    keep_sending "$NETNS-out" 198.51.100.1 far
    for client in near far; do
        wait_until 10 last_answer $client nobody
    done
    serve_udp t.udp.1.1 10.200.2.20
    for client in near far; do
        wait_until 10 last_answer $client t.udp.1.1
    done
    drive request kill '{"id":"t.udp.1.1"}'
    ended t.udp.1.1
    for client in near far; do
        wait_until 10 last_answer $client nobody
    done
    serve_udp t.udp.1.2 10.200.2.20
    for client in near far; do
        wait_until 10 last_answer $client t.udp.1.2
    done
    drive request kill '{"id":"t.udp.1.2"}'
    ended t.udp.1.2
    serve_udp t.udp.1.3 10.200.2.21
    for client in near far; do
        wait_until 10 last_answer $client t.udp.1.3
    done
    stop_clients
    outside_close
}
