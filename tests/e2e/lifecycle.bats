#!/usr/bin/env bats
# Hooks, restarts by deploy.restart_policy, what sickness leads to, who follows whom.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/lifecycle.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# has_logged SERVICE TEXT
has_logged() {
    orch logs --no-log-prefix "$1" | grep -q "$2"
}

# is_another SERVICE PID: it runs, as another process than that
is_another() {
    local pid
    pid=$(ps_field "$1" pid)
    [ "$pid" -gt 0 ] && [ "$pid" -ne "$2" ]
}

has_restarted() {
    [ "$(ps_field "$1" restarts)" -gt 0 ]
}

# make_sick SERVICE
make_sick() {
    touch "/proc/$(ps_field "$1" pid)/root/told/sick"
}

@test "post_start and pre_stop: in the service, as it says, in their order, before the stop signal" {
    local told
    told=/proc/$(ps_field hooked pid)/root/told/order
    [ "$(grep -v program "$told" | tr '\n' ,)" = "/usr,service hook,nobody,second," ]
    orch stop hooked
    orch start hooked
    told=/proc/$(ps_field hooked pid)/root/told/order
    run sed -n '/^\/usr$/,/^TERM$/p' "$told"
    [ "$(sed '1,/second/d; /TERM/q' "$told" | grep -v program | tr '\n' ,)" = "/usr,before,nobody,TERM," ]
}

@test "post_start: one that fails ends its service, and the error says what it was" {
    run orch --profile broken up --no-deps broken
    [ "$status" -eq 1 ]
    [[ $output == *"post_start command /bin/sh exited with status 3: no luck"* ]]
    run ps_field broken pid
    [ "${output:-0}" -eq 0 ]
}

@test "x-native.pre_start: before the program, in its sandbox as its user; its output is in the log, nothing of it stays" {
    local told
    orch --profile prepared up prepared
    told=/proc/$(ps_field prepared pid)/root/told
    [ "$(tr '\n' , <"$told/order")" = "/usr,service before,nobody,second,program," ]
    [ "$(cat "$told/net")" = "$(readlink "/proc/$(ps_field prepared pid)/ns/net")" ]
    has_logged prepared prepares
    run orch exec prepared pgrep sleep
    [ "$(grep -c . <<<"$output")" -eq 1 ]
    # each life anew, and never beside a command of its own
    orch restart prepared
    told=/proc/$(ps_field prepared pid)/root/told
    [ "$(grep -c second "$told/order")" -eq 2 ]
    orch run --rm prepared true
    [ "$(grep -c second "$told/order")" -eq 2 ]
}

@test "x-native.pre_start: one that fails is a start that failed; why has its output; while nobody waits it is tried again" {
    run orch --profile broken up --no-deps unprepared
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"could not start: running its pre_start commands: exited with status 3"* ]]
    orch --profile broken up --no-deps --no-wait unprepared unending unsteady unheard
    wait_until 20 is_in_state unprepared backoff
    run orch why unprepared
    echo "$output"
    [[ $output == *"the lake is dry"* ]]
    [[ $output == *"ipam-init: running its pre_start commands: /bin/sh exited with status 3"* ]]
    wait_until 20 is_in_state unending backoff
    has_logged unending "sleep was not over in time"
    wait_until 20 is_in_state unsteady backoff
    [[ $(ps_field unsteady last_exit) == *"pre_start commands: killed by signal 11"* ]]
    wait_until 20 is_in_state unheard backoff
    has_logged unheard "/no/such/program: executing the program: No such file or directory"
    wait_until 20 has_restarted unprepared
    orch stop unprepared unending unsteady unheard
}

@test "x-native.pre_start: goes on while manager and broker are killed, and the program is found when it begins" {
    local told=$WORLD/state/volumes/lifecycle_patient
    orch --profile prepared up --no-wait patient
    wait_until 20 test -s "$told/order"
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    [ "$(ps_field patient state)" = preparing ]
    [ "$(ps_field patient pid)" -eq 0 ]
    touch "$told/go"
    wait_until 20 is_in_state patient up
    [ "$(tr '\0' ' ' <"/proc/$(ps_field patient pid)/cmdline")" = "/bin/sleep 3606 " ]
    [ "$(cat "$told/order")" = waits ]
    # who waits can be stopped
    rm "$told/go"
    orch stop patient
    orch --profile prepared up --no-wait patient
    wait_until 20 is_in_state patient preparing
    orch stop patient
    [ "$(ps_field patient state)" = down ]
}

@test "deploy.restart_policy: condition, delay, max_attempts and window instead of restart; restart_delay" {
    orch --profile tried up --no-wait tried eager
    wait_until 20 is_in_state tried failed
    [ "$(ps_field tried restarts)" -eq 2 ]
    [ "$(orch logs --no-log-prefix tried | grep -c try)" -eq 3 ]
    # doubling from 100 ms these would take minutes
    wait_until 20 is_in_state eager failed
    [ "$(ps_field eager restarts)" -eq 12 ]
}

@test "x-native.on_unhealthy: restarted by itself, reloaded, stopped, or let alone" {
    local hanging patient ignored
    orch --profile sick up hanging reloading patient-one given-up ignored
    hanging=$(ps_field hanging pid)
    patient=$(ps_field patient-one pid)
    make_sick patient-one
    wait_until 20 is_in_state patient-one sick
    ignored=$(ps_field ignored pid)
    make_sick hanging
    wait_until 20 is_another hanging "$hanging"
    wait_until 20 is_healthy hanging
    [[ $(ps_field hanging last_exit) == "was unhealthy"* ]]
    # it was sick before, and its time is not over
    [ "$(ps_field patient-one pid) $(ps_field patient-one state)" = "$patient sick" ]
    make_sick reloading
    wait_until 20 has_logged reloading reloaded
    wait_until 20 is_healthy reloading
    [ "$(ps_field reloading restarts)" -eq 0 ]
    make_sick given-up
    wait_until 20 is_in_state given-up failed
    make_sick ignored
    wait_until 20 is_in_state ignored sick
    [ "$(ps_field ignored pid)" -eq "$ignored" ]
}

# control REQUEST: its answer, from the manager
control() {
    python3 - "$WORLD/run/manager/control.sock" "$1" <<'PYTHON'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline(), end="")
PYTHON
}

# word_becomes TEXT: the secret, without a restart
word_becomes() {
    run control "$(jq -nc --arg word "$1" \
        '{ op: "renew", project: "lifecycle", secrets: { word: $word } }')"
    echo "$output"
    [ "$(jq -r '.done, .instances[0].service' <<<"$output" | tr '\n' ' ')" = "true reader " ]
}

@test "reload: the test of the service first, then its signal to the same process" {
    local pid
    WORD="good one" orch --profile reload up reader
    pid=$(ps_field reader pid)
    wait_until 20 has_logged reader "good one"
    word_becomes "good two"
    run --separate-stderr orch reload reader
    [ "$status" -eq 0 ]
    [ "$output" = "reader: configuration tested, SIGHUP sent to $pid" ]
    wait_until 20 has_logged reader "good two"
    word_becomes "poor three"
    run orch reload
    echo "$output"
    [ "$status" -eq 3 ]
    [[ $output == *"service 'reader' goes on with the configuration it has"*"bad word"* ]]
    [ "$(ps_field reader pid)" -eq "$pid" ]
    run orch --format json reload reader
    [ "$status" -eq 3 ]
    word_becomes "good four"
    run --separate-stderr orch --format json reload
    [ "$(jq -r '"\(.schema) \(.mode) \(.services[0].service) \(.services[0].pid) \(.services[0].tested)"' <<<"$output")" = "1 native reader $pid true" ]
    wait_until 20 has_logged reader "good four"
    orch events --since 1h --no-follow --json | jq -se 'map(.event) | index("reloaded")'
    run orch reload hooked
    [ "$status" -eq 2 ]
    [[ $output == *"restart hooked"* ]]
    # the next life has it too
    orch restart --no-reload reader
    run orch exec -T reader cat /run/secrets/word
    [ "$output" = "good four" ]
}

@test "depends_on: what comes back by itself takes along who says restart, and nobody else" {
    local leader follower stayer
    orch --profile led up leader follower stayer
    leader=$(ps_field leader pid)
    follower=$(ps_field follower pid)
    stayer=$(ps_field stayer pid)
    kill -KILL "$leader"
    wait_until 20 is_another leader "$leader"
    wait_until 20 is_another follower "$follower"
    [ "$(ps_field stayer pid)" -eq "$stayer" ]
}

@test "--wait-timeout says what was waited for; --timeout goes before the grace period of the file" {
    run orch --profile endless up --wait-timeout 1 -t 0 endless
    [ "$status" -eq 6 ]
    [[ $output == *"service 'endless' is not ready after 1.0 s: it is starting"* ]]
    run ps_field endless pid
    [ "${output:-0}" -eq 0 ]
    orch --profile endless up --no-wait endless
    orch stop --timeout 100ms endless
    [ "$(ps_field endless state)" = down ]
    run orch up --wait-timeout soon
    [ "$status" -eq 2 ]
}
