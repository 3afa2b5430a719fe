# harden: rights, exposure and the rule that refuses a call, of the compose file alone.
load command

project() {
    compose 'name: p
services:
  web:
    image: a
    x-native: { user: nobody, command: [/bin/true] }
    ports: ["80:80"]
    cap_add: [NET_RAW]
    mem_limit: 64m
  shut:
    image: a
    network_mode: none
    x-native: { user: daemon, command: [/bin/true], seccomp: redis }
    pids_limit: 10
    mem_limit: 64m
    cpus: 1'
}

@test "harden --show: user, capabilities, calls, writable paths, networks, ports, limits" {
    project
    run -0 orch harden --show web
    echo "$output"
    [[ $output == *"user          nobody (65534:65534)"* ]]
    [[ $output =~ "system calls  "[0-9]+" of "[0-9]+", "[0-9]+" more by their arguments; profile default" ]]
    [[ $output == *"capabilities  NET_RAW"* ]]
    [[ $output == *"writable      /tmp, /run, /dev/shm"* ]]
    [[ $output == *"networks      default"* ]]
    [[ $output == *"ports         *:80 to 80/tcp"* ]]
    [[ $output == *"limits        64 MiB of memory"* ]]
    run -0 orch harden --show --format json shut
    [ "$(jq -c '.services[0] | [.service, .profile, .networks, .capabilities, .calls > .calls_allowed]' <<<"$output")" = '["shut","redis",[],[],true]' ]
}

@test "harden --score: comparable, each point with its reason" {
    project
    run -0 orch harden --format json
    echo "$output"
    [ "$(jq '[.services[] | select(.service == "web") | .score][0] > [.services[] | select(.service == "shut") | .score][0]' <<<"$output")" = true ]
    [ "$(jq -c '[.services[] | (.score * 10 | round) == ([.reasons[].points * 10] | add | round)] | unique' <<<"$output")" = "[true]" ]
    run -0 orch harden web
    [[ $output == *"0.5  ports published to others: 1"* ]]
    [[ $output == *"0.5  capabilities: 1"* ]]
    [[ $output != *"no limit of memory"* ]]
    [[ $output == *"no limit of processes"* ]]
}

@test "harden --explain=CALL: the profile and the entry that answer" {
    project
    run -0 orch harden --explain=mount
    echo "$output"
    [[ $output == *"web: mount is refused by the floor of all services: mounts and roots"* ]]
    run -0 orch harden --explain=shmget
    [[ $output == *"web: shmget is allowed by default: System V"* ]]
    [[ $output == *"shut: shmget is refused by redis: no entry names it"* ]]
    run -0 orch harden --explain=clone web
    [[ $output == *"allowed by its arguments by default"* ]]
    fails 2 "no system call 'mountt'" -- harden --explain=mountt
    fails 2 "no such service: 'wep', did you mean 'web'?" -- harden wep
}

@test "harden --explain: refused calls of a service's user, from lines of the kernel" {
    project
    cat >kernel.log <<'EOF'
6,1,1,-;audit: type=1326 audit(1.1:2): auid=1 uid=65534 gid=65534 ses=1 pid=9 comm="sh" exe="/usr/bin/dash" sig=0 arch=c000003e syscall=165 compat=0 ip=0x1 code=0x50001
6,1,1,-;audit: type=1326 audit(1.2:3): auid=1 uid=65534 gid=65534 ses=1 pid=9 comm="sh" exe="/usr/bin/dash" sig=0 arch=c000003e syscall=165 compat=0 ip=0x1 code=0x50001
6,1,1,-;audit: type=1326 audit(1.3:4): auid=1 uid=4000 gid=65534 ses=1 pid=9 comm="x" exe="/usr/bin/x" sig=0 arch=c000003e syscall=101 compat=0 ip=0x1 code=0x50001
6,1,1,-;something else
EOF
    run -0 orch harden --explain --log kernel.log web
    echo "$output"
    if [ "$(uname -m)" = x86_64 ]; then
        [ "$output" = "web: mount is refused by the floor of all services: mounts and roots; /usr/bin/dash, 2 times" ]
    fi
    run -0 orch harden --explain --log /dev/null
    [[ $output == *"no refused call of these services"*"log-denied = yes"* ]]
    fails 1 "no-such.log" -- harden --explain --log no-such.log
}

@test "harden --learn: one service that runs" {
    project
    fails 2 "--learn watches one service" -- harden --learn 5s
    fails 2 "is no duration" -- harden --learn soon web
    fails 14 "manager" -- harden --learn 5s web
}
