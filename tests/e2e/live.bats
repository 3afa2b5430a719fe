#!/usr/bin/env bats
# What can be done with running services without ending them: pausing, measuring, other limits.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'EOF2'
name: live
x-sleeper: &sleeper
  image: local/sleeper
  x-native:
    user: nobody
    command: [/bin/sleep, "3600"]
services:
  web:
    <<: *sleeper
    mem_limit: 64m
    healthcheck:
      test: ["CMD", "/bin/true"]
      interval: 100ms
  idle:
    <<: *sleeper
    restart: always
  busy:
    image: local/busy
    cpus: 0.1
    volumes: ["data:/data"]
    x-native:
      user: nobody
      command: [/bin/sh, -c, "while :; do :; done"]
volumes:
  data:
EOF2
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

is_frozen() {
    [[ $(kernel_file "$1" freezer freezer.state cgroup.events) =~ FROZEN|frozen\ 1 ]]
}

@test "pause: frozen in the kernel, shown by ps, no command runs inside; unpause lets it go on" {
    local pid
    pid=$(ps_field web pid)
    run orch pause web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = web ]
    wait_until 10 is_frozen "$pid"
    run ! is_frozen "$(ps_field idle pid)"
    [ "$(ps_field web state)" = paused ]
    run orch ps
    [ "$status" -eq 1 ]
    run orch exec web true
    echo "$output"
    [ "$status" -eq 125 ]
    [[ $output == *"'web' is paused"*"ipam-orch unpause web"* ]]
    # again is no mistake
    orch pause web
    run orch unpause
    [ "$status" -eq 0 ]
    [ "$(sort <<<"$output" | tr '\n' ' ')" = "busy idle web " ]
    run ! is_frozen "$pid"
    wait_until 10 is_healthy web
    [ "$(ps_field web pid)" = "$pid" ]
}

@test "what is paused stays so when the supervisor is killed" {
    local old
    orch pause web
    old=$(daemon_pid ipam-orchd)
    kill -KILL "$old"
    wait_until 20 is_in_state web paused
    [ "$(daemon_pid ipam-orchd)" != "$old" ]
    orch unpause web
    wait_until 10 is_healthy web
}

@test "what is paused can be stopped, killed, restarted; up and start let it go on" {
    local pid
    orch pause
    orch stop idle
    [ "$(ps_field idle state)" = down ]
    orch start idle
    orch pause idle
    pid=$(ps_field idle pid)
    orch restart idle
    [ "$(ps_field idle state)" = up ]
    [ "$(ps_field idle pid)" != "$pid" ]
    orch pause idle
    pid=$(ps_field idle pid)
    orch kill idle
    wait_until 20 is_in_state idle up
    [ "$(ps_field idle pid)" != "$pid" ]
    [ "$(ps_field web state)" = paused ]
    pid=$(ps_field web pid)
    orch up
    [ "$(ps_field web state) $(ps_field web pid)" = "up $pid" ]
}

@test "pause: what does not run, what does not exist" {
    orch stop idle
    run orch pause idle
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"'idle' does not run"* ]]
    run orch unpause wbe
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'web'"* ]]
    orch start idle
}

# figure SERVICE NAME: of stats
figure() {
    orch stats --format json "$1" | jq ".services[0].$2"
}

@test "stats: what the kernel says of memory, processes, processor, network and disk" {
    local pid before
    pid=$(ps_field web pid)
    run orch stats --format json web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(jq '.services | length' <<<"$output")" -eq 1 ]
    [ "$(jq '.services[0].pid' <<<"$output")" -eq "$pid" ]
    [ "$(jq '.services[0].memory_limit' <<<"$output")" -eq 67108864 ]
    [ "$(jq '.services[0].oom_kills' <<<"$output")" -eq 0 ]
    jq -e '.services[0] | .memory > 0 and .memory_peak >= .memory and .cpu_us > 0 and (.cpu_percent | type) == "number"' <<<"$output"
    # the program and its init; a check that runs just now adds to them
    [ "$(jq '.services[0].pids' <<<"$output")" -ge 2 ]
    is_throttled() { [ "$(figure busy throttled_us)" -gt 0 ]; }
    wait_until 20 is_throttled
    run figure busy cpu_percent
    echo "$output"
    [ "$(jq '. > 1 and . < 50' <<<"$output")" = true ]
    before=$(figure busy write_bytes)
    orch exec busy dd if=/dev/zero of=/data/file bs=1M count=4 oflag=direct
    # version 1 counts where there is a limit, see sandbox/cgroup.h
    [ "$before" = null ] || [ "$(figure busy write_bytes)" -eq $((before + 4194304)) ]
    before=$(figure web net_sent)
    # the shell makes sockets of such names
    orch exec web bash -c 'head -c 1000 /dev/zero >/dev/udp/10.213.255.254/9'
    [ "$(figure web net_sent)" -ge $((before + 1000)) ]
}

@test "stats: pressure where the kernel tells it" {
    [ -e /proc/pressure/cpu ] || skip "this kernel tells no pressure"
    run orch stats --format json busy
    echo "$output"
    [ "$(jq -r '.services[0].pressure | keys | join(" ")' <<<"$output")" = "cpu io memory" ]
}

@test "stats: a table; stopped services with -a; once on a pipe, again and again on a terminal" {
    orch stop idle
    run orch stats
    echo "$output"
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == SERVICE*CPU*MEMORY* ]]
    [[ $output == *"/ 64 MiB"* ]]
    run orch stats -a
    [ "${#lines[@]}" -eq 4 ]
    run orch stats idle
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"'idle' does not run"* ]]
    run orch stats -a idle
    [ "$status" -eq 0 ]
    orch start idle
    script -qfec "bash -c '$(declare -f orch orch_in in_net); orch stats web'" "$BATS_TEST_TMPDIR/seen" </dev/null >/dev/null 3>&- &
    drawn_often() { [ "$(grep -ac SERVICE "$BATS_TEST_TMPDIR/seen")" -ge 3 ]; }
    wait_until 20 drawn_often
    kill "$!"
}

@test "stats: a viewer may" {
    run in_net setpriv --reuid=65534 --regid=65534 --clear-groups env -C / IPAM_ORCH_RUN_DIR="$WORLD/run" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" "$WORLD/root/usr/bin/ipam-orch" -p live stats web
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "limits: shown, changed while the service runs, marked where the file says something else" {
    local pid
    pid=$(ps_field web pid)
    run orch limits set web memory=96m pids=100 cpus=0.5
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "web memory: 64 MiB -> 96 MiB
web memory_swap: 64 MiB -> 96 MiB
web cpus: none -> 0.5
web pids: none -> 100" ]
    [ "$(kernel_file "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
    [ "$(kernel_file "$pid" pids pids.max pids.max)" = 100 ]
    [ "$(kernel_file "$pid" cpu cpu.cfs_quota_us cpu.max | cut -d ' ' -f 1)" = 50000 ]
    [ "$(ps_field web pid)" = "$pid" ]
    [ "$(ps_field web memory_limit)" = 100663296 ]
    kill -KILL "$(daemon_pid ipam-orchd)"
    wait_until 20 is_healthy web
    [ "$(ps_field web memory_limit)" = 100663296 ]
    run orch limits show web
    echo "$output"
    grep -qE '^web +memory +96 MiB +[*] the file says 64 MiB$' <<<"$output"
    grep -qE '^web +pids +100 +[*] the file says none$' <<<"$output"
    grep -qE '^web +cpuset +none$' <<<"$output"
    [ "$(orch limits show --format json web | jq '.[0] | .limits.memory, .wanted.memory' | tr '\n' ' ')" = "100663296 67108864 " ]
    run orch limits set web cpus=none pids=none
    [ "$output" = "web cpus: 0.5 -> none
web pids: 100 -> none" ]
    # a new instance has those of the file
    orch restart web
    [ "$(kernel_file "$(ps_field web pid)" memory memory.limit_in_bytes memory.max)" = 67108864 ]
}

@test "limits: what is refused says why, and changes nothing" {
    local pid expected words text
    pid=$(ps_field web pid)
    while IFS='|' read -r expected words text; do
        # shellcheck disable=SC2086 # words
        run orch limits $words
        echo "limits $words: exit $status: $output"
        [ "$status" -eq "$expected" ]
        [[ $output == *"$text"* ]]
        [ "$(kernel_file "$pid" pids pids.max pids.max)" = max ]
    done <<'EOF'
1|set web pids=50 memory=4k|4 KiB would be allowed
1|set web pids=50 memory_swap=1m|with swap it is less
1|set web pids=50 cpuset=all|cpuset
1|set web pids=50 cpuset=4000|cpuset.cpus
2|set web pids=50 memory=much|a size such as 512m
2|set web memory_swp=1m|did you mean 'memory_swap'
2|set web pids|LIMIT=VALUE
2|set web|set what
2|set|set what
2|set wbe pids=50|did you mean 'web'
2|get web|'show' and 'set'
EOF
}
