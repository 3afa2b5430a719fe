#!/usr/bin/env bats
# The database of a project: its first start, its schema forward and back, its seeds, and that what
# fails or is killed half way leaves it exactly as it was.
# The tests build on each other: the first ones bring the database up.

load world

setup_file() {
    world_open
    mkdir -p "$PROJECT/migrations" "$PROJECT/seeds/demo" "$PROJECT/initdb" "$WORLD/gate"
    cp "$IPAM_ORCH_SOURCE/tests/e2e/migrate.yaml" "$PROJECT/compose.yaml"
    # what an option file, a shell or SQL would take for something else
    cat >"$PROJECT/.env" <<'EOF2'
SHOP_PASSWORD='it"s a \ $word # 1'
SHOP_ROOT_PASSWORD='root"s\$word'
EOF2
    echo "SHOP_GATE=$WORLD/gate" >>"$PROJECT/.env" # no release copies what is not below the project
    script 0001_goods.up 'create table goods (id int primary key auto_increment, name varchar(40) not null, price decimal(9,2));' \
        "insert into goods (name, price) values ('tea; black', 3.5), ('salt''n', 0.8);"
    script 0001_goods.down 'drop table goods;'
    echo "insert into goods (name) values ('rice');" >"$PROJECT/seeds/0001_goods.sql"
    echo "insert into goods (name) values ('a demo');" >"$PROJECT/seeds/demo/0001_goods.sql"
}

teardown_file() { world_close; }

# what the later ones need, and which test has it done
setup() {
    [ "$BATS_TEST_NUMBER" -le 4 ] || [ -e "$WORLD/is-up" ] || {
        echo "the database did not come up"
        return 1
    }
}

teardown() {
    if [ "$BATS_TEST_NUMBER" -le 4 ] || [ -e "$WORLD/is-up" ]; then explain_failure; fi
}

# script NAME LINE...: a migration
script() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$PROJECT/migrations/$name.sql"
}

# ask STATEMENT: as the administrator
ask() {
    nsenter -t "$(ps_field db pid)" -m setpriv --reuid mysql --regid mysql --clear-groups \
        mariadb --no-defaults --socket=/run/mysqld/mysqld.sock -N -B -e "$1" 3>&-
}

# as_shop STATEMENT: as the application
as_shop() {
    # shellcheck disable=SC2016  # for the shell in there
    orch exec -T db sh -c 'exec mariadb --no-defaults --protocol=tcp -h127.0.0.1 -ushop -p"$(cat /run/secrets/db_password)" -N -B shop -e "$1"' sh "$1"
}

# picture: everything of the schema, and what an operation may have changed beside it
picture() {
    ask "$(ask "select concat('show create table shop.', table_name, '; checksum table shop.', table_name, ';')
            from information_schema.tables where table_schema = 'shop' order by 1")
        select routine_name, routine_definition, definer from information_schema.routines where routine_schema = 'shop';
        select event_name, status, event_definition from information_schema.events where event_schema = 'shop';
        select trigger_name, action_statement, definer from information_schema.triggers where trigger_schema = 'shop';
        select schema_name, default_collation_name from information_schema.schemata;
        select @@global.read_only, (select group_concat(User order by 1) from mysql.global_priv)"
    find "$WORLD"/state/operations/shop/{intent,migrate} -type f 2>/dev/null | sort
}

# unchanged PICTURE COMMAND...: it fails as a migration does, and leaves nothing
unchanged() {
    local before=$1
    shift
    run "$@"
    echo "$output"
    [ "$status" -eq 11 ]
    [[ $output == *"the database is as it was before"* ]]
    diff <(echo "$before") <(picture)
}

last_failure() {
    orch events --since 1h --no-follow --json --filter event=migration.failed | tail -n 1
}

initdb_log_has() {
    jq -rj .log "$WORLD/log/shop/db.log" 2>/dev/null | grep -qF "$1"
}

@test "R4.1: a script of the first start that fails is named with its line, and nothing is left that runs" {
    printf 'select 1;\n-- a comment\nselec 2;\n' >"$PROJECT/initdb/50_bad.sql"
    SHOP_RESTART=no run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == *"/docker-entrypoint-initdb.d/50_bad.sql:3: ERROR 1064"* ]]
    run ! orch ps
    rm "$PROJECT/initdb/50_bad.sql"
}

@test "R4.1: killed in the middle of the scripts, not green before: the next up begins again, in name order, once" {
    local say='insert into shop.steps (what) values' up
    echo "create table shop.steps (id int primary key auto_increment, what text);" >"$PROJECT/initdb/10_first.sql"
    echo "$say ('gz');" | gzip >"$PROJECT/initdb/20.sql.gz"
    echo "$say ('xz');" | xz >"$PROJECT/initdb/21.sql.xz"
    echo "$say ('zst');" | zstd -q >"$PROJECT/initdb/22.sql.zst"
    echo "$say ('bz2');" | bzip2 >"$PROJECT/initdb/23.sql.bz2"
    cat >"$PROJECT/initdb/30_wait.sh" <<EOF2
words=(sh waited)
mariadb -e "$say ('\${words[0]}')"
while [ ! -e /gate/open ]; do sleep 0.05; done
EOF2
    echo "$say ('last');" >"$PROJECT/initdb/40_last.sql"
    # what comes after it fails, for now
    mv "$PROJECT/migrations/0001_goods.up.sql" "$WORLD/kept"
    script 0001_goods.up 'create table goods (id int);' 'create table goods (id int);'
    orch up >"$WORLD/up.out" 2>&1 3>&- &
    up=$!
    wait_until 60 initdb_log_has "running /docker-entrypoint-initdb.d/30_wait.sh"
    # as the probe does: over TCP, and what asks the socket that the server will have
    is_in_state db starting
    run ! can_connect "$(ps_field db pid)" 127.0.0.1 3306
    run ! nsenter -t "$(ps_field db pid)" -m test -S /run/mysqld/mysqld.sock
    kill -KILL "$(ps_field db pid)"
    touch "$WORLD/gate/open"
    status=0
    wait "$up" || status=$?
    cat "$WORLD/up.out"
    initdb_log_has "the first start was interrupted, beginning again"
    # the data is there, the schema is not: what was started is stopped again
    [ "$status" -eq 11 ]
    grep -F "0001_goods.up.sql:2: statement 2: " "$WORLD/up.out" | grep -F "already exists"
    run ! orch ps
    mv "$WORLD/kept" "$PROJECT/migrations/0001_goods.up.sql"
}

@test "R4.1: a fresh up has the database initialised, migrations and seeds applied, before what needs them starts" {
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"migration 0001_goods.up.sql"*"app starting"* ]]
    [ "$(orch exec -T db mariadb -N -B -e 'show tables from shop' | xargs)" = "goods ipam_orch_migrations ipam_orch_seeds steps" ]
    [ "$(ask 'select group_concat(name order by id) from shop.goods')" = "tea; black,salt'n,rice" ]
    [ "$(ask 'select group_concat(what order by id) from shop.steps')" = "gz,xz,zst,bz2,sh,last" ]
    [ "$(as_shop 'select count(*) from goods')" -eq 3 ]
    touch "$WORLD/is-up"
}

@test "a second up applies nothing and restarts nothing" {
    local before
    before=$(ps_pids)
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr != *snapshot* ]]
    [ "$(ps_pids)" = "$before" ]
}

@test "R4.2: status shows pending 1, up applies it, the second run 0; the ledger says who, when, where" {
    script 0002_stock.up "create table stock (goods int, n int, foreign key (goods) references goods (id));" \
        "insert into stock select id, 7 from goods;" "delimiter //" \
        "create procedure refill() begin update stock set n = n + 1; end//" "delimiter ;" \
        "create trigger on_stock before insert on stock for each row set new.n = new.n + 1;" \
        "create event hourly on schedule every 1 hour do call refill();" \
        "create view short as select * from stock where n < 2;"
    script 0002_stock.down "drop view short; drop event hourly; drop procedure refill; drop table stock;"
    run orch migrate status
    echo "$output"
    [ "${lines[-1]}" = "pending 1" ]
    run --separate-stderr orch migrate up
    echo "$output" "$stderr"
    [ "$output" = "1 applied" ]
    [ "$(orch migrate up)" = "0 applied" ]
    run orch migrate status --format json
    [ "$(jq -c '[.schema, .mode, .project, .pending]' <<<"$output")" = '[1,"native","shop",0]' ]
    jq -e --arg host "$(hostname)" '.migrations[1] | .version == 2 and .name == "0002_stock.up.sql" and .state == "applied" and
        .release == "1" and .host == $host and .reversible and .started <= .finished and .duration_ms >= 0' <<<"$output"
    [ "$(ask 'select checksum from shop.ipam_orch_migrations where version = 2')" = \
        "$(sha256sum "$PROJECT/migrations/0002_stock.up.sql" | cut -d' ' -f1)" ]
}

@test "R4.2: down, to and redo lead where they say; baseline takes files for applied" {
    local full
    full=$(as_shop 'show create table stock; show create view short; select * from stock')
    [ "$(orch -q migrate redo)" = "2 steps" ]
    [ "$(as_shop 'show create table stock; show create view short; select * from stock')" = "$full" ]
    [ "$(orch -q migrate down)" = "1 taken back" ]
    run ! as_shop 'select * from stock'
    [ "$(orch -q migrate to 2)" = "1 steps" ]
    [ "$(orch -q migrate to 1)" = "1 steps" ]
    [ "$(orch -q migrate baseline 2)" = "1 taken for applied" ]
    [ "$(orch migrate status | tail -n 1)" = "pending 0" ]
    run ! as_shop 'select * from stock'
    ask 'delete from shop.ipam_orch_migrations where version = 2'
    [ "$(orch -q migrate up 1)" = "1 applied" ]
    [ "$(as_shop 'show create table stock; show create view short; select * from stock')" = "$full" ]
}

@test "what was applied and has changed, or is gone, or has no end, is refused, and what the way back lacks" {
    local before
    before=$(picture)
    cp "$PROJECT/migrations/0002_stock.up.sql" "$WORLD/kept"
    echo "-- another" >>"$PROJECT/migrations/0002_stock.up.sql"
    run orch migrate up
    [ "$status" -eq 11 ]
    [[ $output == *"0002_stock.up.sql was applied before and has been changed since"* ]]
    run orch up
    [ "$status" -eq 11 ]
    rm "$PROJECT/migrations/0002_stock.up.sql"
    run orch migrate up
    [ "$status" -eq 11 ]
    [[ $output == *"the database has had 0002_stock.up.sql, which this release does not know"* ]]
    mv "$WORLD/kept" "$PROJECT/migrations/0002_stock.up.sql"
    mv "$PROJECT/migrations/0002_stock.down.sql" "$WORLD/kept"
    run orch migrate down
    [ "$status" -eq 11 ]
    [[ $output == *"there is no way back from 0002_stock.up.sql"* ]]
    mv "$WORLD/kept" "$PROJECT/migrations/0002_stock.down.sql"
    diff <(echo "$before") <(picture)
    ask 'update shop.ipam_orch_migrations set finished_at = null where version = 2'
    run orch migrate up
    [ "$status" -eq 11 ]
    [[ $output == *"0002_stock.up.sql was begun and has no end"* ]]
    ask 'update shop.ipam_orch_migrations set finished_at = started_at where version = 2'
}

@test "R4.3: wherever a script fails, everything is as it was: exit 11, file, line, statement and message in the journal" {
    local -a statements=(
        "create table more (id int primary key);"
        "alter table goods add column colour varchar(9) not null default 'red', auto_increment = 1000;"
        "insert into more values (1), (2);"
        "update goods set price = price * 2;"
        "drop trigger on_stock;"
        "drop procedure refill;"
        "drop view short;"
        "drop event hourly;"
        "rename table stock to stuff;"
        "alter database character set latin1;"
        "delete from goods where id not in (select goods from stuff);"
        "drop table stuff;"
    )
    local at n=${#statements[@]} before
    before=$(picture)
    for ((at = 0; at <= n; at++)); do
        script 0003_bad.up "${statements[@]:0:at}" "selec $at;" "${statements[@]:at}"
        unchanged "$before" orch migrate up
        last_failure | jq -e --argjson at "$at" '.file == "0003_bad.up.sql" and .line == $at + 1 and
            .statement == $at + 1 and (.detail | contains("syntax")) and .restored and .service == "db"'
    done
    # in another file than the first of a run
    script 0003_bad.up "${statements[@]}"
    script 0004_worse.up "insert into more values (3);" "insert into nowhere values (1);"
    unchanged "$before" orch migrate up
    last_failure | jq -e '.file == "0004_worse.up.sql" and .line == 2'
    script 0004_worse.up "insert into more values (3);" "select 'open;"
    unchanged "$before" orch migrate up
    rm "$PROJECT"/migrations/0004*
}

@test "R4.3: up with a bad migration leaves the old release serving, as it was" {
    local before
    script 0003_bad.up "create table more (id int);" "selec 1;"
    before=$(ps_pids)
    sed -i 's/"3701"/"3702"/' "$PROJECT/compose.yaml"
    unchanged "$(picture)" orch up
    [ "$(ps_pids)" = "$before" ]
    script 0003_bad.up "create table more (id int);"
    script 0003_bad.down "drop table more;"
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"migration 0003_bad.up.sql"*"app stopping"* ]]
    [ "$(orch -q migrate to 2)" = "1 steps" ]
}

@test "a rehearsal tells whether it works, and touches nothing, whatever the script names" {
    local before
    before=$(picture)
    script 0003_bad.up "create table more (id int);" "insert into stock values (1, 1);" "call refill();"
    run --separate-stderr orch migrate up --rehearse
    echo "$output" "$stderr"
    [ "$output" = "1 applied, on a copy" ]
    diff <(echo "$before") <(picture)
    script 0003_bad.up "insert into shop.goods (name) values ('the real one');"
    run orch migrate up --rehearse
    echo "$output"
    [ "$status" -eq 11 ]
    [[ $output == *"rehearsal, which has changed nothing: 0003_bad.up.sql:1: statement 1: "*denied* ]]
    diff <(echo "$before") <(picture)
}

# is_sleeping: the statement of slow_script has begun
is_sleeping() {
    [ "$(ask "select count(*) from information_schema.processlist where info like 'do sleep(%'")" -eq 1 ]
}

# slow_migration: one that waits in its middle, under way; its process is $migration
slow_migration() {
    script 0003_bad.up "create table more (id int);" "insert into goods (name) values ('new');" "do sleep(500);" "drop table stock;"
    orch migrate up >"$WORLD/migrate.out" 2>&1 3>&- &
    migration=$!
    wait_until 60 is_sleeping
}

# the lock says who it is; what the shell has started is only around it
kill_migration() {
    kill -KILL "$(jq .pid "$WORLD/state/operations/shop/lock")"
    wait "$migration" 2>/dev/null || true
}

# ends_as_before PICTURE: the migration under way ends with 11, and nothing has changed
ends_as_before() {
    local status=0
    wait "$migration" || status=$?
    cat "$WORLD/migrate.out"
    [ "$status" -eq 11 ]
    diff <(echo "$1") <(picture)
}

@test "while it runs the application reads and does not write, so that nothing can be lost with the way back" {
    local before
    before=$(picture)
    slow_migration
    [ "$(as_shop 'select count(*) from stock')" -eq 3 ]
    run as_shop "insert into goods (name) values ('lost')"
    echo "$output"
    [[ $output == *"ERROR 1290"*read-only* ]]
    run orch migrate up
    [ "$status" -eq 8 ]
    [[ $output == *"locked by"*"migrate up"* ]]
    ask "kill $(ask "select id from information_schema.processlist where info like 'do sleep(%'")"
    ends_as_before "$before"
    as_shop "insert into goods (name) values ('kept')"
    ask "delete from shop.goods where name = 'kept'; alter table shop.goods auto_increment = 1"
}

@test "the client, the server, the supervisor, the broker: each killed in the middle, the database is as before" {
    local before victim
    before=$(picture)
    for victim in client server ipam-orchd ipam-sandboxd; do
        slow_migration
        case $victim in
            client) kill -KILL "$(pgrep -x mariadb --nslist pid --ns "$(ps_field db pid)")" ;;
            server) kill -KILL "$(pgrep -x mariadbd --nslist pid --ns "$(ps_field db pid)")" ;;
            *) kill -KILL "$(daemon_pid "$victim")" ;;
        esac
        echo "$victim is gone"
        ends_as_before "$before"
    done
}

@test "the command line killed in the middle: the next verb takes it back first" {
    local before verb
    before=$(picture)
    for verb in "migrate status" "seed --list" up; do
        slow_migration
        kill_migration
        rm "$PROJECT/migrations/0003_bad.up.sql"
        # shellcheck disable=SC2086  # two words
        run orch $verb
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"an earlier migrate was interrupted"*"the database is as it was before"* ]]
        diff <(echo "$before") <(picture)
    done
    orch events --since 1h --no-follow --json --filter event=migration.undone | jq -e .project
}

@test "the command line killed, and everything stopped: up starts the database and takes it back before the rest starts" {
    local before
    before=$(picture)
    slow_migration
    kill_migration
    rm "$PROJECT/migrations/0003_bad.up.sql"
    orch down
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"the database is as it was before"*"app starting"* ]]
    diff <(echo "$before") <(picture)
}

@test "killed at any moment, it is what it was or what it was to be" {
    local old new now delay
    old=$(picture)
    script 0003_bad.up "create table more (id int);" "alter table goods add column colour int;" "insert into more values (1);"
    script 0003_bad.down "drop table more;" "alter table goods drop column colour;"
    orch -q migrate up
    new=$(picture | grep -v "$(date +%Y)-") # the ledger says when
    orch -q migrate down
    for delay in 0.02 0.04 0.06 0.08 0.1 0.12 0.15 0.18 0.21 0.25 0.3 0.4; do
        timeout -s KILL "$delay" bash -c "$(declare -f orch orch_in); in_net() { exec nsenter --net=/run/netns/$NETNS \"\$@\"; }
            orch migrate up" >/dev/null 2>&1 3>&- || true
        orch -q migrate status >/dev/null
        now=$(picture)
        if [ "$(ask 'select count(*) from shop.ipam_orch_migrations where version = 3')" -eq 1 ]; then
            diff <(grep -v ipam_orch_migrations <<<"$new") <(grep -v ipam_orch_migrations <<<"$now")
            orch -q migrate down
        else
            diff <(echo "$old") <(echo "$now")
        fi
    done
    rm "$PROJECT"/migrations/0003*
}

@test "a disk without room for the snapshot: nothing is begun, and the reason is said" {
    local before
    before=$(picture)
    script 0003_bad.up "create table more (id int);"
    mount -t tmpfs -o size=4k none "$WORLD/state/operations/shop/migrate"
    run orch migrate up
    umount "$WORLD/state/operations/shop/migrate"
    echo "$output"
    [ "$status" -eq 11 ]
    [[ $output == *"No space left on device"* ]]
    diff <(echo "$before") <(picture)
    rm "$PROJECT/migrations/0003_bad.up.sql"
}

@test "--no-backup: what failed half way stays, and that is said" {
    script 0003_bad.up "create table more (id int);" "selec 1;"
    run orch migrate up --no-backup
    echo "$output"
    [ "$status" -eq 11 ]
    [[ $output == *"there is no snapshot, what was applied before it stays"* ]]
    [ "$(ask "show tables from shop like 'more'")" = more ]
    ask "drop table shop.more; delete from shop.ipam_orch_migrations where version = 3"
    rm "$PROJECT/migrations/0003_bad.up.sql"
}

@test "R4.4: seed --if-empty twice, the second applies 0; base is there since up" {
    as_shop "create table extra (a int)"
    echo "insert into extra values (1), (2);" >"$PROJECT/seeds/0002_extra.sql"
    mkdir -p "$PROJECT/seeds/extra"
    mv "$PROJECT/seeds/0002_extra.sql" "$PROJECT/seeds/extra/0001_extra.sql"
    [ "$(orch -q seed --set extra --if-empty)" = "1 applied" ]
    [ "$(orch -q seed --set extra --if-empty)" = "0 applied" ]
    # data of somebody else is data, too
    ask "delete from shop.ipam_orch_seeds where set_name = 'extra'"
    [ "$(orch -q seed --set extra --if-empty)" = "0 applied" ]
    [ "$(as_shop 'select count(*) from extra')" -eq 2 ]
    [ "$(orch -q seed)" = "0 applied" ]
    run orch seed --list
    echo "$output"
    [[ $output == *"base "*applied*0001_goods.sql* ]]
    [[ $output == *"demo "*pending*0001_goods.sql* ]]
    [[ $output == *"extra "*pending*0001_extra.sql* ]]
}

@test "R4.4: demo data keeps out of production, unless forced; a seed that fails leaves nothing" {
    run orch seed --set demo
    echo "$output"
    [ "$status" -eq 15 ]
    [[ $output == *"--force"* ]]
    echo 'x-ipam-orch: { database: { seed_sets: [demo] } }' >"$PROJECT/sets.yaml"
    run --separate-stderr orch -f compose.yaml -f sets.yaml up
    [ "$status" -eq 0 ]
    [[ $stderr == *"seeds demo are not for production: left out"* ]]
    echo "SHOP_ENVIRONMENT=staging" >>"$PROJECT/.env"
    echo "insert into goods (name) values ('one'); insert into goods (name) values (null);" >"$PROJECT/seeds/demo/0002_bad.sql"
    orch up
    unchanged "$(picture)" orch seed --set demo
    rm "$PROJECT/seeds/demo/0002_bad.sql"
    run --separate-stderr orch -f compose.yaml -f sets.yaml up
    [[ $stderr == *"seed demo/0001_goods.sql"* ]]
    [ "$(orch -q seed --set demo --force)" = "0 applied" ]
    [ "$(as_shop "select count(*) from goods where name = 'a demo'")" -eq 1 ]
}

# with_command SCRIPT: the project with another program that brings its schema forward
with_command() {
    jq -n --arg script "$1" '{
        "x-ipam-orch": { database: { migrate_service: "app", migrate_command: ["sh", "-c", $script] } },
        services: { app: { secrets: ["db_password"] } } }' >"$PROJECT/command.yaml"
}

@test "another program brings the schema forward: once per release, beside its service, and back when it fails" {
    # shellcheck disable=SC2016  # for the shell in there
    local before client='mariadb --no-defaults -hdb -ushop -p"$(cat /run/secrets/db_password)" shop -e'
    with_command "$client 'create table by_command (a int)'"
    run --separate-stderr orch -f compose.yaml -f command.yaml up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"migration sh "* ]]
    [ "$(as_shop "show tables like 'by_command'")" = by_command ]
    [ "$(orch -q migrate up)" = "0 applied" ]
    before=$(picture)
    with_command "$client 'drop table by_command; insert into goods (name) values (1)'; echo it is worse >&2; exit 3"
    unchanged "$before" orch -f compose.yaml -f command.yaml up
    [[ $output == *"sh in the sandbox of app ended with status 3: it is worse"* ]]
    last_failure | jq -e '.file == "sh" and .restored'
}
