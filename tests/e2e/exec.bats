#!/usr/bin/env bats
# Commands inside running services: what they are, what they may, whose streams they have; signals
# for services, and where their ports are.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'EOF'
name: inside
services:
  web:
    image: local/sleeper
    environment: { COLOUR: blue, SIZE: small }
    working_dir: /tmp
    mem_limit: 64m
    group_add: [mail]
    ports: ["127.0.0.1:8080:80", "5353:53/udp"]
    restart: always
    x-native:
      user: nobody
      command: [/bin/sleep, "3600"]
  idle:
    image: local/sleeper
    x-native:
      user: nobody
      command: [/bin/sleep, "3600"]
EOF
    orch up
    orch stop idle
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# exec ARGUMENT...: with $status, $output and $stderr
exec_in() {
    run --separate-stderr orch exec "$@"
    echo "exit $status: $output"
    echo "errors: $stderr"
}

@test "a command sees what the service sees, and is what the service is" {
    local kind pid
    pid=$(ps_field web pid)
    # shellcheck disable=SC2016 # the shell of the instance expands them
    exec_in web sh -c 'echo $(id -u) $COLOUR $PWD; for n in pid mnt net ipc uts cgroup; do readlink /proc/self/ns/$n; done; grep -E "^(Seccomp|NoNewPrivs|CapBnd|CapEff):" /proc/self/status'
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "65534 blue /tmp" ]
    for kind in pid mnt net ipc uts cgroup; do
        grep -qxF "$(readlink "/proc/$pid/ns/$kind")" <<<"$output"
    done
    for kind in "Seccomp: 2" "NoNewPrivs: 1" "CapBnd: 0000000000000000" "CapEff: 0000000000000000"; do
        grep -qxF "$kind" <<<"${output//$'\t'/ }"
    done
}

@test "its memory is the service's: too much of it ends the command, not the service" {
    local pid
    pid=$(ps_field web pid)
    exec_in web python3 -c 'b = bytearray(512 << 20); print(len(b))'
    [ "$status" -eq 137 ]
    [ "$(ps_field web pid)" = "$pid" ]
}

@test "exit statuses: the command's, a signal, no such program, not executable" {
    exec_in web sh -c 'exit 7'
    [ "$status" -eq 7 ]
    # shellcheck disable=SC2016
    exec_in web sh -c 'kill -TERM $$'
    [ "$status" -eq 143 ]
    run -127 --separate-stderr orch exec web no-such-program
    [[ $stderr == *no-such-program* ]]
    exec_in web /etc/hosts
    [ "$status" -eq 126 ]
}

@test "a service that does not run or does not exist: exit 125 and what to do" {
    exec_in idle true
    [ "$status" -eq 125 ]
    [[ $stderr == *idle*down*"ipam-orch start idle"* ]]
    exec_in wbe true
    [ "$status" -eq 125 ]
    [[ $stderr == *"did you mean 'web'"* ]]
    exec_in web
    [ "$status" -eq 2 ]
}

@test "-e and -w: added, replaced, taken from the caller; options after the service are the command's" {
    # shellcheck disable=SC2016
    TAKEN=yes exec_in -e COLOUR=red -e TAKEN -e ABSENT -w /usr web sh -c 'echo $COLOUR $SIZE $TAKEN ${ABSENT-none} $PWD'
    [ "$output" = "red small yes none /usr" ]
    exec_in -it web echo -e --workdir -T
    [ "$output" = "--workdir -T" ]
    exec_in -w relative web true
    [ "$status" -eq 125 ]
}

@test "-u: the service's user in its groups, and nobody else" {
    local user
    exec_in -u nobody web id -u
    [ "$output" = 65534 ]
    exec_in --user 65534:mail web sh -c 'id -g; id -G | tr " " "\n" | sort -n | tr "\n" " "; touch /tmp/of-mail; stat -c %g /tmp/of-mail'
    [ "$output" = $'8\n8 65534 65535 8' ]
    for user in root 0 0:0 nobody:root nobody:0 www-data 33 :0 root:mail; do
        exec_in -u "$user" web id
        [ "$status" -eq 125 ]
        [[ -z $output && $stderr == *"of the service"* ]]
    done
    exec_in --privileged web id
    [ "$status" -eq 2 ]
}

@test "-d: ends when the command has begun; that goes on without us, and without the supervisor" {
    local old
    exec_in -d web sh -c 'echo $$ >/tmp/begun; exec sleep 7531'
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    wait_until 10 runs_inside 7531
    [ "$(orch top web --format json | jq '[.processes[] | select(.command == "sleep 7531")] | length')" -eq 1 ]
    old=$(daemon_pid ipam-orchd)
    kill -KILL "$old"
    wait_until 20 runs_inside 7531
    [ "$(daemon_pid ipam-orchd)" != "$old" ]
    # it is a process of the service like any other
    # shellcheck disable=SC2016
    orch exec web sh -c 'kill $(cat /tmp/begun)'
    wait_until 10 eval '! runs_inside 7531'
    run -127 --separate-stderr orch exec -d web no-such-program
    [[ $stderr == *no-such-program* ]]
}

@test "-d: ends with its service at the latest" {
    local pid
    exec_in -d web sleep 9753
    wait_until 10 runs_inside 9753
    pid=$(pid_inside "sleep 9753")
    [ "$pid" -gt 0 ]
    orch stop web
    wait_until 10 test ! -e "/proc/$pid"
    orch start web
}

@test "--index: the first instance is the only one there is" {
    exec_in --index 1 web true
    [ "$status" -eq 0 ]
    exec_in --index 2 web true
    [ "$status" -eq 125 ]
    [[ $stderr == *"no instance 2"* ]]
    exec_in --index none web true
    [ "$status" -eq 2 ]
}

@test "streams: apart, binary, complete, in both directions" {
    exec_in web sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
    head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
    orch exec web cat <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/got"
    cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
    # what is a stream can also be opened by its name
    exec_in web sh -c 'echo out >/dev/stdout; echo err >/dev/stderr'
    [ "$output $stderr" = "out err" ]
    # a command that does not read, and a reader that does not want all
    orch exec web true <"$BATS_TEST_TMPDIR/sent"
    [ "$(orch exec web yes 2>/dev/null | head -n 1)" = y ]
}

@test "no descriptor of the caller reaches the command" {
    exec_in web sh -c 'readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2; ls /proc/self/fd'
    [ "$(grep -c '^pipe:' <<<"$output")" -eq 3 ]
    [ "$(grep -c '^[0-9]' <<<"$output")" -eq 4 ] # and the one ls opened
}

@test "on a terminal the command has one of its own, of the same size, and the caller's mode comes back" {
    run in_net env IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" \
        python3 "$BATS_TEST_DIRNAME/terminal.py" "$WORLD/root/usr/bin/ipam-orch" "$PROJECT"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the command ends when the one who asked for it is gone" {
    orch exec web sleep 4321 3>&- &
    wait_until 10 runs_inside 4321
    kill -KILL "$(pgrep -P "$!")"
    wait || true
    wait_until 10 eval '! runs_inside 4321'
}

@test "a broker that goes away while a command runs: the command did not succeed" {
    local asker
    orch exec web sleep 6420 3>&- 2>"$BATS_TEST_TMPDIR/errors" &
    asker=$!
    wait_until 10 runs_inside 6420
    kill -KILL "$(daemon_pid ipam-sandboxd)"
    status=0
    wait "$asker" || status=$?
    [ "$status" -eq 125 ]
    grep -q "broker went away" "$BATS_TEST_TMPDIR/errors"
    wait_until 10 eval '! runs_inside 6420'
}

@test "the command ends with its service" {
    local asker
    orch exec web sleep 8765 3>&- &
    asker=$!
    wait_until 10 runs_inside 8765
    orch stop web
    status=0
    wait "$asker" || status=$?
    [ "$status" -eq 137 ]
    orch start web
}

@test "kill: a name or a number, who got it, and the restart policy goes on" {
    local pid
    pid=$(ps_field web pid)
    run orch kill -s WINCH web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "web $pid" ]
    [ "$(ps_field web pid)" = "$pid" ]
    run orch kill --format json
    echo "$output"
    [ "$(jq -r '.[0] | "\(.service) \(.pid)"' <<<"$output")" = "web $pid" ]
    wait_until 20 runs_again web "$pid"
    [ "$(ps_field web restarts)" -ge 1 ]
}

@test "kill: an unknown signal, one that is not for services, a service that does not run" {
    run orch kill -s NONSENSE web
    [ "$status" -eq 2 ]
    [[ $output == *"unknown signal 'NONSENSE'"* ]]
    run orch kill -s STOP web
    [ "$status" -eq 2 ]
    run orch kill idle
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"ipam-orch ps"* ]]
}

@test "port: one, all, another protocol, not published" {
    [ "$(orch port web 80)" = 127.0.0.1:8080 ]
    [ "$(orch port web 53/udp)" = 0.0.0.0:5353 ]
    [ "$(orch port --protocol udp web 53)" = 0.0.0.0:5353 ]
    [ "$(orch port web | sort | tr '\n' ';')" = "53/udp -> 0.0.0.0:5353;80/tcp -> 127.0.0.1:8080;" ]
    [ "$(orch port --format json web 80 | jq -r '.[0].published')" = 8080 ]
    run orch port idle
    [ "$status" -eq 0 ]
    [ "$output" = "'idle' publishes no port" ]
    run orch port web 81
    [ "$status" -eq 1 ]
    [[ $output == *"81/tcp of 'web' is not published"* ]]
    run orch port web http
    [ "$status" -eq 2 ]
}

# runs_again SERVICE OLD_PID
runs_again() {
    [ "$(ps_field "$1" state)" = up ] && [ "$(ps_field "$1" pid)" != "$2" ]
}

# runs_inside WORD: some process of the service has it on its command line
runs_inside() {
    orch exec web sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " "' | grep -q "sleep $1"
}

# pid_inside COMMAND: of the process of the service that is called so, as the host numbers it
pid_inside() {
    local ns proc
    ns=$(readlink "/proc/$(ps_field web pid)/ns/pid")
    for proc in /proc/[0-9]*; do
        [ "$(readlink "$proc/ns/pid")" != "$ns" ] || [ "$(tr '\0' ' ' <"$proc/cmdline")" != "$1 " ] || echo "${proc#/proc/}"
    done
}

@test "a viewer may not" {
    run in_net setpriv --reuid=65534 --regid=65534 --clear-groups env -C / IPAM_ORCH_RUN_DIR="$WORLD/run" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" "$WORLD/root/usr/bin/ipam-orch" -p inside exec web true
    echo "exit $status: $output"
    [ "$status" -eq 125 ]
    [[ $output == *operator* ]]
}
