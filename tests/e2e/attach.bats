#!/usr/bin/env bats
# Looking at what services write as they write it, and typing to those that read.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/attach.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

log_of() {
    jq -j .log "$WORLD/log/look/$1.log"
}

# at_terminal MODE
at_terminal() {
    cat >"$WORLD/orch" <<-SH
		#!/bin/bash
		$(declare -f in_net orch_in)
		orch_in "$PROJECT" "\$@"
	SH
    chmod 755 "$WORLD/orch"
    run timeout 100 python3 "$BATS_TEST_DIRNAME/attach.py" "$WORLD/orch" "$PROJECT" "$1" 3>&-
    echo "$output"
    [ "${lines[-1]}" = ok ]
}

# file_has FILE TEXT
file_has() {
    grep -qF -- "$2" "$1"
}

# watches FILE ARGUMENT...: `attach` in the background, $!, with what it writes in FILE and FILE.errors
watches() {
    local file=$1
    shift
    orch attach "$@" <&0 >"$file" 2>"$file.errors" 3>&- & # without <&0 it would read nothing
    wait_until 20 looks $!
}

# looks PID: the attach that this shell started has the service
looks() {
    grep -qs '^SigBlk:.*4007$' "/proc/$(pgrep -P "$1")/status"
}

@test "a terminal: typed and shown at once, with its size, its keys are the service's; detaching leaves it running" {
    local pid
    pid=$(ps_field shell pid)
    at_terminal shell
    at_terminal keys
    [ "$(ps_field shell pid)" = "$pid" ]
    # the log has all of it
    log_of shell | grep -qF resized
}

@test "the end of the service is that of attach, with its exit status" {
    at_terminal end
}

@test "pipes: lines go in, both streams come out apart, half a line too; two that look see the same" {
    local pid first second status=0
    pid=$(ps_field echo pid)
    mkfifo "$WORLD/in"
    exec 8<>"$WORLD/in"
    watches "$WORLD/first" --no-stdin echo </dev/null
    first=$!
    watches "$WORLD/second" echo <&8
    second=$!
    echo hello >&8
    wait_until 20 file_has "$WORLD/first" "1: hello"
    wait_until 20 file_has "$WORLD/second" "more? "
    wait_until 20 file_has "$WORLD/first.errors" E1
    run ! file_has "$WORLD/first" E1
    # the end of what is typed is not that of the service
    mkfifo "$WORLD/typed"
    orch attach echo <"$WORLD/typed" >/dev/null 3>&- &
    echo again >"$WORLD/typed"
    wait_until 20 file_has "$WORLD/first" "2: again"
    [ "$(ps_field echo pid)" = "$pid" ]
    log_of echo | grep -qF '1: hello'
    # all end with it
    orch kill -s TERM echo
    wait "$first" || status=$?
    [ "$status" -eq 7 ]
    wait "$second" || status=$?
    [ "$status" -eq 7 ]
    cmp "$WORLD/first" "$WORLD/second"
    exec 8<&-
}

@test "any bytes arrive as they were; who does not read misses some and is told so, and the service waits for nobody" {
    local pid looker status=0
    pid=$(ps_field bytes pid)
    mkfifo "$WORLD/go"
    exec 8<>"$WORLD/go"
    watches "$WORLD/bytes" bytes <&8
    looker=$!
    echo all >&8
    all_there() { [ "$(stat -c %s "$WORLD/bytes")" -ge $((1024 * 1024)) ]; }
    wait_until 60 all_there
    python3 -c 'import sys; assert open(sys.argv[1], "rb").read() == bytes(range(256)) * 256 * 16' "$WORLD/bytes"
    # twenty megabytes for one that has stopped
    echo many >&8
    has_taken() { [ "$(stat -c %s "$WORLD/bytes")" -gt $((1024 * 1024)) ]; }
    wait_until 20 has_taken
    kill -STOP "$(pgrep -P "$looker")"
    is_done() { tail -n 1 "$WORLD/log/look/bytes.log" | grep -q '"log":"done'; }
    wait_until 60 is_done
    [ "$(cat "$WORLD"/log/look/bytes.log* | grep -c '"log":"0[0-9]*.n"')" -eq 200000 ]
    kill -CONT "$(pgrep -P "$looker")"
    echo end >&8
    wait "$looker" || status=$?
    [ "$status" -eq 3 ]
    grep -q 'bytes came faster than they were read; see: ipam-orch logs bytes' "$WORLD/bytes.errors"
    exec 8<&-
}

@test "signals: handed on to the one instance, whose end is its; or they end the looking alone" {
    local status=0 first
    first=$(ps_json | jq '.services[] | select(.name == "told") | .pid')
    watches "$WORLD/told" --sig-proxy=false told </dev/null
    kill -INT "$(pgrep -P $!)"
    wait $! || status=$?
    [ "$status" -eq 130 ]
    watches "$WORLD/told" --index 2 told </dev/null
    kill -INT "$(pgrep -P $!)"
    wait $! || status=$?
    [ "$status" -eq 4 ]
    [ "$(ps_json | jq '.services[] | select(.name == "told") | .pid')" = "$first" ]
}

@test "what does not run, is not there, or is asked for wrongly: which and what to do" {
    run --separate-stderr orch attach --index 3 told
    [ "$status" -eq 2 ]
    [[ $stderr == *"no instance 3"* ]]
    run orch attach nobody
    [ "$status" -eq 2 ]
    run orch attach --detach-keys ctrl-? echo
    [ "$status" -eq 2 ]
    orch stop told
    run --separate-stderr orch attach told
    [ "$status" -eq 1 ]
    [[ $stderr == *"'told' is down"*"ipam-orch start told"* ]]
}
