#!/usr/bin/env bats
# What people complain about in other programs of this kind, in our words, with a thread where they
# do; each test shows from outside that there is nothing to complain about here.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/complaints.yaml" "$PROJECT/compose.yaml"
}

teardown_file() { world_close; }

teardown() {
    explain_failure
    orch down -t 0 || true
    rm -rf "$WORLD/log/complaints" "$WORLD/state/volumes"
}

# up PROFILE: all of it
up() {
    orch --profile "$1" up
}

# told: what services have said in the file of all
told() {
    cat "$WORLD/state/volumes/complaints_told/order"
}

# has_told TEXT...: these lines, and no others
has_told() {
    [ "$(told)" = "$(printf '%s\n' "$@")" ]
}

# has_logged SERVICE TEXT
has_logged() {
    orch logs --no-log-prefix "$1" | grep -q "$2"
}

# file_says FILE TEXT
file_says() {
    grep -q "$2" "$1"
}

# restarted_often SERVICE NUMBER
restarted_often() {
    [ "$(ps_field "$1" restarts)" -ge "$2" ]
}

# run_as TEXT: pids of the world whose command line is that
run_as() {
    local pid
    for pid in $(world_pids); do
        [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" != "$1 " ] || echo "$pid"
    done
}

# numbers: of the lines on stdin
numbers() {
    sed -n 's/.*line \([0-9]*\).*/\1/p'
}

# power_fails: nothing runs any more, ours and theirs, and what was in memory is gone
power_fails() {
    local pid
    for pid in $(world_pids); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    wait_until 20 world_is_empty
    rm -rf "$WORLD/run"
}

@test "an unhealthy service is restarted, not only labelled (moby#28400)" {
    up ill
    local pid
    pid=$(ps_field ill pid)
    touch "/proc/$pid/root/told/sick"
    wait_until 20 is_healthy ill "$pid"
}

@test "the order of the file holds after a reboot, and as a boot service it is all there again (compose#12589, compose#4266)" {
    up order
    power_fails
    : >"$WORLD/state/volumes/complaints_told/order"
    run orch ps
    wait_until 20 is_in_state app up
    has_told "db begins" "app begins"
    [ "$(ps_field app restarts)" -eq 0 ]
    # what does that at a boot without anybody asking
    grep -qx 'WantedBy=multi-user.target' "$WORLD/root/lib/systemd/system/ipam-orchd.service"
}

@test "a proxy finds a restarted backend where it was (sentry self-hosted#4295)" {
    up web
    local before
    before=$(orch exec -T proxy getent ahostsv4 web)
    orch restart web
    [ "$(orch exec -T proxy getent ahostsv4 web)" = "$before" ]
    can_connect "$(ps_field proxy pid)" "${before%% *}" 8000
}

@test "who depends on a service that died and came back is restarted after it, when it says so (compose#13211)" {
    up order
    : >"$WORLD/state/volumes/complaints_told/order"
    kill -KILL "$(ps_field db pid)"
    wait_until 20 has_told "db begins" "app ends" "app begins"
}

@test "logs have an end though nobody has said which (moby#27957)" {
    up flood
    wait_until 60 has_logged flood over
    local bytes
    bytes=$(find "$WORLD/log/complaints" -name 'flood.log*' -printf '%s\n' | awk '{ n += $1 } END { print n }')
    [ "$bytes" -gt $((60 * 1024 * 1024)) ]
    [ "$bytes" -lt $((81 * 1024 * 1024)) ]
}

@test "who answers but refuses the login is not healthy (docker-library mysql#930)" {
    run orch --profile cache up --keep
    [ "$status" -eq 6 ]
    [[ $output == *"service 'cache' is unhealthy"*"NOAUTH"* ]]
}

@test "a one-shot that ended well does not make up fail (compose#10596)" {
    up task
    [ "$(ps_field task state)" = "done" ]
}

@test "who waits for what never gets healthy does not hang in silence (podman-compose#1422)" {
    run orch --profile never up --wait-timeout 1
    [ "$status" -eq 6 ]
    [[ $output == *"waits waiting for never"* ]]
    [[ $output == *"service 'never' is not ready after 1.0 s"* ]]
}

@test "that a dependency is unhealthy comes with the reason (pangolin#281)" {
    run orch --profile dry up
    [ "$status" -eq 6 ]
    [[ $output == *"service 'dry' is unhealthy after 1 failed checks; the last one said: the lake is dry"* ]]
}

@test "restart applies what has changed, ps says that it has, and --no-reload keeps what was (compose#4140)" {
    up task
    local before
    before=$(ps_field colours pid)
    [ "$(ps_field colours config_changed)" = false ]
    sed -i 's/COLOUR: blue/COLOUR: green/' "$PROJECT/compose.yaml"
    [ "$(ps_field colours config_changed)" = true ]
    orch ps colours | grep -q "config changed"
    orch restart --no-reload colours
    [ "$(ps_field colours config_changed)" = true ]
    [ "$(orch exec -T colours printenv COLOUR)" = blue ]
    orch restart colours
    [ "$(orch exec -T colours printenv COLOUR)" = green ]
    [ "$(ps_field colours config_changed)" = false ]
    [ "$(ps_field colours pid)" -ne "$before" ]
    # nothing but what was restarted becomes another one
    sed -i 's/COLOUR: green/COLOUR: red/' "$PROJECT/compose.yaml"
    before=$(ps_field colours pid)
    orch restart task
    [ "$(ps_field colours pid)" -eq "$before" ]
    # and files with a mistake restart nothing
    sed -i 's/COLOUR: red/COLOUR: [red/' "$PROJECT/compose.yaml"
    run orch restart colours
    [ "$status" -eq 3 ]
    [ "$(ps_field colours pid)" -eq "$before" ]
    cp "$BATS_TEST_DIRNAME/complaints.yaml" "$PROJECT/compose.yaml"
}

@test "grandchildren do not survive a stop (supervisor#1101)" {
    up family
    two_of_them() { [ "$(run_as "sleep 3706" | wc -l)" -eq 2 ]; }
    wait_until 20 two_of_them
    orch stop family
    [ -z "$(run_as "sleep 3706")" ]
}

@test "programs start one after the other is ready, and stop the other way round (supervisor#122)" {
    up order
    orch stop
    has_told "db begins" "app begins" "app ends" "db ends"
}

@test "restarts back off as far as was said, and are not given up for ever (supervisor#487)" {
    orch --profile crashing up --no-wait
    # doubling without an end, or up to a minute, these would take hours
    wait_until 30 restarted_often crashing 30
    [ "$(ps_field crashing state)" != failed ]
}

@test "an upgrade of the engine leaves services alone (moby#2658)" {
    up order
    local before program
    before=$(ps_pids)
    for program in ipam-orchd ipam-sandboxd ipam-init; do
        cp "$WORLD/root/usr/lib/ipam-orch/$program" "$WORLD/next"
        mv "$WORLD/next" "$WORLD/root/usr/lib/ipam-orch/$program"
    done
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    run orch ps
    [ "$(ps_pids)" = "$before" ]
    orch restart db
    wait_until 20 is_in_state app up
}

@test "a service that hangs is found, by a probe that needs no program in it (systemd#9075, frigate#108)" {
    up web
    kill -STOP "$(ps_field web pid)"
    wait_until 20 is_in_state web sick
    kill -CONT "$(ps_field web pid)"
    wait_until 20 is_in_state web up
    [ "$(ps_field web restarts)" -eq 0 ]
}

@test "a busy port is found before anything starts, with who has it (compose#10926)" {
    local holder
    be_in_net python3 -m http.server 18000 --bind 127.0.0.1 >/dev/null 2>&1 &
    holder=$!
    listens() { in_net ss -Hltn 'sport = :18000' | grep -q .; }
    wait_until 10 listens
    run orch --profile web up
    kill "$holder"
    [ "$status" -eq 4 ]
    [[ $output == *18000*python3* ]]
    world_is_empty
}

@test "logs -f goes on after restarts (compose#8925)" {
    up steady
    orch logs -f --no-log-prefix steady >"$WORLD/followed" 2>/dev/null &
    local follower=$!
    wait_until 20 file_says "$WORLD/followed" 'line 20$'
    orch restart steady
    second_life() { [ "$(grep -cx 'line 30' "$WORLD/followed")" -eq 2 ]; }
    wait_until 20 second_life
    kill "$follower"
}

@test "who reads logs by inode has each line once when they are rotated, as Filebeat does (beats#39731)" {
    up steady
    local log=$WORLD/log/complaints/steady.log last
    rotated_twice() { [ -e "$log.2" ]; }
    exec 5<"$log"
    wait_until 20 rotated_twice
    orch stop steady
    # the file that was open has only moved; the next one begins with the next line
    local held
    held=$(find "$WORLD/log/complaints" -inum "$(stat -Lc %i /dev/fd/5)")
    [[ $held =~ \.log\.[0-9]+$ ]]
    numbers <&5 >"$WORLD/held"
    exec 5<&-
    last=$(tail -n 1 "$WORLD/held")
    cmp "$WORLD/held" <(seq 0 "$last")
    [ "$(numbers <"$log.$((${held##*.} - 1))" | head -n 1)" -eq $((last + 1)) ]
}

@test "limits below deploy hold in the kernel (compose#7307)" {
    up limited
    local pid
    pid=$(ps_field limited pid)
    [ "$(kernel_file "$pid" memory memory.limit_in_bytes memory.max)" -eq $((64 * 1024 * 1024)) ]
    [ "$(kernel_file "$pid" pids pids.max pids.max)" -eq 17 ]
    [ "$(ps_field limited memory_limit)" -eq $((64 * 1024 * 1024)) ]
}
