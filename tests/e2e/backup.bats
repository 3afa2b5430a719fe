#!/usr/bin/env bats
# Backups of the IPAM stack: made, looked at, damaged, pruned, restored.
# The tests build on each other: the first brings the stack up.

load world

setup_file() {
    world_open
    copy_project
    export STORE=$WORLD/state/operations/ipam/backups
}

teardown_file() {
    ! mountpoint -q "$WORLD/small" || umount "$WORLD/small"
    world_close
}

setup() {
    [ "$BATS_TEST_NUMBER" -eq 1 ] || [ -e "$WORLD/is-up" ] || {
        echo "the stack did not come up"
        return 1
    }
}

teardown() {
    if [ "$BATS_TEST_NUMBER" -eq 1 ] || [ -e "$WORLD/is-up" ]; then explain_failure; fi
}

# root_sql STATEMENT: as the administrator, in the database of the project
root_sql() {
    nsenter -t "$(ps_field mysql pid)" -m -n mariadb --no-defaults -S /run/mysqld/mysqld.sock -u root \
        --password="$(env_value MYSQL_ROOT_PASSWORD)" -N -B ipam -e "$1" 3>&-
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
    run --separate-stderr orch up
    echo "$output" "$stderr"
    [ "$status" -eq 0 ]
    touch "$WORLD/is-up"
    [ "$(root_sql 'select @@log_bin, @@binlog_format')" = "$(printf '1\tROW')" ]
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
    zstd -dc accounts.sql.zst | grep -q '^GRANT ALL PRIVILEGES ON .ipam.\.\* TO'
    # nothing is readable in an argument list or a log
    run ! grep -rqF -- "$(env_value MYSQL_ROOT_PASSWORD)" "$WORLD/log"
}

@test "a backup that is killed midway leaves nothing behind, and the next one works" {
    local pid
    mkdir -p "$WORLD/killed"
    lock_table subnets
    orch backup create -o "$WORLD/killed" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    wait_until 60 waits_for_table subnets
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
    mount -t tmpfs -o size=64k tmpfs "$WORLD/small"
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
