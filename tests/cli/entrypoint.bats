#!/usr/bin/env bats
# The entry point of the MariaDB recipe with programs that only write down that they were called:
# killed after each of its commands, it begins again and ends with one whole first start.

load command

# a first start in the directory of the test; $1 = after how many commands it is killed, 0 = never
first_start() {
    # shellcheck disable=SC2016  # for that shell
    env PATH="$PWD/bin:$PATH" MYSQL_ROOT_PASSWORD='a\b"c' MYSQL_DATABASE=shop MYSQL_USER=shop \
        MYSQL_PASSWORD="it's" bash -c '
        steps=0
        if [ "$1" -gt 0 ]; then
            set -T
            trap '\''steps=$((steps + 1)); [ "$steps" -lt "$0" ] || kill -KILL $$'\'' DEBUG
        fi
        . ./entrypoint.sh mariadbd' "$1" "$1"
}

# program NAME: reads the rest of the script from stdin
program() {
    { echo '#!/bin/sh'; cat; } >"bin/$1"
    chmod +x "bin/$1"
}

world() {
    mkdir -p bin data run initdb
    sed -e "s|/var/lib/mysql|$PWD/data|; s|/run/mysqld|$PWD/run|; s|/docker-entrypoint-initdb.d|$PWD/initdb|" \
        -e "s|/usr/sbin/mariadbd|$PWD/bin/mariadbd|; s|/etc/mysql/conf.d|$PWD/none|; s|sleep 0.1|sleep 0.01|" \
        "$IPAM_ORCH_SOURCE/units/catalog/mariadb.entrypoint.sh" >entrypoint.sh
    # each first start has a number, which all that it makes carries
    program mariadb-install-db <<EOF2
mkdir $PWD/data/mysql
echo x >>$PWD/count
wc -l <$PWD/count >$PWD/data/ibdata1
cp $PWD/data/ibdata1 $PWD/data/mysql/system
EOF2
    program mariadbd <<EOF2
case "\$*" in
*--bootstrap*) cat >$PWD/accounts.sql; cp $PWD/data/ibdata1 $PWD/data/mysql/accounts ;;
*init.sock*)
    # until it is told to end, or nobody is there any more who could
    exec >/dev/null 2>&1 3>&-
    trap 'exit 0' TERM
    : >$PWD/run/init.sock
    while kill -0 \$PPID; do sleep 0.02; done
    ;;
*) cp $PWD/data/ibdata1 $PWD/serves; printf '%s\n' "\$@" >$PWD/arguments; : >$PWD/data/.tmp/sorted ;;
esac
EOF2
    program mariadb <<EOF2
case "\$*" in
*"select 1"*) [ -e $PWD/run/init.sock ] ;;
*) cat >>$PWD/data/mysql/scripts ;;
esac
EOF2
    echo "script 1" >initdb/1.sql
    echo "script 2" | gzip >initdb/2.sql.gz
    echo "mariadb </dev/null; echo 'script 3' | mariadb" >initdb/3.sh
}

# what one whole first start leaves
is_whole() {
    local number
    number=$(cat data/ibdata1)
    [ ! -e data/.ipam-orch-initialising ] && [ "$(cat data/mysql/system)" = "$number" ] &&
        [ "$(cat data/mysql/accounts)" = "$number" ] && [ "$(cat serves)" = "$number" ] &&
        [ "$(cat data/mysql/scripts)" = $'script 1\nscript 2\nscript 3' ]
}

@test "a first start: accounts, scripts in order, then the server; passwords stay what they are" {
    world
    run -0 first_start 0
    echo "$output"
    is_whole
    cat accounts.sql
    grep -qF "create user 'shop'@'%' identified by 'it''s';" accounts.sql
    grep -qF "using password('a\\\\b\"c') or unix_socket;" accounts.sql
    # the second start finds all of it, and changes nothing
    rm serves
    run -0 first_start 0
    is_whole
}

@test "what the server puts aside has a directory of its own beside the data, empty at each start" {
    world
    run -0 first_start 0
    grep -qxF -- "--tmpdir=$PWD/data/.tmp" arguments
    grep -qxF -- "--ignore-db-dirs=.tmp" arguments
    [ "$(stat -c %a data/.tmp)" = 700 ]
    # what a server that was killed left
    : >data/.tmp/left
    run -0 first_start 0
    echo "$output"
    [ "$(ls -A data/.tmp)" = sorted ]
}

@test "a script that fails is named with its line, packed, plain or of a shell" {
    world
    echo "ERROR 1064 (42000) at line 7: no such word" >error
    program mariadb <<EOF2
case "\$*" in
*"select 1"*) [ -e $PWD/run/init.sock ] ;;
*) cat >/dev/null; cat $PWD/error >&2; exit 1 ;;
esac
EOF2
    run -1 first_start 0
    [[ $output == *"initdb/1.sql:7: ERROR 1064 (42000) at line 7: no such word"* ]]
    rm initdb/1.sql
    run -1 first_start 0
    [[ $output == *"initdb/2.sql.gz:7: ERROR 1064"* ]]
    rm initdb/2.sql.gz
    printf 'true\n[[ a == b ]] || true\n\n[[ a == b ]]\n' >initdb/3.sh
    run -1 first_start 0
    [[ $output == *"initdb/3.sh:4: status 1"*"initdb/3.sh: it failed"* ]]
    printf '#!/bin/sh\nexit 3\n' >initdb/3.sh
    chmod +x initdb/3.sh
    run -1 first_start 0
    [[ $output == *"initdb/3.sh: it ended with status 3"* ]]
    echo "no gzip" >initdb/2.sql.gz
    program mariadb <<EOF2
case "\$*" in
*"select 1"*) [ -e $PWD/run/init.sock ] ;;
*) cat >/dev/null ;;
esac
EOF2
    run -1 first_start 0
    [[ $output == *"initdb/2.sql.gz: it cannot be unpacked"* ]]
    [ -e data/.ipam-orch-initialising ]
}

@test "killed after any of its commands, a first start is begun again, and none of it is half kept" {
    local step=0 killed=0
    world
    while :; do
        step=$((step + 1))
        rm -rf data run serves
        mkdir data run
        run first_start "$step"
        [ "$status" -eq 137 ] || break
        killed=$((killed + 1))
        rm -rf run # it is in memory, and goes with the instance
        mkdir run
        run -0 first_start 0
        is_whole || {
            echo "killed after $step commands: $output"
            ls -laR data
            false
        }
    done
    echo "$killed kills, then $status: $output"
    [ "$status" -eq 0 ]
    [ "$killed" -ge 60 ]
    is_whole
}

@test "killed again and again while it deletes what is half there, it still begins from nothing" {
    local step
    world
    for step in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        rm -rf data run serves
        mkdir -p data/mysql run
        echo old | tee data/mysql/accounts data/mysql/scripts data/ibdata1 >data/aria_log_control
        : >data/.ipam-orch-initialising
        run first_start "$step"
        run -0 first_start 0
        is_whole
    done
}

@test "what is no database is not taken for an empty directory, and not deleted" {
    world
    echo mine >data/letter.txt
    run ! first_start 0
    [[ $output == *"is not empty, and no database: "*letter.txt* ]]
    [ "$(cat data/letter.txt)" = mine ]
    rm data/letter.txt
    mkdir data/lost+found
    run -0 first_start 0
    is_whole
}
