# One round of chaos: something is under way, somebody is killed, and then everything is as it was wanted.
# shellcheck shell=bash

CHAOS_SERVICES=(one two three four)

# pause_for MS: a moment that has nothing to do with anything
pause_for() {
    read -rt "$(printf '0.%03d' "$1")" <> <(:) || true
}

# all_up: every service runs, none of them paused or on its way
all_up() {
    [ "$(orch ps --format json | jq '[.services[] | select(.state == "up" and .pid > 0)] | length')" -eq ${#CHAOS_SERVICES[@]} ]
}

# pids: SERVICE PID of all
pids() {
    orch ps --format json | jq -r '.services[] | "\(.service) \(.pid)"'
}

# init_of SERVICE: the parent of its program, if it runs and that is an init of ours
init_of() {
    local pid parent
    pid=$(pids | awk -v s="$1" '$1 == s { print $2 }')
    [ "${pid:-0}" -gt 1 ] || return 0
    parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
    [ "$(cat "/proc/${parent:-0}/comm" 2>/dev/null)" != ipam-init ] || echo "$parent"
}

# a_worker: one that runs now, if any
a_worker() {
    local pid
    for pid in $(world_pids); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != ipam-worker ] || echo "$pid"
    done | head -n 1
}

# under_way WHAT SERVICE: begins it and leaves it running; its end does not matter, what it wanted does
under_way() {
    case $1 in
        steady) ;;
        restart) orch restart "$2" >/dev/null 2>&1 & ;;
        up) orch up >/dev/null 2>&1 & ;;
        stop-start) { orch stop "$2" && orch start "$2"; } >/dev/null 2>&1 & ;;
        down-up) { orch down && orch up; } >/dev/null 2>&1 & ;;
    esac
    UNDER_WAY=$!
}

# strike WHOM SERVICE
strike() {
    local pid=
    case $1 in
        supervisor) pid=$(daemon_pid ipam-orchd) ;;
        broker) pid=$(daemon_pid ipam-sandboxd) ;;
        both) pid="$(daemon_pid ipam-orchd) $(daemon_pid ipam-sandboxd)" ;;
        worker) pid=$(a_worker) ;;
        init) pid=$(init_of "$2" 2>/dev/null) ;;
    esac
    # shellcheck disable=SC2086 # none, one or two
    [ -z "$pid" ] || kill -KILL $pid 2>/dev/null || true
}

# is_over PID
is_over() {
    ! kill -0 "$1" 2>/dev/null
}

# brought_up: unless what was under way still is, of a command that has lost its manager
brought_up() {
    orch up >"$WORLD/up" 2>&1 || {
        cat "$WORLD/up"
        return 1
    }
}

# round: prints what it does; fails when something is not as it should be
round() {
    local -a phases=(steady steady restart up stop-start down-up) victims=(supervisor broker both worker init)
    local phase=${phases[RANDOM % ${#phases[@]}]} whom=${victims[RANDOM % ${#victims[@]}]}
    local service=${CHAOS_SERVICES[RANDOM % 4]} target=${CHAOS_SERVICES[RANDOM % 4]} before after name
    echo "$phase of $service, kill $whom (of $target)"
    before=$(pids)
    under_way "$phase" "$service"
    pause_for $((RANDOM % 60))
    strike "$whom" "$target"
    [ "$phase" = steady ] || wait_until 20 is_over "$UNDER_WAY" || return 1
    # whatever became of it: this is what is wanted
    wait_until 20 brought_up || return 1
    wait_until 20 all_up || return 1
    after=$(pids)
    for name in "${CHAOS_SERVICES[@]}"; do
        case $phase:$whom:$name in
            down-up:*) continue ;;
            restart:*:"$service" | stop-start:*:"$service" | *:init:"$target") continue ;;
            # what depends on it is stopped with it, or may be
            stop-start:*:two | *:init:two)
                if [ "$service" = one ] || [ "$target" = one ]; then continue; fi
                ;;
        esac
        [ "$(grep "^$name " <<<"$before")" = "$(grep "^$name " <<<"$after")" ] || {
            echo "$name has another process: before $before after $after"
            return 1
        }
    done
}

# lines_are_whole SERVICE: of one that writes no more; each life's numbers begin at 0 and none is missing or doubled
lines_are_whole() {
    find "$WORLD/log/chaos" -regex ".*/$1\.log\(\.[0-9]+\)?" | sort -Vr | xargs cat |
        jq -r '"\(.attrs.instance) \(.log)"' | awk -v service="$1" '
            NF < 3 { next } # the end of a life in the middle of a line
            { life = $1; n = $3 }
            # lives are counted from 1 again after `down`; each begins with line 0
            n == 0 { next_n[life] = 0 }
            n != next_n[life] + 0 { printf "%s, life %s: line %s where %s should be\n", service, life, n, next_n[life]; bad = 1; exit }
            { next_n[life]++ }
            END { exit bad }'
}

# chaos ROUNDS SEED
chaos() {
    local n
    RANDOM=$2
    for ((n = 1; n <= $1; n++)); do
        echo -n "round $n: "
        round || return 1
    done
}
