#!/usr/bin/env bats
# Networks of a compose file, read back from the kernel.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/networks.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# in_net_of SERVICE COMMAND...: with the host's programs, in the network a service sees
in_net_of() {
    local pid
    pid=$(ps_field "$1" pid)
    shift
    nsenter -t "$pid" -n "$@" 3>&-
}

# address_of SERVICE INTERFACE FAMILY: with prefix length
address_of() {
    in_net_of "$1" ip -j "-$3" address show dev "$2" scope global |
        jq -r '.[].addr_info[]? | select(.local) | "\(.local)/\(.prefixlen)"'
}

# names_of SERVICE NAME: the addresses its /etc/hosts has for a name
names_of() {
    awk -v name="$2" '{ for (i = 2; i <= NF; i++) if ($i == name) print $1 }' \
        "/proc/$(ps_field "$1" pid)/root/etc/hosts"
}

# moved OLD_PID: the lodger is another process, in the network of its landlord
moved() {
    local pid any
    pid=$(ps_field lodger pid) any=$(ps_field any pid)
    [ "$pid" -gt 0 ] && [ "$any" -gt 0 ] && [ "$pid" != "$1" ] &&
        [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink "/proc/$any/ns/net")" ]
}

# said ADDRESS PORT: what answers there
said() {
    in_net timeout 10 bash -c "exec 3<>/dev/tcp/$1/$2; cat <&3"
}

@test "ipam: subnet, gateway, fixed addresses of both kinds, a range for the others" {
    [ "$(address_of web wan0 4)" = 10.123.5.9/24 ]
    address_of web wan0 6
    [ "$(address_of web wan0 6)" = fd12:3456::9/64 ]
    # the first of the range that is not an aux_address
    [ "$(address_of any eth0 4)" = 10.123.5.129/24 ]
    [ "$(in_net_of any ip -j route show default | jq -r '.[0].gateway')" = 10.123.5.254 ]
    [ "$(in_net_of any ip -j -6 route show default | jq -r '.[0].gateway')" = fd12:3456::1 ]
    [ "$(names_of web any | head -1)" = 10.123.5.129 ]
}

@test "interface_name, mac_address and gw_priority of a service on two networks" {
    [ "$(in_net_of web ip -j link show dev wan0 | jq -r '.[0].address')" = 02:42:ac:11:65:44 ]
    [ "$(in_net_of web ip -j link show dev eth0 | jq -r '.[0].address')" = 02:42:ac:11:65:43 ]
    [ "$(in_net_of web ip -j route show default | jq -r '.[0].dev')" = wan0 ]
}

@test "enable_ipv6: false; the MTU of a network is that of its interfaces" {
    [ -z "$(address_of db eth0 6)" ]
    [ "$(in_net_of db ip -j link show dev eth0 | jq '.[0].mtu')" = 1400 ]
    [ "$(in_net_of any ip -j link show dev eth0 | jq '.[0].mtu')" = 1500 ]
    [ "$(names_of web database)" = "$(names_of web db)" ]
    [ "$(names_of web db | wc -l)" -eq 1 ]
    [ -z "$(names_of any db)" ]
}

@test "enable_ipv4: false: addresses, route, names and published ports are those of IPv6; two networks, a way out by each" {
    local address bridge
    [ -z "$(address_of six eth0 4)" ]
    [ -z "$(in_net_of six ip -4 route show)" ]
    address=$(address_of six eth0 6)
    [[ $address == fd*/64 ]]
    bridge=$(in_net_of six ip -j -6 route show default | jq -r '.[0].gateway')
    # the host's address there, and nothing of the other kind on its bridge
    [ "$(in_net ip -j address show to "$bridge" | jq '.[].addr_info[]? | select(.family == "inet")')" = "" ]
    [ "$(names_of six six | sort -u)" = "${address%/*}" ]
    [ "$(names_of mixed six)" = "${address%/*}" ]
    [ "$(names_of six upstairs)" = "$bridge" ]
    [ "$(in_net_of mixed timeout 10 bash -c "exec 3<>/dev/tcp/${address%/*}/8000; cat <&3")" = six ]
    # each kind leads out where it can
    [ "$(in_net_of mixed ip -j route show default | jq -r '.[0].dev')" = eth0 ]
    [ "$(in_net_of mixed ip -j -6 route show default | jq -r '.[0].dev')" = eth1 ]
    [ "$(orch port six 8000)" = "[::]:8200" ]
    [[ $(orch ps | grep '^six') == *"[::]:8200->8000/tcp"* ]]
    [ "$(said "$bridge" 8200)" = six ]
    [ "$(said "$bridge" 8202)" = mixed ]
    # an address that means all of one kind
    [ "$(said 127.0.0.1 8203)" = mixed ]
    run said "$bridge" 8203
    [[ $output == *"Connection refused"* ]]
    # the port is that of IPv6 alone: somebody else may have it
    in_net python3 -c 'import socket; socket.create_server(("0.0.0.0", 8200))'
    run in_net python3 -c 'import socket; socket.create_server(("::", 8200), family=socket.AF_INET6)'
    [[ $output == *"Address already in use"* ]]
}

@test "links: one more name for one service; network_mode: bridge is a network of its own" {
    [ "$(names_of linked store)" = "$(names_of linked db)" ]
    [ -z "$(names_of web store)" ]
    [ -n "$(names_of linked web)" ]
    [ "$(in_net_of plain ip -j route show default | jq length)" -eq 1 ]
    [ -z "$(names_of plain web)" ]
    [ -z "$(names_of web plain)" ]
}

@test "network_mode: service:NAME lives in the network of that service, and follows it to the next one" {
    local any lodger
    any=$(ps_field any pid) lodger=$(ps_field lodger pid)
    [ "$(readlink "/proc/$any/ns/net")" = "$(readlink "/proc/$lodger/ns/net")" ]
    [ "$(readlink "/proc/$any/ns/mnt")" != "$(readlink "/proc/$lodger/ns/mnt")" ]
    [ "$(names_of lodger web)" = "$(names_of any web)" ]
    kill -KILL "$any"
    wait_until 20 moved "$lodger"
    # asked for, it is restarted with it
    lodger=$(ps_field lodger pid)
    orch restart any
    moved "$lodger"
    # and by itself it comes back to the same
    any=$(ps_field any pid) lodger=$(ps_field lodger pid)
    orch restart lodger
    moved "$lodger"
    [ "$(ps_field any pid)" = "$any" ]
}

@test "ports: of a range the first that is free; without a number any; on every address of the host" {
    local one two any
    one=$(orch port first 8000)
    [[ $one =~ ^0\.0\.0\.0:810[012]$ ]]
    run orch port second 8000
    echo "$output"
    [ "${#lines[@]}" -eq 2 ]
    two=${lines[0]#*:} any=${lines[1]#*:} one=${one#*:}
    [[ $two =~ ^810[012]$ ]]
    [ "$two" != "$one" ]
    [ "$any" -ge 49152 ]
    [ "$(said 127.0.0.1 "$one")" = first ]
    [ "$(said 127.0.0.1 "$two")" = second ]
    [ "$(said 10.123.5.254 "$any")" = second ]
    # from where it leads to
    [ "$(in_net_of first timeout 10 bash -c "exec 3<>/dev/tcp/10.123.5.254/$one; cat <&3")" = first ]
    # a service of another network, by the host's address there
    [ "$(in_net_of plain timeout 10 bash -c "exec 3<>/dev/tcp/10.123.5.254/$one; cat <&3")" = first ]
    # the supervisor may be another one: it knows them still
    kill -KILL "$(daemon_pid ipam-orchd)"
    [ "$(orch port first 8000)" = "0.0.0.0:$one" ]
    [[ $(orch ps | grep '^second') == *":$any->8000/tcp"* ]]
}

says_shut() {
    [[ $(orch ps | grep '^first') == *"/tcp (shut)"* ]]
}

says_open() {
    ! says_shut
}

@test "a port that the host's firewall drops: ps, port and up say that it is shut, and by what" {
    in_net nft -f - <<'EOT'
table inet firewall {
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
    }
}
EOT
    wait_until 10 says_shut
    run --separate-stderr orch port first 8000
    local port=$stderr
    run --separate-stderr orch up
    local up=$stderr
    in_net nft delete table inet firewall
    echo "port: $port; up: $up"
    [[ $port == *"of 'first' is shut for other machines: "*"chain 'input' of table 'inet firewall'"*"next: "* ]]
    [[ $up == *"of 'first' is shut for other machines: "*"publish-past-firewall"* ]]
    wait_until 10 says_open
}

@test "an external network is that of another project: both see each other, and down waits for its users" {
    local pid
    mkdir -p "$WORLD/guest"
    cat >"$WORLD/guest/compose.yaml" <<'EOF'
name: guest
services:
  reader:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    networks: { theirs: { ipv4_address: 10.123.5.77 } }
networks:
  theirs: { external: true, name: networks_front }
EOF
    orch_in "$WORLD/guest" up
    pid=$(orch_in "$WORLD/guest" ps --format json | jq '.services[0].pid')
    [ "$(nsenter -t "$pid" -n ip -j -4 address show dev eth0 | jq -r '.[0].addr_info[0].local')" = 10.123.5.77 ]
    # nothing listens there, and it says so
    run nsenter -t "$pid" -n timeout 10 bash -c 'exec 4<>/dev/tcp/10.123.5.9/9'
    [[ $output == *"Connection refused"* ]]
    [ "$(awk '$2 == "web" { print $1; exit }' "/proc/$pid/root/etc/hosts")" = 10.123.5.9 ]
    run orch down
    [ "$status" -eq 1 ]
    [[ $output == *"network 'front' is used by service 'reader' of project 'guest'"* ]]
    orch_in "$WORLD/guest" down
    sed -i s/networks_front/nowhere/ "$WORLD/guest/compose.yaml"
    run orch_in "$WORLD/guest" up
    [ "$status" -eq 3 ]
    [[ $output == *"network 'nowhere' is external, and no project that is up has it"* ]]
}

@test "a network that becomes another one is made anew, with the services on it and no others" {
    local web any db
    web=$(ps_field web pid) any=$(ps_field any pid) db=$(ps_field db pid)
    sed -i 's/10\.123\.5\./10.124.5./' "$PROJECT/compose.yaml"
    orch up
    [ "$(address_of web wan0 4)" = 10.124.5.9/24 ]
    [ "$(address_of any eth0 4)" = 10.124.5.129/24 ]
    [ "$(ps_field any pid)" != "$any" ]
    [ "$(ps_field web pid)" != "$web" ]
    [ "$(ps_field db pid)" = "$db" ]
    [ -z "$(in_net ip -j route show | jq -r '.[] | select(.dst == "10.123.5.0/24") | .dst')" ]
}

@test "a host without IPv6 has networks without it; one that cannot be without is refused" {
    local pid
    mkdir -p "$WORLD/four"
    cat >"$WORLD/four/compose.yaml" <<'EOF'
name: four
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    ports: ["8300:80"]
EOF
    in_net sysctl -q net.ipv6.conf.default.disable_ipv6=1
    orch_in "$WORLD/four" up
    pid=$(orch_in "$WORLD/four" ps --format json | jq '.services[0].pid')
    [ "$(nsenter -t "$pid" -n ip -o -4 address show dev eth0 scope global 3>&- | wc -l)" -eq 1 ]
    [ "$(nsenter -t "$pid" -n ip -o -6 address show dev eth0 scope global 3>&- | wc -l)" -eq 0 ]
    orch_in "$WORLD/four" down
    echo 'networks: { default: { enable_ipv4: false } }' >>"$WORLD/four/compose.yaml"
    run orch_in "$WORLD/four" up
    in_net sysctl -q net.ipv6.conf.default.disable_ipv6=0
    echo "$output"
    [ "$status" -eq 3 ]
    [[ $output == *"network 'default': it is to have IPv6, which this host has switched off"*"disable_ipv6=0"* ]]
}

@test "what a network cannot have is refused with its place, or by name" {
    local service networks text
    mkdir -p "$WORLD/refused"
    while IFS='|' read -r service networks text; do
        cat >"$WORLD/refused/compose.yaml" <<EOF
name: refused
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    networks: { default: { $service } }
networks: { default: { $networks } }
EOF
        run orch_in "$WORLD/refused" up
        echo "$service $networks: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *"$text"* ]]
    done <<'EOF'
ipv4_address: 10.1.2.3||needs a network with an ipam subnet
ipv4_address: "fd00::1"||is not an IPv4 address
ipv4_address: 10.1.2.255|ipam: { config: [{ subnet: 10.1.2.0/24 }] }|no address for a service
|ipam: { config: [{ subnet: 10.1.2.3/24 }] }|the subnet is 10.1.2.0/24
|ipam: { config: [{ subnet: 10.1.2.0/31 }] }|prefix of 31
|ipam: { config: [{ subnet: 10.1.2.0/24 }, { subnet: 10.1.3.0/24 }] }|has 10.1.2.0/24 already
|ipam: { config: [{ subnet: 10.1.2.0/24, gateway: 10.1.3.1 }] }|not in the subnet
|ipam: { config: [{ gateway: 10.1.3.1 }] }|needs a 'subnet'
|ipam: { config: [{ subnet: 10.120.0.0/13 }] }|overlaps that of another network
|driver_opts: { parent: eth0 }|no driver option 'parent'
|driver_opts: { com.docker.network.driver.mtu: 900 }|from 1280 to 65535
|enable_ipv4: false, enable_ipv6: false|IPv4, IPv6 or both
|enable_ipv4: false, ipam: { config: [{ subnet: 10.1.2.0/24 }] }|there is an IPv4 subnet, 10.1.2.0/24
ipv4_address: 10.1.2.3|enable_ipv4: false|network 'default' has no IPv4
mac_address: "03:00:00:00:00:01"||no hardware address
interface_name: lo||cannot be called 'lo'
EOF
    [ "$(ps_json | jq -r .project)" != refused ]
}
