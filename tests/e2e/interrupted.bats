#!/usr/bin/env bats
# Updates and rollbacks that are ended at each of their moments (base/moment.h): afterwards everything is
# of the old release, or everything of the new one.  Which moments there are is seen, not listed.
# The tests build on each other: the first brings the project up.

load world

# who is ended, and where it writes what it saw
COMMAND=ipam-orch
SUPERVISOR=ipam-orchd
# of the project that have a release in their environment
SERVICES=2

setup_file() {
    world_open
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$IPAM_ORCH_SOURCE" B="$IPAM_ORCH_BUILD" failpoints
    cp "$IPAM_ORCH_BUILD/failpoints/ipam-orch" "$WORLD/root/usr/bin/"
    cp "$IPAM_ORCH_BUILD"/failpoints/ipam-{orchd,sandboxd,init,worker} "$WORLD/root/usr/lib/ipam-orch/"
    export IPAM_ORCH_MOMENTS=$WORLD/moments PROJECT=$WORLD/web
    mkdir -m 777 "$IPAM_ORCH_MOMENTS"
    mkdir -p "$PROJECT/told"
    cp "$BATS_TEST_DIRNAME/interrupted.yaml" "$PROJECT/compose.yaml"
    echo 1 >"$WORLD/last"
    files_say 1
    orch up
    touch "$WORLD/is-up"
}

teardown_file() { world_close; }

setup() {
    [ -e "$WORLD/is-up" ]
    # a moment that the round before did not come to
    rm -f "$WORLD"/{failed,rounds,missed} "$IPAM_ORCH_MOMENTS"/*.end
}

teardown() { explain_failure; }

# ---- what the files say, and what is so ----

# files_say RELEASE
files_say() {
    echo "RELEASE=$1" >"$PROJECT/.env"
    echo "$1" >"$PROJECT/told/word"
    [ ! -d "$PROJECT/migrations" ] || {
        printf 'SHOP_PASSWORD=a word\nSHOP_ROOT_PASSWORD=another word\n' >>"$PROJECT/.env"
        echo "create table t_$(printf %04d "$1") (id int); insert into t_$(printf %04d "$1") values (1);" \
            >"$PROJECT/migrations/$(printf %04d "$1")_t.up.sql"
    }
}

# the next release that nobody has seen yet
next_release() {
    local n
    n=$(($(cat "$WORLD/last") + 1))
    echo "$n" >"$WORLD/last"
    echo "$n"
}

# everything that tells of a release, one line each
witnesses() {
    local pid name
    name=$(basename "$PROJECT")
    orch releases ls --format json | jq -r '.releases[] | select(.state == "current") | "current \(.label)"'
    for pid in $(ps_json | jq -r '.services[] | select(.pid > 0 and .service != "db") | .pid'); do
        echo "environment $(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^RELEASE=//p')"
        echo "file $(cat "/proc/$pid/root/told/word")"
    done
    jq -r '.units[] | select(.name != "db") | "definition \(.env[] | select(startswith("RELEASE=")) | ltrimstr("RELEASE="))"' \
        "$WORLD/state/manager/projects/$name/project.json"
    find "$WORLD/state/operations/$name" "$WORLD/state/manager/projects/$name" -maxdepth 1 \
        \( -name intent -o -name next.json \)
}

# all_say RELEASE: everything is of that one, and nothing is left of anything else
all_say() {
    local n
    witnesses >"$WORLD/witnesses"
    {
        echo "current $1"
        for ((n = 0; n < SERVICES; n++)); do
            printf 'environment %s\nfile %s\n' "$1" "$1"
        done
        for ((n = 0; n < SERVICES; n++)); do echo "definition $1"; done
    } | cmp -s "$WORLD/witnesses"
}

# ask STATEMENT: as the administrator of the database
ask() {
    nsenter -t "$(ps_field db pid)" -m setpriv --reuid mysql --regid mysql --clear-groups \
        mariadb --no-defaults --socket=/run/mysqld/mysqld.sock -N -B -e "$1" 3>&-
}

# schema_is_whole OLD NEW: its tables are those of its ledger, all of OLD at least and all of NEW when
# that one serves; nothing is left of a migration.  The script of release N makes the table t_N.
schema_is_whole() {
    local tables ledger
    tables=$(ask "select group_concat(table_name order by table_name) from information_schema.tables
        where table_schema = 'shop' and table_name like 't%'") || return 1
    ledger=$(ask "select group_concat(concat('t_', lpad(version, 4, '0')) order by version) from shop.ipam_orch_migrations
        where finished_at is not null") || return 1
    echo "schema $tables, ledger $ledger" >>"$WORLD/output"
    [ "$tables" = "$ledger" ] && [[ $tables == "$BEFORE"* ]] || return 1
    [ "$(current)" != "$2" ] || [[ $tables == *"t_$(printf %04d "$2")" ]] || return 1
    [ "$(ask 'select @@global.read_only, count(*) from mysql.global_priv where User = "ipam_orch_change"')" = $'0\t0' ] || return 1
    [ -z "$(find "$WORLD/state/operations/shop/migrate" -type f)" ]
}

either_says() {
    if [ "$(basename "$PROJECT")" = shop ]; then
        schema_is_whole "$1" "$2" || return 1
    fi
    all_say "$1" || all_say "$2"
}

current() {
    orch releases ls --format json | jq -r '.releases[] | select(.state == "current") | .label'
}

# ---- moments ----

# moments PROGRAM: what it saw, as "N WHAT WHICH"
moments() {
    awk '{ print ++n[$0], $0 }' "$IPAM_ORCH_MOMENTS/$1.seen"
}

# forget_moments: in place, since a supervisor writes on
forget_moments() {
    rm -f "$IPAM_ORCH_MOMENTS"/*.end
    : | tee "$IPAM_ORCH_MOMENTS"/*.seen
}

# ends_at PROGRAM MOMENT COMMAND...: the command, and whether it came to that
ends_at() {
    local program=$1 moment=$2
    shift 2
    forget_moments
    echo "$moment" >"$IPAM_ORCH_MOMENTS/$program.end"
    "$@" >"$WORLD/output" 2>&1 || true
    [ ! -e "$IPAM_ORCH_MOMENTS/$program.end" ]
}

# whoever comes next
recovers() {
    orch recover >>"$WORLD/output" 2>&1
}

# what a machine does not have any more that was switched off
power_fails() {
    # shellcheck disable=SC2046  # several
    kill -KILL $(daemon_pid ipam-orchd) $(daemon_pid ipam-sandboxd) $(guests) 2>/dev/null || true
    wait_until 20 guests_are_gone
}

# processes of instances; world_pids would look at every process of the machine
guests() {
    find /sys/fs/cgroup -path "*/ipam-orch-$(world_tag)*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u
}

guests_are_gone() {
    [ -z "$(guests)" ]
}

# round VERB OLD NEW PROGRAM MOMENT [THEN]: the verb is ended there, then THEN happens
round() {
    local verb=$1 old=$2 new=$3 program=$4 moment=$5 then=${6:-true} word
    # whoever was killed so often would wait longer and longer before the next start
    [ "$then" = true ] || orch -q restart --no-reload
    # the manager may still be at what the round before has left
    ends_at "$program" "$moment" orch --lock-wait=30s "$verb" || {
        echo "$moment"
        sed "s/^/    /" "$WORLD/output"
    } >>"$WORLD/missed"
    "$then"
    if wait_until 60 recovers && orch plan >>"$WORLD/output" 2>&1 && wait_until 20 either_says "$old" "$new"; then
        [ "$(current)" = "$new" ] && word=new || word=old
        echo "$verb $program $moment: $word" >>"$WORLD/rounds"
        return
    fi
    echo "$verb, $program ended at '$moment', $then: neither $old nor $new"
    cat "$WORLD/witnesses" "$WORLD/output"
    touch "$WORLD/failed"
}

# updates PROGRAM MOMENTS [THEN]: a round of `update` for each line of the file
updates() {
    local moment old new
    while read -r moment; do
        old=$(current) new=$(next_release)
        [ ! -d "$PROJECT/migrations" ] || BEFORE=$(ask "select group_concat(table_name order by table_name)
            from information_schema.tables where table_schema = 'shop' and table_name like 't%'")
        files_say "$new"
        round update "$old" "$new" "$1" "$moment" "${3:-true}"
    done <"$2"
}

# rollbacks PROGRAM MOMENTS: between two releases, back and forth
rollbacks() {
    local moment old new
    while read -r moment; do
        old=$(current)
        new=$(orch releases ls --format json | jq -r '.releases[] | select(.state == "previous") | .label')
        round rollback "$old" "$new" "$1" "$moment"
    done <"$2"
}

# see VERB: what its moments are, of both programs
see() {
    forget_moments
    orch "$1"
    moments "$COMMAND" >"$WORLD/command"
    moments "$SUPERVISOR" >"$WORLD/supervisor"
    # it is known by what it must have
    grep -q "intent service" "$WORLD/command"
    grep -q "asked begin" "$WORLD/command"
    grep -q "told launch" "$WORLD/supervisor"
    grep -q "wrote project.json" "$WORLD/supervisor"
}

# none_failed LEAST: and so many rounds were ended where they should be
none_failed() {
    local rounds missed
    rounds=$(wc -l <"$WORLD/rounds")
    touch "$WORLD/missed"
    missed=$(grep -cE '^[0-9]+ ' "$WORLD/missed") || true
    echo "$rounds rounds, $missed without the moment"
    cat "$WORLD/missed"
    rm -f "$WORLD/rounds" "$WORLD/missed"
    [ ! -e "$WORLD/failed" ]
    [ $((rounds - missed)) -ge "$1" ]
}

@test "update: the command is killed at each of its moments, then the next one comes" {
    files_say "$(next_release)"
    see update
    all_say "$(cat "$WORLD/last")"
    cp "$WORLD/supervisor" "$WORLD/supervisor-update"
    cp "$WORLD/command" "$WORLD/command-update"
    updates "$COMMAND" "$WORLD/command"
    # what comes before "done" goes back, what comes after it does not
    grep -q " intent service: old$" "$WORLD/rounds"
    grep -q " intent done: new$" "$WORLD/rounds"
    none_failed "$(wc -l <"$WORLD/command")"
}

@test "update: the supervisor is killed at each of its moments, and the update goes on" {
    updates "$SUPERVISOR" "$WORLD/supervisor-update"
    none_failed $(($(wc -l <"$WORLD/supervisor-update") / 2))
}

@test "update: everything ends at once where the command was" {
    awk '$1 == 1' "$WORLD/command" >"$WORLD/first"
    updates "$COMMAND" "$WORLD/first" power_fails
    none_failed "$(wc -l <"$WORLD/first")"
}

@test "rollback: the same, of command and supervisor" {
    files_say "$(next_release)"
    orch update
    see rollback
    rollbacks "$COMMAND" "$WORLD/command"
    none_failed "$(wc -l <"$WORLD/command")"
    rollbacks "$SUPERVISOR" "$WORLD/supervisor"
    none_failed $(($(wc -l <"$WORLD/supervisor") / 2))
}

# new_moments FILE: those that a project without a database does not have
new_moments() {
    cut -d ' ' -f 2- "$WORLD/$1-update" >"$WORLD/known"
    while read -r line; do
        grep -qxF "${line#* }" "$WORLD/known" || echo "$line"
    done <"$WORLD/$1" >"$WORLD/new"
    wc -l "$WORLD/new"
}

@test "a database: backup, migration and update, killed at each moment that only these have" {
    export PROJECT=$WORLD/shop SERVICES=1
    mkdir -p "$PROJECT/told" "$PROJECT/migrations"
    cp "$BATS_TEST_DIRNAME/interrupted_db.yaml" "$PROJECT/compose.yaml"
    files_say "$(next_release)"
    orch up
    files_say "$(next_release)"
    see update
    all_say "$(cat "$WORLD/last")"
    new_moments command
    grep -q "published backup" "$WORLD/new"
    grep -q "wrote snapshot.sql" "$WORLD/new"
    updates "$COMMAND" "$WORLD/new"
    none_failed "$(wc -l <"$WORLD/new")"
    new_moments supervisor
    updates "$SUPERVISOR" "$WORLD/new"
    none_failed $(($(wc -l <"$WORLD/new") / 2))
    orch -y down -v
}

@test "nothing half made is left of all that" {
    files_say "$(next_release)"
    orch update
    run find "$WORLD/state" -name '.new-*' -o -name '.gone-*' -o -name '?*.tmp'
    echo "$output"
    [ -z "$output" ]
}
