#!/usr/bin/env bats
# What the manager does by itself: schedules on a clock that is moved, what a killed operation left,
# who may work on a project and who did.

load world

setup_file() {
    world_open
    make -s -C "$IPAM_ORCH_SOURCE" B="$IPAM_ORCH_BUILD" "$IPAM_ORCH_BUILD/tests/fakes/moved_clock.so"
    export PROJECT=$WORLD/timed CLOCK=$WORLD/clock
    echo 0 >"$CLOCK"
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'YAML'
name: timed
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
x-ipam-orch:
  schedules:
    nightly: { when: "04:30", run: [version] }
    broken: { when: yearly, run: [logs, nobody] }
    slow: { when: yearly, run: [events] }
    late: { when: yearly, run: [events], timeout: 1s }
    never: { when: "0 0 1 1 *", run: [version], enabled: false }
YAML
    orch up
}

teardown_file() { world_close; }
teardown() { explain_failure; }

# schedule NAME FILTER: what `schedule ls` says of one, through jq
schedule() {
    orch schedule ls --format json | jq -r --arg n "$1" ".schedules[] | select(.name == \$n) | $2"
}

runs() {
    schedule "$1" '.runs | length'
}

# has_runs NAME NUMBER
has_runs() {
    [ "$(runs "$1")" -eq "$2" ]
}

is_running() {
    [ "$(schedule "$1" .running)" = true ]
}

# restart_manager: the supervisor is killed, the next one is on the clock of $CLOCK
restart_manager() {
    kill -KILL "$(daemon_pid ipam-orchd)"
    LD_PRELOAD=$IPAM_ORCH_BUILD/tests/fakes/moved_clock.so MOVED_CLOCK=$CLOCK orch schedule ls >/dev/null
}

# process_of EXPRESSION: of this world, by its command line
process_of() {
    pgrep -f -- "$1" | while read -r pid; do
        ! grep -qsaF "IPAM_ORCH_RUN_DIR=$WORLD/run" "/proc/$pid/environ" || echo "$pid"
    done
}

@test "ls shows when each runs next and ran last; run does it now and history has what it printed" {
    run orch schedule ls
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"NAME"*"WHEN"*"NEXT"*"LAST"*"RESULT"* ]]
    [[ ${lines[*]} =~ nightly\ +04:30\ +20[0-9-]+\ 04:30:00\ +-\ +- ]]
    [[ $output == *never*disabled* ]]
    run orch schedule run nightly
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"nightly done, exit status 0"*"asked for by root"*"    ipam-orch $(cat "$IPAM_ORCH_SOURCE/VERSION")"* ]]
    [ "$(schedule nightly '.runs[0].result')" = "done" ]
    [[ $(orch schedule ls) =~ nightly\ +04:30\ +20[0-9-]+\ 04:30:00\ +20[0-9-]+\ [0-9:]+\ +done ]]
    [[ $(orch schedule history nightly) == *"    ipam-orch "* ]]
    [ "$(orch schedule ls --format json | jq -r '"\(.schema) \(.mode) \(.project)"')" = "1 native timed" ]
}

@test "a run that fails is told with the end of its output, as an event, and as a figure" {
    run orch schedule run broken
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"broken failed, exit status 2"*"no such service: 'nobody'"*"schedule history broken"* ]]
    [ "$(orch events --since 10m --no-follow --json | jq -r 'select(.schedule == "broken") | .event' | paste -sd' ')" = "begun failed" ]
    run orch metrics
    [[ $output == *'ipam_orch_schedule_last_ok{project="timed",schedule="broken"} 0'* ]]
    [[ $output == *'ipam_orch_schedule_last_ok{project="timed",schedule="nightly"} 1'* ]]
}

@test "what is no schedule is told with the nearest name; disable and enable last" {
    run orch schedule run nightli
    echo "$output"
    [ "$status" -eq 2 ]
    orch schedule disable nightly
    [ "$(schedule nightly .enabled)" = false ]
    restart_manager
    [ "$(schedule nightly .enabled)" = false ]
    orch schedule enable nightly
    [ "$(schedule nightly .enabled)" = true ]
}

@test "the clock moves past the moment of a schedule: it runs, once, and the next one is a day later" {
    local next
    restart_manager
    next=$(schedule nightly .next_us)
    has_runs nightly 1
    echo $((next / 1000000 - $(date +%s) + 1)) >"$CLOCK"
    wait_until 60 has_runs nightly 2
    [ "$(schedule nightly '.runs[0] | "\(.result) \(.by)"')" = "done " ]
    [ "$(schedule nightly "(.runs[0].started_us >= $next)")" = true ]
    [ "$(schedule nightly "(.next_us - $next) / 3600000000 | . >= 23 and . <= 25")" = true ]
}

@test "days in which nothing ran are made up for by one run, when the manager is back" {
    kill -KILL "$(daemon_pid ipam-orchd)"
    echo $(($(cat "$CLOCK") + 5 * 86400)) >"$CLOCK"
    LD_PRELOAD=$IPAM_ORCH_BUILD/tests/fakes/moved_clock.so MOVED_CLOCK=$CLOCK orch schedule ls
    wait_until 60 has_runs nightly 3
    orch schedule ls
    has_runs nightly 3
    [ "$(schedule nightly .running)" = false ]
}

@test "kill -9 of the supervisor in a run: the next one waits for it and has its end" {
    orch schedule run slow >/dev/null 3>&- &
    wait_until 30 is_running slow
    restart_manager
    is_running slow
    # one at a time
    run orch schedule run nightly
    echo "$output"
    [ "$status" -eq 8 ]
    is_begun() { [ -n "$(process_of '^ipam-orch -p timed .*events$')" ]; }
    wait_until 30 is_begun
    kill -TERM "$(process_of '^ipam-orch -p timed .*events$')"
    wait_until 30 has_runs slow 1
    [ "$(schedule slow '.runs[0] | "\(.result) \(.code)"')" = "failed 143" ]
    wait || true
}

@test "what is killed with everything else is counted as interrupted" {
    orch schedule run slow >/dev/null 3>&- &
    wait_until 30 is_running slow
    # shellcheck disable=SC2046
    kill -KILL "$(daemon_pid ipam-orchd)" $(process_of 'ipam-orch .*events$')
    orch ps
    wait_until 30 has_runs slow 2
    [ "$(schedule slow '.runs[0].result')" = interrupted ]
    [ -z "$(process_of "ipam-orch .*events\$")" ]
    wait || true
}

@test "what takes too long is ended" {
    run orch schedule run late
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"late timed out"* ]]
    [ -z "$(process_of "ipam-orch .*events\$")" ]
}

@test "lock: who is kept away is told by whom, why and until when; exit 8" {
    [ "$(orch lock status)" = free ]
    orch lock acquire -m "moving the rack"
    [[ $(orch lock status) == "held by root (lock, pid "*"moving the rack" ]]
    [ "$(orch lock status --format json | jq -r '.holder.message')" = "moving the rack" ]
    run orch restart web
    echo "$output"
    [ "$status" -eq 8 ]
    [[ $output == *"locked by root (lock, pid "*"since "*"moving the rack"*"lock release"* ]]
    run orch lock acquire
    [ "$status" -eq 8 ]
    orch lock release
    orch restart web
    run orch lock release
    [ "$status" -eq 1 ]
}

@test "lock: an operation that runs keeps others away, and --lock-wait waits for it" {
    # a service that takes its time to become ready
    sed -i 's/^x-ipam-orch:/  slowly:\n    image: local\/sleeper\n    x-native: { user: nobody, command: [\/bin\/sleep, "3600"] }\n    healthcheck: { test: ["CMD", "test", "-e", "\/tmp\/ready"], interval: 200ms, start_period: 1h }\n&/' "$PROJECT/compose.yaml"
    orch up >/dev/null 2>&1 3>&- &
    is_locked() { [ "$(orch lock status)" != free ]; }
    wait_until 30 is_in_state slowly starting
    is_locked
    run orch stop web
    echo "$output"
    [ "$status" -eq 8 ]
    [[ $output == *"locked by root (up, pid "*"--lock-wait"* ]]
    orch --lock-wait=2m restart web >/dev/null 2>&1 3>&- &
    orch exec slowly touch /tmp/ready
    wait
    [ "$(orch lock status)" = free ]
    orch audit -n 2 | grep -q "done.* restart web"
}

@test "audit: who, what without secrets, when and how it ended" {
    run orch exec -e TOKEN=hunter2 web sh -c 'exit 3; : hunter3'
    [ "$status" -eq 3 ]
    run orch audit --since 1h
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"root "*" done "*"up"* ]]
    [[ $output == *" locked "*"restart web: the project is locked by root"* ]]
    [[ $output == *"exec -e TOKEN=*** web sh ..."* ]]
    [[ $output != *hunter* ]]
    [ -z "$(orch audit --user nobody-else)" ]
    [ "$(orch audit --format json -n 1 | jq -r '.audit[0] | "\(.user) \(.uid) \(.exit) \(.words[0])"')" = "root 0 3 exec" ]
}

@test "what a killed operation has left is seen to when the manager starts, and only when nobody works" {
    local dir=$WORLD/state/operations/timed
    printf '{"verb":"noth' >"$dir/intent"
    chown ipam-orch "$dir/intent"
    orch lock acquire -m "let me look first"
    restart_manager
    orch lock release
    [ -e "$dir/intent" ]
    restart_manager
    wait_until 30 test ! -e "$dir/intent"
    recovered() { orch audit -n 1 | grep -q "ipam-orch .* done .*recover"; }
    wait_until 30 recovered
    [ "$(orch events --since 10m --no-follow --json | jq -r 'select(.operation == "recover") | .event' | tail -n 2 | paste -sd' ')" = "begun done" ]
    # what this version cannot undo stays, and is said
    printf '{"verb":"nothing"}\n' >"$dir/intent"
    chown ipam-orch "$dir/intent"
    run orch recover
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"an interrupted 'nothing' is unfinished"* ]]
    [ -e "$dir/intent" ]
    rm "$dir/intent"
}

@test "down: the audit stays, and what is known of schedules" {
    orch down
    [[ $(orch audit) == *"down"* ]]
    orch up web
    has_runs slow 2
}

@test "what cannot be a schedule is refused at its place; spread moves a moment; catch_up: false" {
    local text says before
    mkdir "$WORLD/refused"
    while IFS='|' read -r text says; do
        printf 'name: refused\nservices:\n  web:\n    image: local/sleeper\n    x-native: { user: nobody, command: [/bin/sleep, "9"] }\nx-ipam-orch:\n  schedules:\n    bad: %s\n' \
            "$text" >"$WORLD/refused/compose.yaml"
        run orch_in "$WORLD/refused" up
        echo "$text: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *"compose.yaml:8:"*"$says"* ]]
    done <<'EOT'
{ when: sometime, run: [version] }|'sometime' is none of: 04:30
{ when: "0 0 30 2 *", run: [version] }|never comes
{ when: daily }|schedule 'bad' needs 'when' and 'run'
{ when: daily, run: [-p, other, down] }|begins with a verb
EOT
    sed -i 's/^    nightly:.*/    nightly: { when: "04:30", run: [version], spread: 10h, catch_up: false }/' "$PROJECT/compose.yaml"
    orch up web
    [ "$(schedule nightly '.next_us / 60000000 % 60 != 30 or .next_us / 1000000 % 60 != 0')" = true ]
    before=$(runs nightly)
    kill -KILL "$(daemon_pid ipam-orchd)"
    echo $(($(cat "$CLOCK") + 5 * 86400)) >"$CLOCK"
    LD_PRELOAD=$IPAM_ORCH_BUILD/tests/fakes/moved_clock.so MOVED_CLOCK=$CLOCK orch schedule ls
    has_runs nightly "$before"
    [ "$(schedule nightly .running)" = false ]
}

# a project with data, beside the one on the moved clock
kept() {
    orch_in "$WORLD/kept" "$@"
}

write_kept() {
    mkdir -p "$WORLD/kept"
    cat >"$WORLD/kept/compose.yaml" <<'YAML'
name: kept
services:
  writer:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    volumes: ["data:/data", /own]
volumes:
  data:
YAML
}

trashed() {
    kept volumes trash --format json | jq -r "$1"
}

@test "down -v: what goes can be brought back for a while, by its name" {
    local id data=$WORLD/state/volumes/kept_data
    write_kept
    kept up
    kept exec writer sh -c 'echo dear >/data/file; chmod 640 /data/file'
    run kept -y down -v
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"kept_data, until 20"*"ipam-orch volumes restore kept_data"* ]]
    [ ! -e "$data" ]
    [ "$(trashed '.trash | length')" -eq 2 ]
    [[ $(kept volumes trash) == *"kept_data "*"KiB "* ]]
    # a fresh one has the name meanwhile: nothing is laid over it
    kept up
    run ! kept exec writer test -e /data/file
    run kept volumes restore kept_data
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"there is a volume 'kept_data' again"* ]]
    run kept -y volumes rm kept_data
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"'kept_data' belongs to service 'writer' of project 'kept'"* ]]
    kept down
    run kept volumes rm kept_data </dev/null
    [ "$status" -eq 15 ]
    kept -y volumes rm kept_data
    id=$(trashed '[.trash[] | select(.name == "kept_data")][0].id')
    kept volumes restore "$id"
    kept up
    [ "$(kept exec writer cat /data/file)" = dear ]
    [ "$(kept exec writer stat -c %U:%a /data/file)" = nobody:640 ]
    [ "$(kept volumes ls --format json | jq -r '.volumes[] | select(.name == "kept_data") | .used')" = true ]
    run kept volumes restore nothing
    [ "$status" -eq 1 ]
    [[ $output == *"no volume 'nothing' in the trash"* ]]
}

@test "down --purge and trash: 0s keep nothing; a week is over when it is over" {
    local n old=$WORLD/state/volumes/.trash/kept_old@1000@2000@kept
    n=$(trashed '.trash | length')
    run kept down --purge </dev/null
    echo "$output"
    [ "$status" -eq 15 ]
    [[ $output == *"will be deleted"*"-y down --purge"* ]]
    kept -y down --purge
    [ "$(trashed '.trash | length')" -eq "$n" ]
    [ ! -e "$WORLD/state/volumes/kept_data" ]
    printf 'x-ipam-orch: { trash: 0s }\n' >>"$WORLD/kept/compose.yaml"
    kept up
    kept -y down -v
    [ "$(trashed '.trash | length')" -eq "$n" ]
    mkdir "$old"
    dd if=/dev/zero of="$old/file" bs=64k count=1 status=none
    run kept clean --dry-run
    echo "$output"
    [[ $output == *"would remove trash"*"KiB"*"kept_old@1000@2000@kept"* ]]
    [ -d "$old" ]
    run kept clean
    echo "$output"
    [[ $output == *"removed      trash"*"kept_old@1000@2000@kept"* ]]
    [ ! -e "$old" ]
    [ "$(trashed '.trash | length')" -eq "$n" ]
}

@test "clean: what a project that is lost has left goes; what runs stays; the dry run says so before" {
    local log=$WORLD/log/kept
    write_kept
    kept up
    # as if its state had been lost while nothing ran: nobody knows the project any more
    kill -KILL "$(daemon_pid ipam-orchd)" "$(daemon_pid ipam-sandboxd)"
    rm -r "$WORLD/state/manager/projects/kept"
    head -c 100000 /dev/zero >"$log/writer.log.1"
    head -c 100000 /dev/zero >"$log/writer.log.2.gz"
    head -c 100000 /dev/zero >"$WORLD/state/operations/kept/half.tmp"
    touch -d '2 hours ago' "$WORLD/state/operations/kept/half.tmp"
    mkdir "$WORLD/state/volumes/kept_gone" "$WORLD/state/volumes/kept_of_another_data"
    mkdir -p "$WORLD/state/operations/kept_of_another"
    orch ps || true
    is_over() { [ -z "$(find /sys/fs/cgroup -type d -path "*/ipam-orch-$(world_tag)/kept.*")" ]; }
    wait_until 30 is_over
    in_net ip -o link | grep -q 'io-.*alias ipam-orch-'
    run kept clean --all --keep 1 --dry-run
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"would remove network"*"io-"* ]]
    [[ $output == *"would remove file"*"KiB"*"operations/kept/half.tmp"* ]]
    [[ $output == *"would remove log"*"KiB"*"writer.log.2.gz"* && $output != *writer.log.1* ]]
    [[ $output == *"would remove volume"*"kept_gone"* && $output != *kept_of_another* && $output != *"kept_data"* ]]
    [[ ${lines[-1]} =~ ^would\ remove\ [0-9]+\ items,\ [0-9.]+\ KiB$ ]]
    [ -e "$log/writer.log.2.gz" ]
    run kept clean --all --keep 1 </dev/null
    [ "$status" -eq 15 ]
    [ -e "$log/writer.log.2.gz" ]
    kept -y clean --all --keep 1
    [ ! -e "$log/writer.log.2.gz" ]
    [ -e "$log/writer.log.1" ]
    [ ! -e "$WORLD/state/operations/kept/half.tmp" ]
    [ ! -e "$WORLD/state/volumes/kept_gone" ]
    [ "$(trashed '[.trash[] | select(.name == "kept_gone")] | length')" -eq 1 ]
    [ -d "$WORLD/state/volumes/kept_of_another_data" ]
    [ -d "$WORLD/state/volumes/kept_data" ]
    run kept clean --dry-run
    echo "$output"
    [ "${lines[-1]}" = "would remove 0 items, 0 bytes" ]
    # and the other project was not touched
    [ "$(ps_field web state)" = up ]
    can_ping() { in_net ip -o link show type bridge | grep -c io-; }
    [ "$(can_ping)" -eq 1 ]
}

@test "a project with a database has a backup every night without saying so" {
    local next
    mkdir -p "$WORLD/nightly/migrations"
    echo 'create table orders (id int primary key);' >"$WORLD/nightly/migrations/0001_orders.up.sql"
    cat >"$WORLD/nightly/compose.yaml" <<'YAML'
name: nightly
services:
  mysql:
    image: mariadb:10.11
    environment:
      MYSQL_DATABASE: shop
      MYSQL_USER: shop
      MYSQL_PASSWORD_FILE: /run/secrets/user
      MYSQL_ROOT_PASSWORD_FILE: /run/secrets/root
    secrets: [user, root]
    volumes: ["data:/var/lib/mysql"]
    healthcheck: { test: ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"], interval: 1s, start_period: 120s }
volumes: { data: }
secrets:
  user: { environment: SHOP_USER }
  root: { environment: SHOP_ROOT }
x-ipam-orch:
  database: { service: mysql, name: shop, user: shop, password_secret: user, migrations: ./migrations }
YAML
    restart_manager
    SHOP_USER=one SHOP_ROOT=two orch_in "$WORLD/nightly" up
    nightly() { orch_in "$WORLD/nightly" -p nightly "$@"; }
    has_backup() { [ "$(nightly backup ls --format json | jq '.backups | length')" -eq 1 ]; }
    run nightly schedule ls
    echo "$output"
    [[ $output == *"backup "*"02:00"*"backup create"* && $output == *"backup prune"* && $output == *" clean"* ]]
    [ "$(nightly backup ls --format json | jq '.backups | length')" -eq 0 ]
    next=$(nightly schedule ls --format json | jq '.schedules[] | select(.name == "backup") | .next_us')
    echo $((next / 1000000 - $(date +%s) + 1)) >"$CLOCK"
    nightly schedule ls
    wait_until 120 has_backup
    last() { nightly schedule ls --format json | jq -r '.schedules[] | select(.name == "backup") | .runs[0].result'; }
    is_done() { [ "$(last)" = "done" ]; }
    wait_until 60 is_done
    # by a user without any right but that of an operator
    [[ $(nightly audit) == *" ipam-orch "*" done "*"backup create"* ]]
    # and a trial of it every week, by the same user
    nightly schedule run drill
    [ "$(nightly schedule ls --format json | jq -r '.schedules[] | select(.name == "drill") | .runs[0].result')" = "done" ]
}
