#!/usr/bin/env bats
# check and init --take-over on a host whose distribution has started a server of its own.

load world

UNIT=ipam-check-test.service

setup_file() {
    world_open
    mkdir "$WORLD/bin"
    # the unit's processes are in a control group of its name, as systemd has them
    GROUP=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/ipam-check-test/$UNIT
    mkdir -p "$GROUP"
    export GROUP
    # as far as it is needed: what a stopped unit ran is killed, what is started listens
    cat >"$WORLD/bin/systemctl" <<-EOF
		#!/bin/sh
		echo "\$*" >>"$WORLD/systemctl"
		[ "\$1" != disable ] || while read -r pid; do kill "\$pid"; done <"$GROUP/cgroup.procs"
	EOF
    chmod +x "$WORLD/bin/systemctl"
    in_net python3 -c "
import os, socket, time
open('$GROUP/cgroup.procs', 'w').write(str(os.getpid()))
s = socket.create_server(('', 6379))
open('$WORLD/listens', 'w').write(str(os.getpid()))
time.sleep(1000)" 3>&- &
    wait_until 10 test -s "$WORLD/listens"
}

teardown_file() {
    kill "$(cat "$WORLD/listens")" 2>/dev/null || true
    wait_until 10 is_empty
    rmdir "$GROUP" "$(dirname "$GROUP")"
    world_close
}

teardown() { explain_failure; }

is_empty() {
    [ -z "$(cat "$GROUP/cgroup.procs")" ]
}

# with its systemctl
check() {
    PATH=$WORLD/bin:$PATH orch_in "$WORLD" "$@"
}

@test "a port that a unit of the distribution has: program, pid, unit and what to do" {
    run check check port
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *"fail   port.6379"*"port 6379 in use by python3"*"(pid $(cat "$WORLD/listens"), unit $UNIT"* ]]
    [[ $output == *"next: ipam-orch init --take-over stops and disables $UNIT"* ]]
    [[ $output == *"ok     port.80 "* ]]
}

@test "init --take-over stops and disables it, once; --release-units undoes that" {
    run check init --take-over
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"$UNIT: stopped and disabled"* ]]
    grep -qx "disable --now $UNIT" "$WORLD/systemctl"
    wait_until 10 is_empty
    check check port
    run check init --take-over
    [[ $output == *"nothing to do"* ]]
    run check init --release-units
    [[ $output == *"$UNIT: enabled and started"* ]]
    grep -qx "enable --now $UNIT" "$WORLD/systemctl"
    run check init --release-units
    [[ $output == *"nothing to do: no unit was taken over"* ]]
}
