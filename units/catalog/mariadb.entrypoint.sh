#!/bin/sh
# Entry point of the mariadb recipe, run inside the sandbox as the database's own user.
#
# An empty data directory is initialised the way the container images do it, honouring their
# variables; then this shell becomes the server.  Passwords travel on stdin only: never in an
# argument list, never in the environment of a child.
set -eu
umask 077

data=/var/lib/mysql
run=/run/mysqld
socket=$run/mysqld.sock
marker=$data/.ipam-orch-initialising
init_dir=/docker-entrypoint-initdb.d

say() { echo "mariadb.entrypoint: $*" >&2; }
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

server() {
    mariadbd --no-defaults --basedir=/usr --datadir="$data" --socket="$socket" \
        --pid-file="$run/mysqld.pid" --tmpdir=/tmp "$@"
}

client() { mariadb --no-defaults --protocol=socket --socket="$socket" --user="$(id -un)" "$@"; }

accounts() {
    database=$(value MARIADB_DATABASE MYSQL_DATABASE)
    user=$(value MARIADB_USER MYSQL_USER)
    password=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
    # The administrator is whoever owns the server's files, through the socket; a remote root would
    # be reachable from every service of the network.
    echo "delete from mysql.global_priv where User = '' or (User = 'root' and Host <> 'localhost');"
    [ -z "$database" ] || echo "create database if not exists $(sql_name "$database");"
    if [ -n "$user" ]; then
        [ -n "$password" ] || fail "MYSQL_USER is set, MYSQL_PASSWORD is not"
        echo "flush privileges;"
        echo "create user $(sql_text "$user")@'%' identified by $(sql_text "$password");"
        [ -z "$database" ] ||
            echo "grant all on $(sql_name "$database").* to $(sql_text "$user")@'%';"
    fi
    echo "flush privileges;"
}

root_password_given() {
    [ -n "$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)" ] ||
        [ -n "${MARIADB_RANDOM_ROOT_PASSWORD-}${MYSQL_RANDOM_ROOT_PASSWORD-}" ] ||
        [ -n "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD-}${MYSQL_ALLOW_EMPTY_PASSWORD-}" ]
}

set_root_password() {
    password=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
    [ -n "$password" ] || return 0
    echo "alter user root@localhost identified via mysql_native_password" \
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

run_init_file() {
    database=$(value MARIADB_DATABASE MYSQL_DATABASE)
    say "running $1"
    case $1 in
    *.sh) # shellcheck disable=SC1090  # the user's own script
        . "$1" ;;
    *.sql) client "$database" <"$1" ;;
    *.sql.gz) gzip -dc "$1" | client "$database" ;;
    *.sql.xz) xz -dc "$1" | client "$database" ;;
    *.sql.zst) zstd -dc "$1" | client "$database" ;;
    *.sql.bz2) bzip2 -dc "$1" | client "$database" ;;
    *) say "ignoring $1" ;;
    esac
}

run_init_files() {
    [ -n "$(ls "$init_dir" 2>/dev/null)" ] || return 0
    server --skip-networking --skip-log-bin &
    pid=$!
    wait_for_socket "$pid"
    for file in "$init_dir"/*; do
        run_init_file "$file"
    done
    kill "$pid"
    wait "$pid"
}

initialise() {
    root_password_given ||
        fail "the data directory is empty and none of MYSQL_ROOT_PASSWORD," \
            "MYSQL_ROOT_PASSWORD_FILE, MYSQL_RANDOM_ROOT_PASSWORD is set"
    say "initialising an empty data directory"
    : >"$marker"
    mariadb-install-db --no-defaults --basedir=/usr --datadir="$data" \
        --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
        --skip-test-db --skip-name-resolve >/dev/null
    { accounts; set_root_password; } >"$run/accounts.sql"
    server --skip-networking --bootstrap <"$run/accounts.sql"
    rm -f "$run/accounts.sql"
    run_init_files
    rm -f "$marker"
    say "initialised"
}

# only ever a directory that carries our own marker: a first start that was interrupted
if [ -e "$marker" ]; then
    say "the first start was interrupted, beginning again"
    find "$data" -mindepth 1 -delete
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
exec /usr/sbin/mariadbd "$extra" --basedir=/usr --datadir="$data" --socket="$socket" \
    --pid-file="$run/mysqld.pid" --tmpdir=/tmp --skip-name-resolve --local-infile=0 \
    --symbolic-links=0 --secure-file-priv=/tmp --bind-address='*' --character-set-server=utf8mb4 \
    "$@"
