#!/usr/bin/env bats
# From the compose file to the kernel: what a service's attributes say, read back from outside.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/attributes.yaml" "$PROJECT/compose.yaml"
    echo "from a file" >"$PROJECT/filed.conf"
    orch up
}

teardown_file() {
    loop_close "$WORLD/disk.img"
    world_close
}

teardown() { explain_failure; }

# mount_of SERVICE TARGET: its options, those of the mount and those of the file system
mount_of() {
    awk -v at="$2" '$5 == at { found = $6 "," $NF } END { print found }' "/proc/$(ps_field "$1" pid)/mountinfo"
}

# in_root SERVICE COMMAND...: with the host's programs, in the file system a service sees
in_root() {
    local pid
    pid=$(ps_field "$1" pid)
    shift
    nsenter -t "$pid" -m "$@" 3>&-
}

@test "tmpfs: size, mode, noexec and ro; in the short and in the long form" {
    run mount_of files /scratch
    echo "$output"
    [[ ,$output, == *,noexec,* && ,$output, == *,size=4096k,* ]]
    [ "$(in_root files stat -c %a /scratch)" = 750 ]
    run mount_of files /sealed
    echo "$output"
    [[ ,$output, == *,ro,* ]]
    run mount_of files /long
    echo "$output"
    [[ ,$output, == *,size=8192k,* && ,$output, != *,noexec,* ]]
    [ "$(in_root files stat -c %a /long)" = 700 ]
}

@test "shm_size: how large /dev/shm is; nothing is executed there" {
    run mount_of files /dev/shm
    echo "$output"
    [[ ,$output, == *,size=32768k,* && ,$output, == *,noexec,* ]]
    [ "$(in_root files stat -c %a /dev/shm)" = 1777 ]
}

@test "ulimits: soft and hard, one number for both" {
    local limits
    limits=/proc/$(ps_field rights pid)/limits
    cat "$limits"
    [[ $(grep '^Max open files' "$limits") =~ \ 200\ +300\  ]]
    [[ $(grep '^Max core file size' "$limits") =~ \ 4096\ +4096\  ]]
    # a command that joins has the same
    run orch exec rights sh -c "ulimit -Sn; cat /proc/self/oom_score_adj"
    [ "${lines[*]}" = "200 321" ]
    [[ $(grep '^Max locked memory' "$limits") =~ \ 4096\ +4096\  ]]
}

@test "group_add: a name and a number, also for commands that join; with names in /etc/group" {
    [ "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$(ps_field rights pid)/status")" = "8 4321 65534 " ]
    wait_until 20 is_healthy rights
    in_root rights grep -qx mail:x:8:nobody /etc/group
}

@test "oom_score_adj: who ends first" {
    [ "$(cat "/proc/$(ps_field rights pid)/oom_score_adj")" = 321 ]
    [ "$(cat "/proc/$(ps_field files pid)/oom_score_adj")" = "$(cat "/proc/$(daemon_pid ipam-sandboxd)/oom_score_adj")" ]
}

@test "sysctls: those of the service's own namespaces; the host's stay as they are" {
    local before
    before=$(in_net cat /proc/sys/net/core/somaxconn /proc/sys/kernel/sem)
    run nsenter -t "$(ps_field rights pid)" -n -i cat /proc/sys/net/core/somaxconn /proc/sys/kernel/sem 3>&-
    echo "$output"
    [ "$output" = $'77\n250\t32000\t32\t99' ]
    [[ $before != 77$'\n'* && $before != *$'\t99' ]]
}

@test "hostname, domainname and extra_hosts: in the kernel and in /etc/hosts" {
    run orch exec names sh -c 'hostname; hostname -d; getent ahostsv4 printer; getent hosts six; getent ahostsv4 host.internal'
    echo "$output"
    [ "${lines[0]}" = box ]
    [ "${lines[1]}" = example.org ]
    [[ $output == *"10.9.8.7 "* && $output == *"fd12::1 "* ]]
    # host-gateway is the host's address on the network
    [[ $output == *"$(nsenter -t "$(ps_field names pid)" -n ip -4 route show default 3>&- | awk '{ print $3 }') "* ]]
    [ "$(orch exec names cat /proc/sys/kernel/domainname)" = example.org ]
}

@test "dns, dns_search and dns_opt: /etc/resolv.conf" {
    run in_root names cat /etc/resolv.conf
    echo "$output"
    [ "$(grep -c ^nameserver <<<"$output")" = 1 ]
    grep -qx "nameserver 10.0.0.53" <<<"$output"
    grep -qx "search example.org example.net" <<<"$output"
    grep -qx "options ndots:2" <<<"$output"
}

@test "configs: from the file itself and from another, with owner and mode, read-only; a change replaces the service" {
    local pid
    pid=$(ps_field names pid)
    [ "$(in_root names cat /inline)" = "greeting = hello" ]
    [ "$(in_root names stat -c '%u %a' /inline)" = "65534 444" ]
    [ "$(in_root names cat /etc/filed.conf)" = "from a file" ]
    [ "$(in_root names stat -c '%u %a' /etc/filed.conf)" = "1234 440" ]
    run ! in_root names sh -c 'echo x >>/inline'
    echo "changed" >"$PROJECT/filed.conf"
    orch up
    [ "$(ps_field names pid)" != "$pid" ]
    [ "$(in_root names cat /etc/filed.conf)" = changed ]
}

@test "userns_mode: ids that nobody else has, on disk those of the file; commands, copies, restarts and figures go on" {
    local pid first file
    wait_until 20 is_healthy boxed
    pid=$(ps_field boxed pid)
    read -r _ first _ <"/proc/$pid/uid_map"
    [ "$first" -ge 1879048192 ]
    [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = $((first + 65534)) ]
    # without the attribute, or with host, the users are the host's
    [ "$(awk '{ print $2 }' "/proc/$(ps_field files pid)/uid_map")" = 0 ]
    file=$(echo "$WORLD"/state/volumes/*boxed/file)
    [ "$(stat -c %u:%g "$file")" = 65534:65534 ]
    run orch exec boxed sh -c 'id -u; cat /proc/self/uid_map; stat -c %u /usr /inline; cat /inline; echo again >/data/file'
    echo "$output"
    [ "$(xargs <<<"${lines[*]}")" = "65534 0 $first 65536 0 65534 greeting = hello" ]
    [ "$(cat "$file")" = again ]
    orch cp boxed:/data/file "$WORLD/boxed.out"
    grep -qx again "$WORLD/boxed.out"
    orch cp "$WORLD/boxed.out" boxed:/data/copied
    [ "$(stat -c %u "${file%/file}/copied")" = 65534 ]
    orch run --rm boxed sh -c 'id -u; cat /data/copied' >"$WORLD/boxed.run"
    [ "$(xargs <"$WORLD/boxed.run")" = "65534 again" ]
    orch logs boxed | grep -q logged
    orch stats --no-stream boxed
    orch top boxed | grep -q sleep
    orch harden --show boxed | grep -q 'namespaces.*user'
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    orch ps # brings them back
    run orch exec boxed cat /proc/self/uid_map
    echo "$output"
    [ "$(xargs <<<"$output")" = "0 $first 65536" ]
    [ "$(ps_field boxed pid)" = "$pid" ]
    orch restart boxed
    wait_until 20 is_healthy boxed
    [ "$(awk '{ print $2 }' "/proc/$(ps_field boxed pid)/uid_map")" = "$first" ]
}

@test "tty: a terminal of its own, whose lines are in the log as it writes them" {
    local pid
    pid=$(ps_field screen pid)
    [ "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" = /dev/pts/0 ]
    [ "$(awk '{ print $7 }' "/proc/$pid/stat")" != 0 ]
    [ "$(in_root screen stat -c '%U %a %t' /dev/console)" = "nobody 620 88" ]
    has_two() { [ "$(wc -l <"$WORLD/log/attributes/screen.log")" -ge 2 ]; }
    wait_until 10 has_two
    [ "$(jq -sc 'map([.stream, .log])' "$WORLD/log/attributes/screen.log")" = '[["stdout","24 80\r\n"],["stdout","for xterm\r\n"]]' ]
}

@test "stdin_open: a standard input that never ends, of its own; without it there is none, and never a terminal" {
    local pid init pipe
    pid=$(ps_field listener pid)
    [ "$(ps_field listener state)" = up ]
    [[ $(readlink "/proc/$pid/fd/0") == pipe:* ]]
    [ "$(readlink "/proc/$(ps_field lonely pid)/fd/0")" = /dev/null ]
    [ "$(awk '{ print $7 }' "/proc/$pid/stat")" = 0 ]
    # the other end is its init's alone
    pipe=$(readlink "/proc/$pid/fd/0")
    init=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
    run find /proc/[0-9]*/fd -lname "${pipe/\[/\\[}"
    echo "$output"
    [ "$(grep -o '^/proc/[0-9]*/fd' <<<"$output" | sort -u)" = "$(printf '/proc/%s/fd\n' "$init" "$pid" | sort -u)" ]
}

@test "network_mode none: a loopback interface and nothing else" {
    run nsenter -t "$(ps_field lonely pid)" -n ip -o link 3>&-
    echo "$output"
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *": lo: "* ]]
    [ -z "$(nsenter -t "$(ps_field lonely pid)" -n ip route 3>&-)" ]
}

# limit SERVICE CONTROLLER V1-FILE V2-FILE
limit() {
    kernel_file "$(ps_field "$1" pid)" "$2" "$3" "$4"
}

@test "memory: reservation, and swap beside it, in both spellings" {
    [ "$(limit limits memory memory.limit_in_bytes memory.max)" = 67108864 ]
    [ "$(limit limits memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
    [ "$(limit spelled memory memory.soft_limit_in_bytes memory.low)" = 16777216 ]
    if [ -e "$(find /sys/fs/cgroup -maxdepth 2 -name memory.memsw.limit_in_bytes | head -n 1)" ]; then
        [ "$(limit limits memory memory.memsw.limit_in_bytes -)" = 100663296 ]
        # without memswap_limit there is none
        [ "$(limit spelled memory memory.memsw.limit_in_bytes -)" = 67108864 ]
    else
        [ "$(limit limits memory - memory.swap.max)" = 33554432 ]
        [ "$(limit spelled memory - memory.swap.max)" = 0 ]
    fi
}

@test "processor: shares, quota, period and set" {
    local value
    value=$(limit limits cpu cpu.shares cpu.weight)
    [ "$value" = 512 ] || [ "$value" = 20 ]
    [ "$(limit limits cpu cpu.cfs_period_us cpu.max | awk '{ print $NF }')" = 50000 ]
    [ "$(limit limits cpu cpu.cfs_quota_us cpu.max | awk '{ print $1 }')" = 25000 ]
    [ "$(limit limits cpuset cpuset.cpus cpuset.cpus)" = 0 ]
    [ "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(ps_field limits pid)/status")" = 0 ]
}

# up_alone NAME ATTRIBUTES: a project of its own with one service
up_alone() {
    mkdir -p "$WORLD/$1"
    cat >"$WORLD/$1/compose.yaml" <<EOF
name: $1
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    <<: { $2 }
EOF
    run orch_in "$WORLD/$1" up
    echo "exit $status: $output"
}

# same KIND PID PID: whether they live in the same namespace of that kind
same() {
    [ "$(readlink "/proc/$2/ns/$1")" = "$(readlink "/proc/$3/ns/$1")" ]
}

# pid_alone NAME [SERVICE]: of a project made by up_alone
pid_alone() {
    PROJECT=$WORLD/$1 ps_field "${2:-web}" pid
}

@test "uts: host and cgroup: host: where policy permits them; the name of the host is seen, not changed" {
    local pid
    policy
    up_alone naming "uts: host"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: host-uts = no: 'naming.web.1."*"' may not have the host's name"* ]]
    up_alone naming "cgroup: host"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: host-cgroup = no: 'naming.web.1."*"' may not see the control groups of the host"* ]]
    policy "[project naming]" "host-uts = yes" "host-cgroup = yes"
    up_alone naming "uts: host, cgroup: host"
    [ "$status" -eq 0 ]
    pid=$(pid_alone naming)
    same uts "$pid" self
    same cgroup "$pid" self
    [ "$(orch_in "$WORLD/naming" exec web cat /etc/hostname)" = "$(uname -n)" ]
    [[ $(orch_in "$WORLD/naming" exec web cat /proc/self/cgroup) == *"/naming.web.1."* ]]
    run orch_in "$WORLD/naming" exec web hostname stolen
    [ "$status" -ne 0 ]
    orch_in "$WORLD/naming" down
    up_alone naming "cgroup: private"
    [ "$status" -eq 0 ]
    pid=$(pid_alone naming)
    run ! same uts "$pid" self
    run ! same cgroup "$pid" self
    [[ $(orch_in "$WORLD/naming" exec web cat /proc/self/cgroup) != *"naming.web"* ]]
    orch_in "$WORLD/naming" down
    policy
}

# up_many NAME SERVICES: a project of its own with these, one a line; all of them sleep
up_many() {
    local service
    mkdir -p "$WORLD/$1"
    printf 'name: %s\nservices:\n' "$1" >"$WORLD/$1/compose.yaml"
    while read -r service; do
        printf '  %s\n    <<: [%s, { image: local/sleeper, x-native: { user: nobody, command: [/bin/sleep, "3600"] } }]\n' \
            "${service%% *}" "${service#* }" >>"$WORLD/$1/compose.yaml"
    done <<<"$2"
    run orch_in "$WORLD/$1" up
    echo "exit $status: $output"
}

# with KIND PROJECT SERVICE SERVICE: whether both live in one, and both run
with() {
    local one two
    one=$(pid_alone "$2" "$3") two=$(pid_alone "$2" "$4")
    [ "$one" -gt 0 ] && [ "$two" -gt 0 ] && same "$1" "$one" "$two"
}

@test "ipc: a namespace and /dev/shm of one for two, of its own, none, the host's where policy permits it" {
    local dir=$WORLD/talking id owner
    up_many talking "owner: { ipc: shareable, restart: always }
lodger: { ipc: 'service:owner' }
apart: { ipc: private }
none: { ipc: none }"
    [ "$status" -eq 0 ]
    with ipc talking owner lodger
    run ! with ipc talking owner apart
    run ! with net talking owner lodger
    run ! same ipc "$(pid_alone talking owner)" self
    id=$(orch_in "$dir" exec owner ipcmk -M 4096 | awk '{ print $NF }')
    orch_in "$dir" exec lodger ipcs -m -i "$id" | grep -q 'bytes=4096'
    [[ $(orch_in "$dir" exec apart ipcs -m) != *4096* ]]
    orch_in "$dir" exec owner sh -c 'echo shared >/dev/shm/note'
    [ "$(orch_in "$dir" exec lodger cat /dev/shm/note)" = shared ]
    run orch_in "$dir" exec apart cat /dev/shm/note
    [ "$status" -ne 0 ]
    [[ ,$(PROJECT=$dir mount_of lodger /dev/shm), == *,nosuid,nodev,noexec,*size=65536k* ]]
    [ -z "$(PROJECT=$dir mount_of none /dev/shm)" ]
    run orch_in "$dir" exec none touch /dev/shm/x
    [ "$status" -ne 0 ]
    # to the next one of that service
    owner=$(pid_alone talking owner)
    kill -KILL "$owner"
    wait_until 20 with ipc talking owner lodger
    [ "$(pid_alone talking owner)" != "$owner" ]
    run orch_in "$dir" exec lodger cat /dev/shm/note
    [ "$status" -ne 0 ]
    orch_in "$dir" down
    policy
    up_alone hosting "ipc: host"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: host-ipc = no: 'hosting.web.1."*"' may not live in the IPC namespace of the host"* ]]
    policy "host-ipc = yes"
    up_alone hosting "ipc: host"
    [ "$status" -eq 0 ]
    same ipc "$(pid_alone hosting)" self
    orch_in "$WORLD/hosting" exec web touch "/dev/shm/$(basename "$WORLD")"
    rm "/dev/shm/$(basename "$WORLD")"
    orch_in "$WORLD/hosting" down
    policy
}

@test "pid: among the processes of another service, which it follows; the host's where policy permits it; proc: all shows them" {
    local dir=$WORLD/among owner lodger
    up_many among "owner: { restart: always }
lodger: { pid: 'service:owner' }
seeing: { pid: 'service:owner', x-native: { user: nobody, command: [/bin/sleep, '3600'], proc: all } }
apart: { read_only: true }"
    [ "$status" -eq 0 ]
    with pid among owner lodger
    with pid among owner seeing
    run ! with pid among owner apart
    run ! with ipc among owner lodger
    owner=$(pid_alone among owner) lodger=$(pid_alone among lodger)
    [[ ,$(PROJECT=$dir mount_of lodger /proc), == *,hidepid=invisible,* ]]
    [[ ,$(PROJECT=$dir mount_of seeing /proc), != *,hidepid=* ]]
    kill -KILL "$owner"
    wait_until 20 with pid among owner lodger
    wait_until 20 with pid among owner seeing
    [ "$(pid_alone among owner)" != "$owner" ]
    [ "$(pid_alone among lodger)" != "$lodger" ]
    [ "$(PROJECT=$dir ps_field lodger restarts)" -eq 0 ]
    # its own end is nobody else's
    owner=$(pid_alone among owner)
    orch_in "$dir" restart lodger
    [ "$(pid_alone among owner)" = "$owner" ]
    with pid among owner lodger
    orch_in "$dir" restart owner
    with pid among owner lodger
    orch_in "$dir" down
    policy
    up_alone hosting "pid: host"
    [ "$status" -eq 1 ]
    [[ $output == *"policy: host-pid = no: 'hosting.web.1."*"' may not live among the processes of the host"* ]]
    policy "host-pid = yes"
    up_alone hosting "pid: host"
    [ "$status" -eq 0 ]
    same pid "$(pid_alone hosting)" self
    orch_in "$WORLD/hosting" down
    [ -z "$(pid_alone hosting)" ] || ! kill -0 "$(pid_alone hosting)"
    policy
}

@test "deploy.resources.reservations.cpus: no more than the host has, in all projects that are up; nothing else" {
    local all half
    all=$(nproc)
    half=$(awk "BEGIN { print $all / 2 + 0.25 }")
    up_alone first "deploy: { resources: { reservations: { cpus: '$half' } } }"
    [ "$status" -eq 0 ]
    up_alone second "deploy: { resources: { reservations: { cpus: '$half' } } }"
    [ "$status" -eq 1 ]
    [[ $output == *"project 'second' reserves "*" processors; this host has $all.000, of which other projects that are up reserve "* ]]
    [ "$(orch_in "$WORLD/first" ps --format json | jq -r '.services[0].state')" = up ]
    # again, for itself it counts once
    up_alone first "deploy: { resources: { reservations: { cpus: '$all' } } }"
    [ "$status" -eq 0 ]
    orch_in "$WORLD/first" down
    up_alone second "deploy: { resources: { reservations: { cpus: '$half' } } }"
    [ "$status" -eq 0 ]
    run orch_in "$WORLD/second" scale web=2
    [ "$status" -eq 1 ]
    orch_in "$WORLD/second" down
}

@test "blkio_config: rates and weights of a block device" {
    loop_disk "$WORLD/disk.img"
    up_alone disk "blkio_config: { weight: 400, weight_device: [{ path: $DISK, weight: 300 }],
        device_read_bps: [{ path: $DISK, rate: 1mb }], device_write_bps: [{ path: $DISK, rate: 2mb }],
        device_read_iops: [{ path: $DISK, rate: 100 }], device_write_iops: [{ path: $DISK, rate: 200 }] }"
    [ "$status" -eq 0 ]
    run disk_limits "$(orch_in "$WORLD/disk" ps --format json | jq '.services[0].pid')"
    echo "$output"
    orch_in "$WORLD/disk" down
    if [ -d /sys/fs/cgroup/blkio ]; then
        has_line "throttle.write_bps_device $DISK_NUMBER 2097152" <<<"$output"
        has_line "throttle.read_iops_device $DISK_NUMBER 100" <<<"$output"
        has_line "bfq.weight_device $DISK_NUMBER 300" <<<"$output"
        has_line "bfq.weight 400" <<<"$output"
    else
        has_line "throttle.read_bps_device $DISK_NUMBER rbps=1048576 wbps=2097152 riops=100 wiops=200" <<<"$output"
        has_line "$DISK_NUMBER 300" <<<"$output"
        has_line "default 400" <<<"$output"
    fi
    up_alone disk "blkio_config: { device_read_bps: [{ path: /dev/null, rate: 1mb }] }"
    [ "$status" -eq 1 ]
    [[ $output == *"blkio_config: /dev/null is no block device"* ]]
}

@test "mem_swappiness: where control groups have one, refused elsewhere" {
    up_alone swap "mem_swappiness: 7"
    if [ -d /sys/fs/cgroup/memory ]; then
        [ "$status" -eq 0 ]
        [ "$(kernel_file "$(orch_in "$WORLD/swap" ps --format json | jq '.services[0].pid')" memory memory.swappiness -)" = 7 ]
        orch_in "$WORLD/swap" down
    else
        [ "$status" -eq 1 ]
        [[ $output == *"mem_swappiness: control groups of version 2 have no such limit"* ]]
    fi
}

@test "what cannot be honoured is refused by name, with the reason, and nothing is started" {
    local attribute text
    while IFS='|' read -r attribute text; do
        mkdir -p "$WORLD/refused"
        cat >"$WORLD/refused/compose.yaml" <<EOF
name: refused
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    <<: { $attribute }
EOF
        run orch_in "$WORLD/refused" up
        echo "$attribute: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *"$text"* ]]
    done <<'EOF'
tmpfs: ["/a:uid=0"]|tmpfs option 'uid=0'
ulimits: { rtprio: 99 }|before the host's own
ulimits: { nofile: { soft: 9, hard: 8 } }|above its hard one
group_add: [root]|no service the group of root
group_add: [no-such-group]|does not exist
oom_score_adj: -1000|from -900 to 1000
dns: [resolver.example]|is no address
extra_hosts: ["a=b"]|is no address
shm_size: 0x|shm_size
network_mode: "container:x"|none of none, bridge, host and service:NAME
network_mode: "service:web"|web
network_mode: none, ports: ["80"]|no ports to publish
network_mode: host, ports: ["80"]|the host's already
links: ["web:a:b"]|link
ports: ["90-80:80"]|
network_mode: none, extra_hosts: ["h:host-gateway"]|not internal
ports: ["80:80/sctp"]|tcp and udp can
ports: [{ target: 80, published: 80, host_ip: localhost }]|is no address
sysctls: [vm.swappiness=1]|sysctl 'vm.swappiness'
sysctls: ["net.core..x=1"]|sysctl 'net.core..x'
mem_limit: 64m, memswap_limit: 32m|counts memory too
memswap_limit: 1g|needs a memory limit
cpu_shares: 1|from 2 to 262144
cpu_period: 10|from 1000 to 1000000
cpus: 1, cpu_quota: 50000|say the same
mem_limit: 1m, mem_reservation: 2m|more memory is reserved
blkio_config: { weight: 9 }|from 10 to 1000
blkio_config: { device_read_bps: [{ path: /etc/passwd, rate: 1mb }] }|below /dev
blkio_config: { device_read_bps: [{ path: /dev/sda, rate: 0 }] }|above 0
mem_swappiness: 101|from 0 to 100
oom_kill_disable: true|oom_kill_disable
cgroup_parent: elsewhere|cgroup_parent
cgroup: elsewhere|cgroup
uts: private|uts
pid: elsewhere|neither host nor service:NAME
pid: "container:x"|neither host nor service:NAME
pid: "service:web"|web
pid: "service:other"|other
pid: host, userns_mode: auto|'pid: host' and a user namespace of its own exclude
ipc: elsewhere|none of private, shareable, none, host and service:NAME
ipc: "container:x"|none of private, shareable, none, host and service:NAME
ipc: "service:web"|web
ipc: "service:other"|other
ipc: none, shm_size: 1m|leaves no /dev/shm for 'shm_size'
ipc: host, shm_size: 1m|'shm_size': it has the /dev/shm of the host
ipc: host, sysctls: [kernel.sem=1 1 1 1]|sysctl 'kernel.sem': it has the IPC namespace of the host
ipc: host, userns_mode: auto|'ipc: host' and a user namespace of its own exclude
uts: host, hostname: box|'hostname' and 'uts: host' exclude each other
uts: host, userns_mode: auto|compose.yaml:6:
cgroup: host, userns_mode: private|'cgroup: host' and a user namespace of its own exclude
deploy: { resources: { reservations: { cpus: "4096" } } }|more processors are reserved than this host has
cpus: 0.5, deploy: { resources: { reservations: { cpus: "0.6" } } }|more processors are reserved than the limit allows
EOF
    [ "$(ps_json | jq -r .project)" != refused ]
}
