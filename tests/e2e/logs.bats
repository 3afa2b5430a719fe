#!/usr/bin/env bats
# Logs: rotated without a line lost, bounded, and what happens when there is no disk for them.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/logs.yaml" "$PROJECT/compose.yaml"
}

teardown_file() {
    umount -l "$WORLD/log/logs" 2>/dev/null || true
    umount -l "$WORLD/state/manager" 2>/dev/null || true
    world_close
}

teardown() { explain_failure; }

# has_logged SERVICE TEXT
has_logged() {
    orch logs --no-log-prefix "$1" | grep -q "$2"
}

# has_lines SERVICE N
has_lines() {
    [ "$(orch logs --no-log-prefix "$1" | wc -l)" -eq "$2" ]
}

# numbers: of the lines on stdin that have one
numbers() {
    sed -n 's/^line \([0-9]*\).*/\1/p'
}

# file_says FILE TEXT
file_says() {
    grep -q "$2" "$1"
}

# manager_says TEXT
manager_says() {
    cat "$WORLD"/log/*.log | grep -q "$1"
}

@test "logging.options: max-size and max-file; every line once, though the manager is killed while files are rotated" {
    orch up --no-wait
    orch logs -f --no-log-prefix writer >"$WORLD/followed" 2>/dev/null &
    local round follower=$!
    for round in 1 2 3 4 5 6; do
        kill -KILL "$(daemon_pid ipam-orchd)"
        [ $((round % 2)) -eq 0 ] || kill -KILL "$(daemon_pid ipam-sandboxd)"
        run orch ps
    done
    wait_until 60 has_logged writer 'line 199999 '
    orch logs --no-log-prefix writer | numbers >"$WORLD/read"
    cmp "$WORLD/read" <(seq 0 199999)
    [ "$(orch logs --no-log-prefix -n 70000 writer | numbers | head -n 1)" = 130000 ]
    # who follows has seen them all, from file to file
    wait_until 20 file_says "$WORLD/followed" 'line 199999 '
    kill "$(pgrep -P "$follower")"
    cmp <(numbers <"$WORLD/followed") "$WORLD/read"
    # files are as long as was said, and no more than that
    [ "$(find "$WORLD/log/logs" -name 'writer.log.[0-9]*' ! -name '*.std*' | wc -l)" -gt 50 ]
    wait_until 20 has_logged few 'line 4999'
    [ "$(find "$WORLD/log/logs" -regex '.*/few\.log\(\.[0-9]+\)?' | wc -l)" -eq 3 ]
    orch logs --no-log-prefix few | numbers >"$WORLD/kept"
    cmp "$WORLD/kept" <(seq "$(head -n 1 "$WORLD/kept")" 4999)
    # the end of a line is awaited, not that of everything there is
    [ "$(stat -c %s "$WORLD"/log/logs/few.log.1)" -lt $((64 * 1024)) ]
}

@test "logging.driver: none keeps nothing, and what writes goes on" {
    [ "$(ps_field silent state)" = up ]
    [ -z "$(orch logs silent)" ]
    [ ! -s "$WORLD/log/logs/silent.log" ]
}

# is_packed SERVICE: every rotated file of it
is_packed() {
    [ -n "$(find "$WORLD/log/logs" -name "$1.log.*.gz")" ] &&
        [ -z "$(find "$WORLD/log/logs" -regex ".*/$1\.log\.[0-9]+")" ]
}

@test "logging.options: compress; every line once, though the manager is killed meanwhile, and no other file is left" {
    orch down
    orch --profile packed up --no-wait packed
    orch logs -f --no-log-prefix packed >"$WORLD/followed" 2>/dev/null &
    local round follower=$!
    for round in 1 2 3 4; do
        kill -KILL "$(daemon_pid ipam-orchd)"
        run orch ps
    done
    wait_until 60 has_logged packed 'line 59999 '
    wait_until 60 is_packed packed
    orch logs --no-log-prefix packed | numbers >"$WORLD/read"
    cmp "$WORLD/read" <(seq 0 59999)
    [ "$(orch logs --no-log-prefix -n 40000 packed | numbers | head -n 1)" = 20000 ]
    orch logs --no-log-prefix --grep 'line 7 ' packed | grep -q 'line 7 '
    wait_until 20 file_says "$WORLD/followed" 'line 59999 '
    kill "$(pgrep -P "$follower")"
    cmp <(numbers <"$WORLD/followed") "$WORLD/read"
    orch down
    # gzip itself finds them whole; beside them there is the last one
    gzip -t "$WORLD"/log/logs/packed.log.*.gz
    [ "$(find "$WORLD/log/logs" -name 'packed*' ! -name '*.gz')" = "$WORLD/log/logs/packed.log" ]
}

# bytes_of PATTERN: of the logs that are called so
bytes_of() {
    find "$WORLD/log/logs" -name "$1" ! -name '*.std*' -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }'
}

@test "x-native.logs, x-ipam-orch.logs: the oldest rotated files go beyond a budget and an age" {
    orch down
    rm -f "$WORLD"/log/logs/*.log*
    orch --profile frugal up --no-wait frugal aged
    wait_until 60 has_logged frugal 'line 19999'
    wait_until 60 has_logged aged 'line 4999'
    # the last ones are there, without a gap
    orch logs --no-log-prefix frugal | numbers >"$WORLD/kept"
    cmp "$WORLD/kept" <(seq "$(head -n 1 "$WORLD/kept")" 19999)
    [ "$(bytes_of 'frugal.log*')" -le $((100 * 1024 + 20 * 1024)) ]
    [ "$(bytes_of 'aged.log*')" -gt $((200 * 1024)) ]
    # one for the project
    sed 's/^name: logs/&\nx-ipam-orch: { logs: { budget: 60k } }/' "$PROJECT/compose.yaml" >"$PROJECT/small.yaml"
    orch -f "$PROJECT/small.yaml" --profile frugal up --no-wait frugal aged
    [ "$(bytes_of '*.log*')" -le $((60 * 1024)) ]
    sed -i 's/budget: 60k/max_age: 1us/' "$PROJECT/small.yaml"
    orch -f "$PROJECT/small.yaml" --profile frugal up --no-wait frugal aged
    [ -z "$(find "$WORLD/log/logs" -name '*.log.[0-9]*' ! -name '*.std*')" ]
    [ -e "$WORLD/log/logs/frugal.log" ]
    sed -i 's/max_age: 1us/budget: 60k/' "$PROJECT/small.yaml"
    orch down
    # what is no size is refused where it stands
    sed -i 's/budget: 60k/budget: some/' "$PROJECT/small.yaml"
    run orch -f "$PROJECT/small.yaml" up --no-wait
    [ "$status" -eq 3 ]
    echo "$output"
    [[ $output == *"small.yaml:"*"budget"* ]]
    printf 'services: {a: {image: local/none, x-native: {user: nobody, command: [a]}, logging: {options: {compress: 7}}}}\n' >"$PROJECT/small.yaml"
    run orch -f "$PROJECT/small.yaml" up --no-wait
    [ "$status" -eq 3 ]
    [[ $output == *"small.yaml:1:"*"'compress' must be true or false"* ]]
}

@test "logs --previous, --level, --json: the life before, what is grave, and what programs read" {
    local first
    orch down
    orch --profile lives up lives mute
    wait_until 20 has_logged lives 'fmt'
    [ -z "$(orch logs --previous lives mute)" ]
    orch restart lives mute
    wait_until 20 has_lines lives 8
    # each life says four lines, in one log
    first=$(orch logs --no-log-prefix lives | grep '^life of' | sed -n 1p)
    [ "$(orch logs --no-log-prefix --previous lives mute)" = "$(orch logs --no-log-prefix lives | head -n 4)" ]
    [ "$(orch logs --no-log-prefix --previous -n 2 lives | head -n 1)" = '{"level":"info","msg":"json"}' ]
    [ "$(orch logs --no-log-prefix --previous lives | head -n 1)" = "$first" ]
    # numbers of lives begin again after down: what was before is not taken for the life before
    orch down
    orch --profile lives up lives
    wait_until 20 has_lines lives 12
    orch restart lives
    wait_until 20 has_lines lives 16
    [ "$(orch logs --no-log-prefix --previous lives)" = "$(orch logs --no-log-prefix lives | sed -n 9,12p)" ]

    [ "$(orch logs --no-log-prefix --level error -n 1 lives)" = '<3>broken' ]
    [ "$(orch logs --no-log-prefix --level warn --previous lives)" = $'<3>broken\nlevel=warn msg=fmt' ]
    orch logs --json --previous lives >"$WORLD/json"
    jq -es 'length == 4 and all(.service == "lives" and .index == 1 and .stream == "stdout" and .incarnation == 1)
        and map(.level) == [null, "error", "info", "warning"] and .[3].line == "level=warn msg=fmt"' "$WORLD/json"
    orch --format json logs --previous lives | cmp - "$WORLD/json"
    # several services, by time
    orch --profile lives up --no-wait
    wait_until 20 has_logged few 'line 4999'
    orch logs --json lives few | jq -r .time >"$WORLD/times"
    LC_ALL=C sort -c "$WORLD/times"
}

# log_disk OPTIONS: where logs go is a file system of its own
log_disk() {
    mkdir -p "$WORLD/log/logs"
    mount -t tmpfs -o "$1,mode=750,uid=$(id -u ipam-orch),gid=$(id -g ipam-orch)" none "$WORLD/log/logs"
}

# log_disk_away: whoever ends may have its files open a little longer than its sockets
log_disk_away() {
    orch down
    wait_until 20 world_is_empty
    umount "$WORLD/log/logs"
}

# is_longer_than BYTES FILE
is_longer_than() {
    [ "$(stat -c %s "$2")" -gt "$1" ]
}

# each_line_once FILE: every number up to the last
each_line_once() {
    cmp <(numbers <"$1") <(seq 0 "$(numbers <"$1" | tail -n 1)")
}

@test "who is not in the group of the logs is told so, and not shown an empty log" {
    local verb
    for verb in "logs writer" "events --no-follow" "ps --watch"; do
        # shellcheck disable=SC2086 # words of a command
        run in_net setpriv --reuid=65534 --regid=65534 --clear-groups env -C "$PROJECT" \
            IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_LOG_DIR="$WORLD/log" LC_ALL=C.UTF-8 \
            "$WORLD/root/usr/bin/ipam-orch" $verb
        echo "$output"
        [ "$status" -eq 13 ]
        [[ $output == *"permission denied: logs are read by root and their group, in $WORLD/log/logs"* ]]
        [[ $output == *"usermod -aG $(stat -c %G "$WORLD/log") USER"* ]]
    done
}

@test "a disk that is nearly full: services go on, the log says how many lines are missing" {
    orch down
    log_disk size=1m
    orch --profile steady up steady
    local pid
    pid=$(ps_field steady pid)
    wait_until 20 manager_says "log lines are lost"
    [ ! -s "$WORLD/log/logs/steady.log" ]
    run orch why few # which does not run now
    [[ $output == *"seen: the file system of $WORLD/log/logs has "*" left"* ]]
    # the count outlives who counts
    kill -KILL "$(daemon_pid ipam-orchd)"
    run orch ps
    mount -o remount,size=256m "$WORLD/log/logs"
    wait_until 20 has_logged steady 'ipam-orch: [0-9]* lines are missing here: the disk was full'
    # what is missing is what was counted: the first line that is there has its number
    orch logs --no-log-prefix steady >"$WORLD/after"
    local lost
    lost=$(sed -n 's/^ipam-orch: \([0-9]*\) lines.*/\1/p' "$WORLD/after")
    [ "$(numbers <"$WORLD/after" | head -n 1)" -eq "$lost" ]
    [ "$(ps_field steady pid)" -eq "$pid" ]
    log_disk_away
}

@test "no room for another log file: the present one grows, none of the old ones goes, and later it is rotated" {
    # the directory, the log, its two cursors, and two files that were rotated
    log_disk size=256m,nr_inodes=6
    orch --profile steady up steady
    local pid
    pid=$(ps_field steady pid)
    wait_until 20 manager_says "steady.log grows beyond its limit, it cannot be rotated: No space left on device"
    wait_until 20 is_longer_than $((3 * 16384)) "$WORLD/log/logs/steady.log"
    orch logs --no-log-prefix steady >"$WORLD/grown"
    each_line_once "$WORLD/grown"
    mount -o remount,nr_inodes=1000 "$WORLD/log/logs"
    wait_until 20 test -e "$WORLD/log/logs/steady.log.4"
    orch logs --no-log-prefix steady >"$WORLD/rotated"
    each_line_once "$WORLD/rotated"
    [ "$(ps_field steady pid)" -eq "$pid" ]
    [ "$(cat "$WORLD"/log/*.log | grep -c 'grows beyond its limit')" -eq 1 ]
    log_disk_away
}

@test "no disk for the state: what runs is managed, and the state is whole when there is room again" {
    orch --profile steady up steady
    local pid
    orch stop steady
    # the manager's files in a file system that has no room for another one
    mkdir "$WORLD/saved"
    cp -a "$WORLD/state/manager/." "$WORLD/saved"
    mount -t tmpfs -o size=256k,mode=755 none "$WORLD/state/manager"
    cp -a "$WORLD/saved/." "$WORLD/state/manager"
    chown --reference="$WORLD/saved" "$WORLD/state/manager"
    dd if=/dev/zero of="$WORLD/state/manager/filler" bs=4k 2>/dev/null || true
    orch start steady
    pid=$(ps_field steady pid)
    [ "$pid" -gt 0 ]
    jq -e . "$WORLD/state/manager/projects/logs/state.json" >/dev/null
    rm "$WORLD/state/manager/filler"
    wait_until 20 file_says "$WORLD/state/manager/projects/logs/state.json" "\"pid\": $pid"
    kill -KILL "$(daemon_pid ipam-orchd)"
    run orch ps
    [ "$(ps_field steady pid)" -eq "$pid" ]
    orch down
}

# received FILE N: so many lines of a service have come
received() {
    [ "$(sed -n 's/.* - - - line //p' "$1" | sort -nu | wc -l)" -ge "$2" ]
}

@test "logging.driver syslog: every line arrives, also of rotated files and from the time when nobody listened" {
    local receiver
    export RECEIVER=$WORLD/syslog
    orch --profile told up --no-wait told
    wait_until 60 has_logged told 'line 4999'
    # for whoever has no syslog daemon, logs shows them as ever
    [ "$(orch logs --no-log-prefix told | numbers | wc -l)" -eq 5000 ]
    kill -KILL "$(daemon_pid ipam-orchd)"
    python3 -u "$BATS_TEST_DIRNAME/receive.py" "$RECEIVER" >"$WORLD/received" 3>&- &
    receiver=$!
    run orch ps
    wait_until 60 received "$WORLD/received" 5000
    kill "$receiver"
    grep -q '^<158>1 20[0-9-]*T[0-9:]*Z [^ ]* logs-told/x - - - line 4999$' "$WORLD/received"
}
