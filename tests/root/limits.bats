#!/usr/bin/env bats
# Limits of the specification are the kernel's, and hold; ends are told as they happened.

load broker

setup_file() { broker_open; }
teardown_file() {
    loop_close "$HOUSE/disk"
    broker_close
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

@test "the kernel reports the limits of the specification" {
    started t.limits.1.1 '{"memory":67108864,"pids":40,"milli_cpus":1500,"nofile":300}' "$GUESTS/guest_family" 0
    [ "$(kernel_file "$PID" memory memory.limit_in_bytes memory.max)" = 67108864 ]
    [ "$(kernel_file "$PID" pids pids.max pids.max)" = 40 ]
    run bash -c "$(declare -f kernel_file unified_tree)"'
        q=$(kernel_file "$1" cpu cpu.cfs_quota_us cpu.max) p=$(kernel_file "$1" cpu cpu.cfs_period_us cpu.max)
        echo "${q% *} ${p#* }"' _ "$PID"
    [ "$output" = "150000 100000" ]
    run awk '/^Max open files/ { print $4, $5 }' "/proc/$PID/limits"
    [ "$output" = "300 300" ]
    run drive request stats '{"id":"t.limits.1.1"}'
    [ "$(jq -r .memory_limit <<<"$output")" -eq 67108864 ]
    jq -e '.memory > 0 and .memory_peak >= .memory and .memory >= .memory_idle and .pids >= 2 and .cpu_us > 0
        and .oom_kills == 0 and .time_us > 0' <<<"$output"
    [ "$(jq -r .pids_limit <<<"$output")" -eq 40 ]
}

@test "without limits the kernel has none" {
    started t.free.1.1 '{}' "$GUESTS/guest_family" 0
    run kernel_file "$PID" pids pids.max pids.max
    [ "$output" = max ]
    run kernel_file "$PID" cpu cpu.cfs_quota_us cpu.max
    [[ $output == -1 || $output == max* ]]
}

@test "more memory than the limit: killed by the kernel, and the end says so" {
    finished t.memory.1.1 '{"memory":67108864}' "$GUESTS/guest_hog" memory 4096
    local end
    end=$(tail -n 1 <<<"$output")
    [ "$(jq -r .signal <<<"$end")" -eq 9 ]
    [ "$(jq -r .oom <<<"$end")" = true ]
    [ "$(jq -r .memory_limit <<<"$end")" -eq 67108864 ]
    [ "$(grep -c '^memory ' <<<"$output")" -lt 4 ]
}

@test "a child that needs more memory than the limit ends alone, on version 1 and 2" {
    # shellcheck disable=SC2016 # the shell of the instance expands it
    finished t.child.1.1 '{"memory":67108864}' /bin/sh -c '/guests/guest_hog memory 4096; echo child $?; exit 3'
    [[ $output == *"child 137"* ]]
    [ "$(tail -n 1 <<<"$output" | jq -r '"\(.code) \(.signal) \(.oom)"')" = "3 0 true" ]
}

@test "more processes than the limit: refused, and the instance lives" {
    finished t.processes.1.1 '{"pids":20}' "$GUESTS/guest_hog" processes 1000
    [[ $output =~ processes\ ([0-9]+)\ EAGAIN ]]
    [ "${BASH_REMATCH[1]}" -lt 20 ]
    [ "$(tail -n 1 <<<"$output" | jq -r '"\(.code) \(.signal) \(.oom)"')" = "0 0 false" ]
}

@test "more files than the limit: refused" {
    finished t.descriptors.1.1 '{"nofile":100}' "$GUESTS/guest_hog" files 1000
    [[ $output == *"files 97 EMFILE"* ]]
}

@test "exit codes and signals arrive as they were" {
    finished t.code.1.1 '{}' /bin/sh -c 'exit 42'
    [ "$(tail -n 1 <<<"$output" | jq -r '"\(.code) \(.signal)"')" = "42 0" ]
    finished t.signal.1.1 '{}' /bin/sh -c 'kill -ABRT $$'
    [ "$(tail -n 1 <<<"$output" | jq -r '"\(.code) \(.signal)"')" = "0 6" ]
}

@test "a stop signal reaches the program through its init; one that is deaf to it is killed" {
    started t.stop.1.1 '{}' "$GUESTS/guest_family" 0
    drive lines t.stop.1.1 out 1
    drive request signal '{"id":"t.stop.1.1","signo":15}'
    ended t.stop.1.1
    [ "$(jq -r '"\(.code) \(.signal)"' <<<"${lines[0]}")" = "0 0" ]
    started t.deaf.1.1 '{}' "$GUESTS/guest_family" -
    drive lines t.deaf.1.1 out 1
    drive request signal '{"id":"t.deaf.1.1","signo":15}'
    # the answer to a later request: the signal has been delivered, and did nothing
    inside t.deaf.1.1 /bin/true
    run ! has_ended t.deaf.1.1
    drive request kill '{"id":"t.deaf.1.1"}'
    ended t.deaf.1.1
    [ "$(jq -r .signal <<<"${lines[0]}")" -eq 9 ]
}

# all_limits PID: what the files of both versions say, in one line
all_limits() {
    local soft high
    soft=$(kernel_file "$1" memory memory.soft_limit_in_bytes memory.low)
    high=$(kernel_file "$1" memory memory.limit_in_bytes memory.max)
    echo "$high $soft $(kernel_file "$1" pids pids.max pids.max)" \
        "$(kernel_file "$1" cpu cpu.cfs_quota_us cpu.max | cut -d ' ' -f 1)" \
        "$(kernel_file "$1" cpu cpu.shares cpu.weight)" \
        "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status")"
}

@test "limits change while the instance runs, can be lifted again, and are known to a new broker" {
    local none
    started t.none.1.1 '{}' "$GUESTS/guest_family" 0
    none=$(all_limits "$PID")
    started t.live.1.1 '{"pids":40}' "$GUESTS/guest_family" 0
    drive lines t.live.1.1 out 1
    run drive request limits '{"id":"t.live.1.1","set":{"memory":67108864,"memory_low":33554432,"pids":50,
        "milli_cpus":1500,"cpu_shares":512,"cpuset":"0"}}'
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.before.pids, .limits.pids, .before.memory, .limits.memory, .limits.cpuset]' <<<"$output")" = '[40,50,0,67108864,"0"]' ]
    all_limits "$PID"
    [[ $(all_limits "$PID") =~ ^"67108864 33554432 50 150000 "(512|20)" 0"$ ]]
    # the init and a command that joins are in the same groups
    [ "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(status_of "$PID" PPid)/status")" = 0 ]
    inside t.live.1.1 /bin/grep -q "^Cpus_allowed_list:[[:space:]]*0$" /proc/self/status
    broker_kill
    broker_start
    [ "$(drive request limits '{"id":"t.live.1.1"}' | jq .limits.milli_cpus)" -eq 1500 ]
    drive request limits '{"id":"t.live.1.1","set":{"memory":33554432,"memory_low":0}}'
    drive request limits '{"id":"t.live.1.1","set":{"memory":134217728}}'
    [[ $(all_limits "$PID") == 134217728* ]]
    drive request limits '{"id":"t.live.1.1","set":{"memory":0,"pids":0,"milli_cpus":0,"cpu_shares":0,"cpuset":""}}'
    echo "none: $none, now: $(all_limits "$PID")"
    [ "$(all_limits "$PID")" = "$none" ]
}

@test "limits change together or not at all: by policy, by the kernel, by what is in use" {
    local before changes text
    started t.apart.1.1 '{"memory":67108864,"pids":40}' /usr/bin/python3 -c 'b = bytearray(16 << 20); print("filled", flush=True); import time; time.sleep(1000)'
    drive lines t.apart.1.1 out 1
    before=$(all_limits "$PID")
    while IFS='|' read -r changes text; do
        run drive request limits "{\"id\":\"t.apart.1.1\",\"set\":$changes}"
        echo "$changes: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"$text"* ]]
        [ "$(all_limits "$PID")" = "$before" ]
    done <<'EOF'
{"pids":50,"cpuset":"all"}|cpuset: list 'all'
{"pids":50,"cpu_shares":1}|cpu_shares must be from 2
{"pids":50,"memory_swap":1000}|with swap it is less
{"pids":50,"memory_low":1000000000}|more is reserved
{"pids":50,"processes":50}|unknown key 'processes'
{"pids":50,"memory":"much"}|'memory' must be a number
{"memory":100000000,"pids":50,"milli_cpus":500,"cpuset":"4000"}|cpuset.cpus
{"pids":50,"memory":8388608}|8 MiB would be allowed
EOF
    [ "$(drive request limits '{"id":"t.apart.1.1"}' | jq -c '[.limits.pids, .limits.memory]')" = '[40,67108864]' ]
}

# refused FIELDS TEXT: the launch fails and says so
refused() {
    run --separate-stderr launch t.refused.1.1 "$1" /bin/true
    echo "$1: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"$2"* ]]
}

@test "block devices: rates and weights; what the kernel would take and not honour is refused" {
    loop_disk "$HOUSE/disk"
    started t.disk.1.1 "{\"disk_weight\":400,\"disks\":[{\"path\":\"$DISK\",\"weight\":300,\"read_bps\":1048576,
        \"write_bps\":2097152,\"read_iops\":100,\"write_iops\":200}]}" "$GUESTS/guest_family" 0
    run disk_limits "$PID"
    echo "$output"
    if grep -q blkio /proc/cgroups && [ -d /sys/fs/cgroup/blkio ]; then
        has_line "throttle.read_bps_device $DISK_NUMBER 1048576" <<<"$output"
        has_line "throttle.write_bps_device $DISK_NUMBER 2097152" <<<"$output"
        has_line "throttle.read_iops_device $DISK_NUMBER 100" <<<"$output"
        has_line "throttle.write_iops_device $DISK_NUMBER 200" <<<"$output"
        has_line "bfq.weight_device $DISK_NUMBER 300" <<<"$output"
        has_line "bfq.weight 400" <<<"$output"
    else
        has_line "throttle.read_bps_device $DISK_NUMBER rbps=1048576 wbps=2097152 riops=100 wiops=200" <<<"$output"
        has_line "$DISK_NUMBER 300" <<<"$output"
        has_line "default 400" <<<"$output"
    fi
    local rates='"weight":0,"read_bps":1048576,"write_bps":0,"read_iops":0,"write_iops":0'
    refused "{\"disks\":[{\"path\":\"/dev/null\",$rates}]}" "/dev/null is no block device"
    refused "{\"disks\":[{\"path\":\"/dev/no-such-disk\",$rates}]}" "/dev/no-such-disk: No such file"
    refused "{\"disks\":[{\"path\":\"/etc/passwd\",$rates}]}" "disk: path or weight '/etc/passwd'"
    echo none >"/sys/block/${DISK#/dev/}/queue/scheduler"
    refused "{\"disks\":[{\"path\":\"$DISK\",${rates/:0,/:100,}}]}" "$DISK has not the scheduler bfq"
    grep -qs '\[bfq\]' /sys/block/*/queue/scheduler || refused '{"disk_weight":100}' "no disk of this host has the scheduler bfq"
}

@test "swappiness: of the group on version 1; version 2 has none and says so" {
    if [ -d /sys/fs/cgroup/memory ]; then
        started t.swap.1.1 '{"swappiness":"7"}' "$GUESTS/guest_family" 0
        [ "$(kernel_file "$PID" memory memory.swappiness -)" = 7 ]
    else
        refused '{"swappiness":"7"}' "mem_swappiness: control groups of version 2 have no such limit"
    fi
    refused '{"swappiness":"200"}' "swappiness: number '200'"
}

is_frozen() {
    [[ $(kernel_file "$1" freezer freezer.state cgroup.events) =~ FROZEN|frozen\ 1 ]]
}

@test "a frozen instance runs nothing and takes no command, until it is thawed; the list tells" {
    started t.frozen.1.1 '{}' "$GUESTS/guest_family" 0
    drive lines t.frozen.1.1 out 1
    run ! is_frozen "$PID"
    drive request freeze '{"id":"t.frozen.1.1"}'
    wait_until 10 is_frozen "$PID"
    [ "$(drive request list | jq -r '.instances[] | select(.id == "t.frozen.1.1") | .frozen')" = true ]
    run drive join t.frozen.1.1 all 20000000 /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"is paused"* ]]
    drive request signal '{"id":"t.frozen.1.1","signo":15}'
    run ! has_ended t.frozen.1.1
    drive request thaw '{"id":"t.frozen.1.1"}'
    ended t.frozen.1.1
    [ "$(jq -r '"\(.code) \(.signal)"' <<<"${lines[0]}")" = "0 0" ]
    run drive request freeze '{"id":"t.frozen.1.1"}'
    [ "$status" -eq 1 ]
}

@test "a frozen instance can be killed, and a new broker knows that it is frozen" {
    started t.icy.1.1 '{}' /bin/sh -c 'sleep 1000 & wait'
    drive request freeze '{"id":"t.icy.1.1"}'
    wait_until 10 is_frozen "$PID"
    broker_kill
    broker_start
    [ "$(drive request list | jq -r '.instances[] | select(.id == "t.icy.1.1") | .frozen')" = true ]
    drive request kill '{"id":"t.icy.1.1"}'
    ended t.icy.1.1
    [ "$(jq -r .signal <<<"${lines[0]}")" -eq 9 ]
    is_gone "$PID"
}

@test "orphans are reaped: no zombie stays" {
    local init
    started t.orphans.1.1 '{}' "$GUESTS/guest_family" 50
    run drive lines t.orphans.1.1 out 1
    [ "$output" = "orphans 50" ]
    init=$(status_of "$PID" PPid)
    only_program() { [ "$(cat "/proc/$init/task/$init/children")" = "$PID " ]; }
    wait_until 10 only_program
}

@test "a killed init takes everything with it" {
    local init
    started t.init.1.1 '{}' /bin/sh -c 'sleep 1000 & echo started; wait'
    drive lines t.init.1.1 out 1
    init=$(status_of "$PID" PPid)
    kill -KILL "$init"
    ended t.init.1.1
    [ "$(jq -r .signal <<<"${lines[0]}")" -eq 9 ]
    is_gone "$PID"
}
