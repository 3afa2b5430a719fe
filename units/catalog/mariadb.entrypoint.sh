#!/bin/sh
# Entry point of the mariadb recipe, run inside the sandbox as the database's own user.
#
# An empty data directory is initialised the way the container images do it, honouring their
# variables; then this shell becomes the server.  Passwords travel on stdin only: never in an
# argument list, never in the environment of a child.
#
# A first start that ends early, however it ends, is begun again: a marker is on disk before
# anything else is, and goes when all is there.
set -eu
umask 077
LC_ALL=C # in which order names come
export LC_ALL

data=/var/lib/mysql
run=/run/mysqld
socket=$run/mysqld.sock
# of the server that runs the scripts: nobody who asks the other one may take this for it
init_socket=$run/init.sock
marker=$data/.ipam-orch-initialising
init_dir=/docker-entrypoint-initdb.d

# no echo: the one of dash takes backslashes in passwords for something else
print() { printf '%s\n' "$*"; }
say() { print "mariadb.entrypoint: $*" >&2; }
fail() { say "$*"; exit 1; }

# value NAME...: the first variable that is set, or the content of the file its _FILE form names
value() {
    for name in "$@"; do
        eval "direct=\${$name-} path=\${${name}_FILE-}"
        # shellcheck disable=SC2154  # set by eval
        if [ -n "$direct" ]; then printf %s "$direct"; return; fi
        # shellcheck disable=SC2154
        if [ -n "$path" ]; then cat "$path"; return; fi
    done
}

# text as an SQL string: quotes doubled, backslashes too
sql_text() { printf "'%s'" "$(printf %s "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")"; }
# shellcheck disable=SC2016  # the quotes are SQL's
sql_name() { printf '`%s`' "$(printf %s "$1" | sed 's/`/``/g')"; }

# in place of the shell that calls it, so that a signal to that one is for the server
server() {
    exec mariadbd --no-defaults --basedir=/usr --datadir="$data" --socket="$init_socket" \
        --pid-file="$run/init.pid" --tmpdir=/tmp "$@"
}

client() { mariadb --no-defaults --protocol=socket --socket="$init_socket" --user="$(id -un)" "$@"; }

accounts() {
    database=$(value MARIADB_DATABASE MYSQL_DATABASE)
    user=$(value MARIADB_USER MYSQL_USER)
    password=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
    # The administrator is whoever owns the server's files, through the socket; a remote root would
    # be reachable from every service of the network.
    print "delete from mysql.global_priv where User = '' or (User = 'root' and Host <> 'localhost');"
    [ -z "$database" ] || print "create database if not exists $(sql_name "$database");"
    if [ -n "$user" ]; then
        [ -n "$password" ] || fail "MYSQL_USER is set, MYSQL_PASSWORD is not"
        print "flush privileges;"
        print "create user $(sql_text "$user")@'%' identified by $(sql_text "$password");"
        [ -z "$database" ] ||
            print "grant all on $(sql_name "$database").* to $(sql_text "$user")@'%';"
    fi
    print "flush privileges;"
}

root_password_given() {
    [ -n "$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)" ] ||
        [ -n "${MARIADB_RANDOM_ROOT_PASSWORD-}${MYSQL_RANDOM_ROOT_PASSWORD-}" ] ||
        [ -n "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD-}${MYSQL_ALLOW_EMPTY_PASSWORD-}" ]
}

set_root_password() {
    password=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
    [ -n "$password" ] || return 0
    print "alter user root@localhost identified via mysql_native_password" \
        "using password($(sql_text "$password")) or unix_socket;"
}

wait_for_socket() {
    for _ in $(seq 600); do
        if client --connect-timeout=1 -e 'select 1' >/dev/null 2>&1; then return 0; fi
        kill -0 "$1" 2>/dev/null || fail "the server ended during its first start"
        sleep 0.1
    done
    fail "the server did not answer during its first start"
}

# sql_of FILE: a script, unpacked
sql_of() {
    case $1 in
    *.sql) cat "$1" ;;
    *.sql.gz) gzip -dc "$1" ;;
    *.sql.xz) xz -dc "$1" ;;
    *.sql.zst) zstd -dc "$1" ;;
    *.sql.bz2) bzip2 -dc "$1" ;;
    esac
}

# The end of the pipe is the client's; that the other half failed is on disk.
run_sql() {
    rm -f "$run/unpacked"
    if { sql_of "$1" && : >"$run/unpacked"; } | client "$database" 2>"$run/error"; then
        [ -e "$run/unpacked" ] || fail "$1: it cannot be unpacked"
        cat "$run/error" >&2
        return 0
    fi
    line=$(sed -n 's/^ERROR .* at line \([0-9]*\): .*/\1/p' "$run/error" | head -n 1)
    fail "$1:${line:-?}: $(sed -n '/^ERROR/,$p' "$run/error" | head -n 3)"
}

# With bash, as in the images, which tells the line as well; what can be executed is.
run_sh() {
    if [ -x "$1" ]; then
        MYSQL_UNIX_PORT=$init_socket "$1" || fail "$1: it ended with status $?"
        return 0
    fi
    # shellcheck disable=SC2016  # for that shell
    MYSQL_UNIX_PORT=$init_socket bash -c 'set -eE
        trap '\''printf "mariadb.entrypoint: %s:%s: status %s\n" "$0" "$LINENO" "$?" >&2'\'' ERR
        . "$0"' "$1" || fail "$1: it failed"
}

run_init_files() {
    [ -n "$(ls "$init_dir" 2>/dev/null)" ] || return 0
    database=$(value MARIADB_DATABASE MYSQL_DATABASE)
    server --skip-networking --skip-log-bin &
    pid=$!
    wait_for_socket "$pid"
    for file in "$init_dir"/*; do
        case $file in
        *.sh) say "running $file"; run_sh "$file" ;;
        *.sql | *.sql.gz | *.sql.xz | *.sql.zst | *.sql.bz2) say "running $file"; run_sql "$file" ;;
        *) say "ignoring $file" ;;
        esac
    done
    kill "$pid"
    wait "$pid" || fail "the server of the first start ended with status $?"
}

# what is in the data directory, but for names that are no database's
content() {
    find "$data" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name lost+found "$@"
}

initialise() {
    root_password_given ||
        fail "the data directory is empty and none of MYSQL_ROOT_PASSWORD," \
            "MYSQL_ROOT_PASSWORD_FILE, MYSQL_RANDOM_ROOT_PASSWORD is set"
    [ -z "$(content)" ] || fail "$data is not empty, and no database:" "$(content | head -n 1)"
    say "initialising an empty data directory"
    : >"$marker"
    sync "$marker" "$data"
    mariadb-install-db --no-defaults --basedir=/usr --datadir="$data" \
        --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
        --skip-test-db --skip-name-resolve >/dev/null
    { accounts; set_root_password; } >"$run/accounts.sql"
    (server --skip-networking --bootstrap) <"$run/accounts.sql"
    rm -f "$run/accounts.sql"
    run_init_files
    rm -f "$marker" "$run/error" "$run/unpacked"
    # a machine that stops now must not find the marker again, and delete what was written since
    sync "$data"
    say "initialised"
}

# only ever a directory that carries our own marker, which goes last
if [ -e "$marker" ]; then
    say "the first start was interrupted, beginning again"
    content -exec rm -rf {} +
fi
[ -d "$data/mysql" ] || initialise

# the first word only names the server; what follows are the user's options, they win
[ $# -eq 0 ] || shift
memory=${IPAM_ORCH_MEMORY:-0}
if [ "$memory" -gt 0 ]; then
    set -- --innodb-buffer-pool-size=$((memory / 2)) "$@"
fi
extra=--no-defaults
if [ -d /etc/mysql/conf.d ] && [ -n "$(ls /etc/mysql/conf.d 2>/dev/null)" ]; then
    printf '!includedir /etc/mysql/conf.d/\n' >"$run/my.cnf"
    extra=--defaults-file=$run/my.cnf
fi
# What the server puts aside may be as large as its tables: the binary log of one long transaction,
# a sort.  /tmp is memory; here is room, and nothing in it outlives the server that made it.
rm -rf "$data/.tmp"
mkdir "$data/.tmp"
exec /usr/sbin/mariadbd "$extra" --basedir=/usr --datadir="$data" --socket="$socket" \
    --pid-file="$run/mysqld.pid" --tmpdir="$data/.tmp" --ignore-db-dirs=.tmp \
    --skip-name-resolve --local-infile=0 --symbolic-links=0 \
    --secure-file-priv=/tmp --bind-address='*' --character-set-server=utf8mb4 "$@"
