#!/usr/bin/env bats
# Services with a terminal: their log is complete, whoever of us dies meanwhile.

load world

LINES_WRITTEN=1000000

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<-YAML
		name: screens
		services:
		  numbers:
		    image: local/numbers
		    x-native:
		      user: nobody
		      command: [/bin/sh, -c, "seq -f 'line %.0f' $LINES_WRITTEN; exec sleep 100000"]
		    logging: { options: { max-size: -1 } }
		    stop_signal: SIGKILL
		    tty: true
	YAML
}

teardown_file() { world_close; }

teardown() { explain_failure; }

log_of() {
    echo "$WORLD/log/screens/$1.log"
}

has_lines() {
    [ "$(wc -l <"$(log_of "$1")")" -ge "$2" ]
}

@test "numbered lines of a terminal are in the log once each, though supervisor and broker are killed meanwhile" {
    local pid at
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    pid=$(ps_field numbers pid)
    for at in 1000 20000 60000; do
        wait_until 60 has_lines numbers "$at"
        kill -KILL "$(daemon_pid ipam-orchd)"
        [ "$at" -ne 20000 ] || kill -KILL "$(daemon_pid ipam-sandboxd)"
        orch ps >/dev/null
    done
    # all three were in the midst of it
    [ "$(wc -l <"$(log_of numbers)")" -lt "$LINES_WRITTEN" ]
    wait_until 120 has_lines numbers "$LINES_WRITTEN"
    [ "$(ps_field numbers pid)" = "$pid" ]
    run bash -c 'jq -j .log "$1" | cmp - <(seq -f "line %.0f" "$2" | sed "s/\$/\r/")' _ "$(log_of numbers)" "$LINES_WRITTEN"
    echo "$output"
    [ "$status" -eq 0 ]
}
