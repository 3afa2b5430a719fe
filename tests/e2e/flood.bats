#!/usr/bin/env bats
# A service that writes as fast as it can: what it wrote is in its log, its neighbour's lines are too,
# and the supervisor neither grows nor stops answering.

load world

LINES_WRITTEN=150000 # of 1001 bytes

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<-YAML
		name: flooded
		services:
		  flood:
		    image: local/flood
		    x-native:
		      user: nobody
		      command: [/bin/sh, -c, "yes \$\$(printf %01000d 0) | head -n $LINES_WRITTEN; exec sleep 100000"]
		    logging: { options: { max-size: -1 } }
		    stop_signal: SIGKILL
		  calm:
		    image: local/calm
		    x-native:
		      user: nobody
		      command: [/bin/sh, -c, "n=0; while :; do n=\$\$((n + 1)); echo line \$\$n; sleep 0.01; done"]
		    stop_signal: SIGKILL
	YAML
}

teardown_file() { world_close; }

teardown() { explain_failure; }

log_of() {
    echo "$WORLD/log/flooded/$1.log"
}

# KiB that the supervisor has ever had in memory at once
peak() {
    sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(daemon_pid ipam-orchd)/status"
}

has_lines() {
    [ "$(wc -l <"$(log_of "$1")")" -ge "$2" ]
}

@test "a flood of log lines loses none, of nobody, and costs the supervisor no memory" {
    local seen
    run orch up
    echo "$output"
    [ "$status" -eq 0 ]
    wait_until 60 has_lines flood 1000
    # while it goes on: answers, and what the neighbour says arrives
    run orch ps
    [ "$status" -eq 0 ]
    seen=$(wc -l <"$(log_of calm)")
    wait_until 60 has_lines calm $((seen + 20))
    wait_until 60 has_lines flood "$LINES_WRITTEN"
    [ "$(wc -l <"$(log_of flood)")" -eq "$LINES_WRITTEN" ]
    [ "$(tail -n 1 "$(log_of flood)" | jq -r '.log | length')" -eq 1001 ]
    run orch stop
    [ "$status" -eq 0 ]
    jq -r .log "$(log_of calm)" | grep . >"$WORLD/calm"
    diff <(seq "$(wc -l <"$WORLD/calm")" | sed 's/^/line /') "$WORLD/calm"
    echo "peak: $(peak) KiB"
    [ "$(peak)" -lt 32768 ]
}
