#!/usr/bin/env bats
# Backups of the IPAM stack: made, looked at, damaged, pruned, restored.
# The tests build on each other: the first brings the stack up, with BACKUP_MIB MiB of rows beside those of
# the application (4 of them; 1024 by hand).

load world

setup_file() {
    world_open
    copy_project
    export STORE=$WORLD/state/operations/ipam/backups
    export BACKUP_MIB=${BACKUP_MIB:-4}
    # seconds that anything of that size is done in on a machine that is busy
    export PATIENCE=$((120 + BACKUP_MIB))
}

teardown_file() {
    ! mountpoint -q "$WORLD/small" || umount "$WORLD/small"
    world_close
}

setup() { needs_the_stack; }
teardown() { explain_of_the_stack; }

# root_sql STATEMENT: as the administrator, in the database of the project
root_sql() {
    nsenter -t "$(ps_field mysql pid)" -m -n mariadb --no-defaults -S /run/mysqld/mysqld.sock -u root \
        --password="$(env_value MYSQL_ROOT_PASSWORD)" -N -B ipam -e "$1" 3>&-
}

# fill_heap: a table for weight; its name comes before those that tests lock or break
fill_heap() {
    root_sql "create table heap (id int primary key, name varchar(64), note varchar(255), data varbinary(64));
        set sql_log_bin = 0;
        insert into heap select seq, sha2(seq, 256), concat('note ', seq, ' ', repeat('lorem ipsum ', seq % 12)),
            unhex(sha1(seq)) from seq_1_to_$((BACKUP_MIB * 5200))"
}

# of the backups there are, the newest first
names() {
    orch backup ls --format json | jq -r '.backups[].name'
}

has_unfinished() {
    find "$1" -name '.*.tmp' | grep -q .
}

# holder: the process that has the lock of the project
holder() {
    jq -r .pid "$WORLD/state/operations/ipam/lock"
}

# waits_for_table NAME: a dump has come to a table that somebody else has locked
waits_for_table() {
    [ -n "$(root_sql "select id from information_schema.processlist where state = 'Waiting for table metadata lock'
        and info like '%$1%'")" ]
}

# lock_table NAME: until unlock_table; what touches it waits
lock_table() {
    rm -f "$BATS_TEST_TMPDIR/lock"
    mkfifo "$BATS_TEST_TMPDIR/lock"
    nsenter -t "$(ps_field mysql pid)" -m -n mariadb --no-defaults -S /run/mysqld/mysqld.sock -u root \
        --password="$(env_value MYSQL_ROOT_PASSWORD)" -N -B --unbuffered ipam \
        <"$BATS_TEST_TMPDIR/lock" >"$BATS_TEST_TMPDIR/locked" 3>&- &
    exec 9>"$BATS_TEST_TMPDIR/lock"
    echo "lock tables $1 write; select 'locked';" >&9
    wait_until 30 grep -q locked "$BATS_TEST_TMPDIR/locked"
}

unlock_table() {
    exec 9>&-
    wait %1 || true
}

@test "the stack comes up with a binary log, and there is no backup yet" {
    orch init --generate
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    touch "$WORLD/is-up"
    [ "$(root_sql 'select @@log_bin, @@binlog_format')" = "$(printf '1\tROW')" ]
    # one transaction, and with it its part of the binary log, may be larger than what is memory
    [ "$(root_sql 'select @@tmpdir')" = /var/lib/mysql/.tmp ]
    [ -z "$(root_sql "show databases like '%tmp%'")" ]
    fill_heap
    run --separate-stderr orch backup verify latest
    [ "$status" -eq 12 ]
    [[ $stderr == *"there is no backup of 'ipam' in $STORE"* ]]
    [[ $stderr == *"next: ipam-orch backup create"* ]]
}

@test "backup create -o DIR prints path, size, duration and checksum; zstd and sha256sum agree" {
    local path
    run --separate-stderr orch backup create -o "$WORLD/out"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    path=$(sed -n 's/^path *//p' <<<"$output")
    [[ $path == "$WORLD"/out/ipam-????????T??????Z ]]
    [[ $output =~ size\ +[0-9.]+\ (bytes|KiB|MiB) ]]
    [[ $output =~ duration\ +[0-9.]+\ s ]]
    [[ $output =~ checksum\ +sha256:$(sha256sum "$path/manifest.json" | cut -d ' ' -f 1) ]]
    cd "$path"
    sha256sum -c --strict SHA256SUMS
    zstd -qt ./*.zst
    [ "$(find . -printf '%m ' | tr ' ' '\n' | sort -u | tr '\n' ' ')" = "600 700 " ]
    [ "$(jq -r '.release, .database.schema_version, .database.binlog.file' manifest.json | tr '\n' ' ')" = \
        "1.0.0 4 $(root_sql 'show master status' | cut -f 1) " ]
    [ "$(jq -r '.database.tables[] | select(.name == "subnets").rows' manifest.json)" = "$(root_sql 'select count(*) from subnets')" ]
    # the parts: definition with the secrets, files, certificate, the cache
    [ "$(zstd -dc definition.json.zst | jq -r '.secrets[] | select(.name == "jwt_secret").value')" = "$(env_value JWT_SECRET_KEY)" ]
    zstd -dc config.tar.zst | tar x -C "$BATS_TEST_TMPDIR"
    cmp "$BATS_TEST_TMPDIR/.env.prod" "$PROJECT/.env.prod"
    cmp "$BATS_TEST_TMPDIR/certs/server.key" "$PROJECT/certs/server.key"
    zstd -dc volume-cache-data.tar.zst | tar t | has_line ./dump.rdb
    # what the proxy shows now is no data
    [ ! -e volume-maintenance.tar.zst ]
    zstd -dc accounts.sql.zst | grep -q '^GRANT ALL PRIVILEGES ON .ipam.\.\* TO'
    # nothing is readable in an argument list or a log
    run ! grep -rqF -- "$(env_value MYSQL_ROOT_PASSWORD)" "$WORLD/log"
}

@test "backup create: another one in the same second has a name of its own" {
    local n now
    mkdir "$WORLD/same"
    now=$(date +%s)
    for ((n = 0; n < 120; n++)); do
        mkdir "$WORLD/same/ipam-$(date -u -d "@$((now + n))" +%Y%m%dT%H%M%SZ)"
    done
    run -0 orch backup create --what config -o "$WORLD/same"
    echo "$output"
    jq -e '.name | endswith("Z-2")' "$WORLD"/same/ipam-*Z-2/manifest.json
}

@test "a backup that is killed midway leaves nothing behind, and the next one works" {
    local pid
    mkdir -p "$WORLD/killed"
    lock_table subnets
    orch backup create -o "$WORLD/killed" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until "$PATIENCE" waits_for_table subnets
    pid=$(holder)
    run orch backup create -o "$WORLD/killed"
    [ "$status" -eq 8 ]
    [[ $output == *"(backup, pid $pid)"* ]]
    kill -KILL "$pid"
    wait %2 || true
    [ -z "$(ls -A "$WORLD/killed")" ]
    unlock_table
    # the older ones are all there is now
    run --separate-stderr orch backup prune
    [ "$status" -eq 12 ]
    [[ $stderr == *"nothing is removed: the last backup was interrupted"* ]]
    # where files cannot do without a name, what is left has one that is swept
    mkdir "$WORLD/killed/.ipam-20200101T000000Z.tmp"
    touch "$WORLD/killed/.ipam-20200101T000000Z.tmp/database.sql.zst" "$WORLD/killed/.other"
    orch backup create --what db -o "$WORLD/killed"
    run ! has_unfinished "$WORLD/killed"
    [ -e "$WORLD/killed/.other" ]
}

@test "a full disk: exit 12, what failed is said, and nothing is left" {
    mkdir -p "$WORLD/small"
    # room for a part of the dump
    mount -t tmpfs -o size=$((BACKUP_MIB * 32))k tmpfs "$WORLD/small"
    run --separate-stderr orch backup create -o "$WORLD/small"
    echo "$output" "$stderr"
    [ "$status" -eq 12 ]
    [[ $stderr == *"No space left on device"* ]]
    [ -z "$(ls -A "$WORLD/small")" ]
    umount "$WORLD/small"
    [ "$(jq -r .state "$WORLD/state/operations/ipam/backup.json")" = failed ]
    run --separate-stderr orch backup prune
    [ "$status" -eq 12 ]
    [[ $stderr == *"the last backup failed: "*"No space left on device"* ]]
    orch metrics | has_line 'ipam_orch_backup_failed{project="ipam"} 1'
}

@test "of ten backups of ten days prune removes three and prints each" {
    local name day i
    orch backup create --what db >"$BATS_TEST_TMPDIR/out"
    name=$(names)
    for i in 1 2 3 4 5 6 7 8 9 10; do
        day=$(($(date +%s) - i * 86400))
        cp -a "$STORE/$name" "$STORE/ipam-back-$i"
        jq --argjson t "$day" '.time_s = $t' "$STORE/$name/manifest.json" >"$STORE/ipam-back-$i/manifest.json"
    done
    [ "$(names | wc -l)" -eq 11 ]
    rm -r "${STORE:?}/$name"
    # a plan that changes nothing
    BACKUP_RETENTION_DAYS=7 run --separate-stderr orch backup prune --dry-run
    [ "$(grep -c '^would remove ipam-back-' <<<"$output")" -eq 3 ]
    [ "$(names | wc -l)" -eq 10 ]
    BACKUP_RETENTION_DAYS=7 run --separate-stderr orch backup prune
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(sort <<<"$output")" = "$(printf 'removed ipam-back-%s days old)\n' '10 (10' '8 (8' '9 (9')" ]
    [ "$(names | wc -l)" -eq 7 ]
    # never the newest, nor the newest one that is known to be good
    orch backup verify ipam-back-3 && false # its manifest was changed
    jq -n '{sums: {time_s: 0}}' >"$STORE/ipam-back-5/verified.json"
    run --separate-stderr orch backup prune --keep-days 0 --keep-last 1
    [ "$status" -eq 0 ]
    [ "$(names | tr '\n' ' ')" = "ipam-back-1 ipam-back-5 " ]
    # only who says so
    run --separate-stderr orch backup rm ipam-back-1 </dev/null
    [ "$status" -eq 15 ]
    orch -y backup rm ipam-back-1 ipam-back-5
    [ -z "$(names)" ]
}

@test "what the compose file says of backups holds: directory, compression, passphrase, command" {
    local path
    mkdir -m 777 "$WORLD/after"
    cat >"$PROJECT/compose.override.yaml" <<EOF
x-ipam-orch:
  backup:
    directory: $WORLD/elsewhere
    compress: gzip
    encrypt: backup_key
    method: dump
    after: ["sh", "-c", "{ id -un; echo \$\$1; } >$WORLD/after/said", "sh"]
secrets:
  backup_key:
    environment: BACKUP_KEY
EOF
    BACKUP_KEY="correct horse" run --separate-stderr orch backup create
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    path=$(sed -n 's/^path *//p' <<<"$output")
    [[ $path == "$WORLD"/elsewhere/ipam-* ]]
    [ "$(cat "$WORLD/after/said")" = "$(printf 'ipam-orch\n%s' "$path")" ]
    # nothing of it can be read without the passphrase
    [ -e "$path/database.sql.gz.sealed" ]
    run ! gzip -qt "$path/database.sql.gz.sealed"
    run ! grep -rqaF -e INSERT -e "$(env_value JWT_SECRET_KEY)" "$path"
    BACKUP_KEY="wrong" run --separate-stderr orch backup verify latest
    [ "$status" -eq 12 ]
    [[ $stderr == *"another passphrase, or it is damaged"* ]]
    echo "correct horse" >"$BATS_TEST_TMPDIR/key"
    BACKUP_KEY=other orch backup verify latest --passphrase-file "$BATS_TEST_TMPDIR/key"
    BACKUP_KEY=other run --separate-stderr orch backup ls
    [[ $output == *" sums" ]]
    rm "$PROJECT/compose.override.yaml"
    run --separate-stderr orch backup verify latest -o "$WORLD/elsewhere"
    [ "$status" -eq 12 ]
    [[ $stderr == *"it is encrypted, and no passphrase was given"* ]]
}

# fingerprint: everything of the database but times, as one sum
fingerprint() {
    nsenter -t "$(ps_field mysql pid)" -m -n mariadb-dump --no-defaults -S /run/mysqld/mysqld.sock -u root \
        --password="$(env_value MYSQL_ROOT_PASSWORD)" --single-transaction --routines --events --skip-comments ipam \
        3>&- | sha256sum
}

# all_healthy: every service, as one answer of ps
all_healthy() {
    ps_json | jq -e '[.services[] | .state == "up" and .health == "healthy"] | all and length == 5' >/dev/null
}

# resum BACKUP: its sums again, after something in it was changed
resum() {
    (cd "$STORE/$1" && cut -c 67- SHA256SUMS | xargs sha256sum >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
}

@test "a table is deleted: restore latest brings it back, exit 0, and the application works" {
    local before
    root_sql "create table ledger (n int primary key, note text); create table twin like ledger;
        create view noted as select n from ledger;
        create trigger ledger_note before insert on ledger for each row set new.note = 'noted';
        create procedure count_ledger() select count(*) from ledger; insert into ledger (n) values (1), (2)"
    before=$(fingerprint)
    orch backup create >"$BATS_TEST_TMPDIR/out"
    root_sql "drop table addresses; drop view noted; create table stranger (x int); insert into ledger (n) values (3)"
    run --separate-stderr orch restore latest </dev/null
    [ "$status" -eq 15 ]
    run --separate-stderr orch -y restore latest
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(fingerprint)" = "$before" ]
    [[ $output =~ addresses\ +-\ +91 ]]
    [[ $output =~ stranger\ +0\ +- ]]
    [[ $output =~ ledger\ +3\ +2 ]]
    all_healthy
    [ "$(in_net curl -sk https://127.0.0.1/api/health | jq -r .status)" = ok ]
    # what was there in between is kept, and is not the latest
    orch backup ls --format json | jq -e '[.backups[] | select(.kind == "safety")] | length == 1'
    orch backup ls --format json | jq -e '.backups[0].kind == "safety"'
    orch events --since 10m --no-follow | grep -q restore-done
}

@test "a flipped bit: refused before anything stops, exit 12" {
    local name pids file
    name=$(orch backup ls --format json | jq -r '[.backups[] | select(.kind == "backup")][0].name')
    file=$STORE/$name/database.sql.zst
    cp "$file" "$BATS_TEST_TMPDIR/good"
    python3 - "$file" <<'P'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(1000)
    byte = f.read(1)[0]
    f.seek(1000)
    f.write(bytes([byte ^ 4]))
P
    pids=$(ps_pids)
    run --separate-stderr orch -y restore latest
    echo "$output" "$stderr"
    [ "$status" -eq 12 ]
    [[ $stderr == *"$name/database.sql.zst is damaged"* ]]
    [ "$(ps_pids)" = "$pids" ]
    run --separate-stderr orch backup verify latest
    [ "$status" -eq 12 ]
    # a manifest that says something else is no better
    cp "$BATS_TEST_TMPDIR/good" "$file"
    cp "$STORE/$name/manifest.json" "$BATS_TEST_TMPDIR/manifest.json"
    sed -i 's/"rows": 91/"rows": 92/' "$STORE/$name/manifest.json"
    run --separate-stderr orch -y restore latest
    [ "$status" -eq 12 ]
    [[ $stderr == *"manifest.json is damaged"* ]]
    [ "$(ps_pids)" = "$pids" ]
    cp "$BATS_TEST_TMPDIR/manifest.json" "$STORE/$name/manifest.json"
    orch backup verify latest
}

@test "drill restores into a server of its own and compares; one that does not hold what it says is found out" {
    local name
    name=$(orch backup ls --format json | jq -r '[.backups[] | select(.kind == "backup")][0].name')
    run --separate-stderr orch backup drill latest --format json
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(jq -r .compared <<<"$output")" = sums ]
    [ "$(jq -r '.tables[] | "ipam.\(.name)\t\(.checksum)"' <<<"$output")" = \
        "$(root_sql "checksum table $(jq -r '[.tables[].name] | join(",")' <<<"$output")")" ]
    [ "$(orch backup ls --format json | jq -r --arg n "$name" '.backups[] | select(.name == $n).verified_by')" = drill ]
    [ -z "$(ls -A "$WORLD/state/volumes/ipam_drill")" ]
    orch events --since 10m --no-follow | grep -q drill-done
    orch metrics | has_line 'ipam_orch_drill_failed{project="ipam"} 0'
    orch metrics | has_line 'ipam_orch_backup_failed{project="ipam"} 0'
    [ "$(orch metrics | sed -n 's/^ipam_orch_backup_done_seconds{project="ipam"} //p')" -gt 0 ]
    # the sums of the files are right, the rows are not
    cp -a "$STORE/$name" "$STORE/ipam-wrong"
    sed -i 's/"rows": 91/"rows": 92/' "$STORE/ipam-wrong/manifest.json"
    resum ipam-wrong
    orch backup verify ipam-wrong
    run --separate-stderr orch restore ipam-wrong --drill
    [ "$status" -eq 12 ]
    [[ $stderr == *"table 'addresses' came back with 91 rows, the backup has 92"* ]]
}

@test "a restore that fails goes back to what was there, exit 12" {
    local before
    root_sql "insert into ledger (n) values (77)"
    before=$(fingerprint)
    run --separate-stderr orch -y restore ipam-wrong
    echo "$output" "$stderr"
    [ "$status" -eq 12 ]
    [[ $stderr == *"table 'addresses' has 91 rows, the backup has 92; what was there before is there again"* ]]
    [ "$(fingerprint)" = "$before" ]
    all_healthy
    rm -r "$STORE/ipam-wrong"
}

# rows_of TABLE DUMP: the numbers at the beginning of its rows
rows_of() {
    sed -n "/^INSERT INTO .$1. /,/^\/\*/{s/^(\([0-9]*\),.*/\1/p}" "$2" | sort -n
}

@test "a backup under writes is one moment of them: whole transactions, none left out in between" {
    local name dir rows pid first last table
    local heap
    heap=$(root_sql 'checksum table heap')
    root_sql "delete from ledger; delete from twin"
    # each transaction writes to both tables; what is committed is counted outside
    in_net nsenter -t "$(ps_field mysql pid)" -m python3 - "$(env_value MYSQL_PASSWORD)" <<'P' >"$BATS_TEST_TMPDIR/committed" 3>&- &
import os, sys, pymysql
print(os.getpid(), flush=True)
db = pymysql.connect(host=None, unix_socket="/run/mysqld/mysqld.sock", user="ipam", password=sys.argv[1], database="ipam")
with db.cursor() as c:
    n = 0
    while True:
        n += 1
        c.execute("insert into ledger (n) values (%s)", (n,))
        c.execute("insert into twin (n) values (%s)", (n,))
        db.commit()
        print(n, flush=True)
P
    wait_until 30 grep -qx 10 "$BATS_TEST_TMPDIR/committed"
    pid=$(head -n 1 "$BATS_TEST_TMPDIR/committed")
    first=$(tail -n 1 "$BATS_TEST_TMPDIR/committed")
    orch backup create --what db --format json >"$BATS_TEST_TMPDIR/out"
    last=$(tail -n 1 "$BATS_TEST_TMPDIR/committed")
    kill "$pid"
    wait %1 || true
    name=$(jq -r .name "$BATS_TEST_TMPDIR/out")
    orch restore "$name" --only db --to "$WORLD/unpacked"
    dir=$WORLD/unpacked
    rows=$(rows_of ledger "$dir/database.sql")
    [ "$rows" = "$(rows_of twin "$dir/database.sql")" ]
    [ "$rows" = "$(seq 1 "$(wc -l <<<"$rows")")" ]
    [ "$(wc -l <<<"$rows")" -ge "$first" ]
    [ "$(wc -l <<<"$rows")" -le "$((last + 1))" ]
    [ "$(jq -r '.manifest.database.tables[] | select(.name == "twin").rows' "$BATS_TEST_TMPDIR/out")" -eq "$(wc -l <<<"$rows")" ]
    orch -y restore "$name"
    for table in ledger twin; do
        [ "$(root_sql "select n from $table order by n")" = "$rows" ]
    done
    [ "$(root_sql 'checksum table heap')" = "$heap" ]
}

# second_is_over N: the clock shows a later second than N
second_is_over() {
    [ "$(date +%s)" -gt "$1" ]
}

@test "restore --at brings back what was there at that second" {
    local moment
    wait_until 10 second_is_over "$(date +%s)"
    root_sql "insert into ledger (n) values (10001)"
    moment=$(root_sql "select unix_timestamp()")
    wait_until 10 second_is_over "$moment"
    moment=$(date +%s)
    wait_until 10 second_is_over "$moment"
    root_sql "insert into ledger (n) values (10002); drop table audit_log"
    run --separate-stderr orch -y restore --at "$(date -ud "@$moment" +%FT%TZ)"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(root_sql 'select n from ledger where n > 10000')" = 10001 ]
    root_sql 'select count(*) from audit_log'
    all_healthy
    # a moment before any backup, one that is yet to come
    run --separate-stderr orch -y restore --at 2020-01-01T00:00:00Z
    [ "$status" -eq 12 ]
    [[ $stderr == *"no backup is old enough"* ]]
    run --separate-stderr orch -y restore --at "$(date -ud '+1 hour' +%FT%TZ)"
    [ "$status" -eq 2 ]
}

# intent_has STEP: of the operation that is under way
intent_has() {
    grep -qsF "\"$1\"" "$WORLD/state/operations/ipam/intent"
}

@test "a restore that is killed ends, with the next verb, as what was there or as what was to come" {
    local before after pid
    root_sql "create database other; create sequence other.numbers;
        create table middle (n int default (nextval(other.numbers)), x int); insert into middle (x) values (1)"
    orch backup create --what db >"$BATS_TEST_TMPDIR/out"
    after=$(fingerprint)
    root_sql "insert into ledger (n) values (20001); drop table twin; create table stranger (x int)"
    before=$(fingerprint)

    # while what is there is kept
    lock_table subnets
    orch -y restore latest >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until "$PATIENCE" waits_for_table subnets
    kill -KILL "$(holder)"
    wait %2 || true
    unlock_table
    # the manager may have come first; it works under the same lock
    orch backup verify latest --lock-wait
    [ "$(fingerprint)" = "$before" ]
    all_healthy

    # in the middle of the load: tables before `middle` are new, the others are not there
    lock_table other.numbers
    orch -y restore latest >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until "$PATIENCE" waits_for_table middle
    intent_has load
    kill -KILL "$(holder)"
    wait %2 || true
    [ -z "$(root_sql "show tables like 'subnets'")" ]
    unlock_table
    orch backup verify latest --lock-wait
    [ "$(fingerprint)" = "$before" ]
    all_healthy

    # when the new state is there, and services start
    orch -y restore latest >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until "$PATIENCE" intent_has start
    kill -KILL "$(holder)" || true
    wait %1 || true
    orch backup verify latest --lock-wait
    [ "$(fingerprint)" = "$after" ]
    all_healthy
    [ ! -e "$WORLD/state/operations/ipam/intent" ]
}

# answers CODE: the proxy, to whoever asks for the application
answers() {
    [ "$(in_net curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1/api/health)" = "$1" ]
}

# restoring: until unlock_table, a restore of the latest is in the middle of its load
restoring() {
    lock_table other.numbers
    # without the end of the pipe that keeps the lock
    orch -y restore latest >"$BATS_TEST_TMPDIR/out" 2>&1 9>&- &
    wait_until "$PATIENCE" waits_for_table middle
    intent_has load
}

@test "while the database is away there is the maintenance page, and at every end the application; what an operator shows stays" {
    local proxy wrong
    proxy=$(ps_field nginx pid)
    answers 200

    restoring
    answers 503
    [[ $(in_net curl -ski https://127.0.0.1/) == *"x-maintenance: on"*"<h1>Maintenance</h1>"* ]]
    unlock_table
    wait %2
    answers 200

    restoring
    kill -KILL "$(holder)"
    wait %2 || true
    # the server waits for the lock: whoever undoes it cannot have come far
    answers 503
    unlock_table
    orch backup verify latest --lock-wait
    answers 200
    all_healthy

    # one that fails
    wrong=$STORE/ipam-wrong
    cp -a "$STORE/$(orch backup ls --format json | jq -r '[.backups[] | select(.kind == "backup")][0].name')" "$wrong"
    sed -i 's/"rows": 91/"rows": 92/' "$wrong/manifest.json"
    resum ipam-wrong
    run --separate-stderr orch -y restore ipam-wrong
    echo "$output" "$stderr"
    [ "$status" -eq 12 ]
    [[ $stderr == *"the maintenance page is shown"*"going back"* ]]
    rm -r "$wrong"
    answers 200
    [ "$(orch maintenance status)" = "maintenance is off" ]

    orch maintenance on --message mine
    run --separate-stderr orch -y restore latest
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr != *"maintenance page"* ]]
    [[ $(orch maintenance status) == *": mine" ]]
    answers 503
    orch maintenance off
    answers 200
    [ "$(ps_field nginx pid)" = "$proxy" ]
}

# cache COMMAND...: asks Redis
cache() {
    nsenter -t "$(ps_field redis pid)" -m -n env REDISCLI_AUTH="$(env_value REDIS_PASSWORD)" redis-cli --user ipam "$@" 3>&-
}

@test "volumes come back too, each by whoever has it" {
    cache set ipam:kept one
    orch backup create >"$BATS_TEST_TMPDIR/out"
    cache set ipam:kept two
    cache set ipam:new three
    run --separate-stderr orch -y restore latest --only volumes
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    all_healthy
    [ "$(cache get ipam:kept)" = one ]
    [ -z "$(cache get ipam:new)" ]
}

@test "migrations that came after the backup are applied again" {
    local name
    name=$(orch backup ls --format json | jq -r '[.backups[] | select(.kind == "backup")][0].name')
    echo "create table later (n int);" >"$PROJECT/migrations/0005_later.up.sql"
    orch up
    [ "$(root_sql 'select max(version) from ipam_orch_migrations')" = 5 ]
    run --separate-stderr orch -y restore "$name"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"1 migrations applied that the backup did not have"* ]]
    [ "$(root_sql 'select max(version) from ipam_orch_migrations')" = 5 ]
    [ "$(root_sql 'select count(*) from later')" = 0 ]
    all_healthy
}

@test "a physical backup brings back the files of the server; killed in between, or damaged, the old ones come back" {
    local before after name
    command -v mariadb-backup >/dev/null || skip "mariadb-backup is not installed"
    after=$(fingerprint)
    orch backup create --method physical --what db >"$BATS_TEST_TMPDIR/out"
    name=$(orch backup ls --format json | jq -r '.backups[0].name')
    root_sql "drop table middle; create table stranger_to_files (x int)"
    before=$(fingerprint)
    # killed when new files are in their places
    orch -y restore "$name" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until "$PATIENCE" grep -q "starting them again" "$BATS_TEST_TMPDIR/out"
    kill -KILL "$(holder)"
    wait %1 || true
    orch backup verify "$name" --lock-wait
    if [ "$(fingerprint)" != "$before" ]; then
        [ "$(fingerprint)" = "$after" ]
        root_sql "drop table middle; create table stranger_to_files (x int)"
    fi
    all_healthy
    # its sums are right, and it cannot even be unpacked
    cp -a "$STORE/$name" "$STORE/ipam-empty"
    echo nothing | zstd -qf -o "$STORE/ipam-empty/physical.mbstream.zst"
    jq --arg s "$(sha256sum "$STORE/ipam-empty/physical.mbstream.zst" | cut -d ' ' -f 1)" '.parts[0].sha256 = $s' \
        "$STORE/$name/manifest.json" >"$STORE/ipam-empty/manifest.json"
    resum ipam-empty
    before=$(fingerprint)
    run --separate-stderr orch -y restore ipam-empty
    echo "$output" "$stderr"
    [ "$status" -eq 12 ]
    [[ $stderr == *"what was there before is there again"* ]]
    [ "$(fingerprint)" = "$before" ]
    rm -r "$STORE/ipam-empty"
    # and to the end
    run --separate-stderr orch -y restore "$name"
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    [ "$(fingerprint)" = "$after" ]
    all_healthy
    [ -z "$(find "$WORLD/state/volumes/ipam_db-data" -maxdepth 1 -name '.ipam-orch-*')" ]
}
