#!/usr/bin/env bats
# migrate, seed and the check of scripts, as far as they go without a manager.

load command

project() {
    mkdir -p migrations seeds initdb
    compose 'name: shop
x-ipam-orch: { database: { service: db, name: shop, user: shop, password_secret: p, migrations: ./migrations, seeds: ./seeds } }
services:
  db: { image: "mysql:8.0", environment: { MYSQL_ROOT_PASSWORD: x }, secrets: [p], volumes: ["./initdb:/docker-entrypoint-initdb.d:ro"] }
secrets: { p: { file: ./p } }'
    echo secret >p
}

@test "migrate: what is no use of it is refused with 2" {
    project
    fails 2 "what? status, up, down, to, redo, baseline or new" -- migrate
    fails 2 "'stats' is nothing that migrate does, did you mean 'status'?" -- migrate stats
    fails 2 "to: VERSION is missing" -- migrate to
    fails 2 "migrate to: 'x' is no version" -- migrate to x
    fails 2 "migrate down: '0' is no number of files" -- migrate down 0
    fails 2 "'9': one word too many" -- migrate up 8 9
    fails 2 "'3': one word too many" -- migrate redo 3
    fails 2 "unrecognized option" -- migrate up --practise
}

@test "migrate, seed: without a manager there is nothing to ask: 14" {
    project
    fails 14 "the manager is not running" "next: ipam-orch up" -- migrate status
    fails 14 "the manager is not running" -- seed --list
}

@test "migrate new makes two files with the next number, and refuses names that are none" {
    project
    run -0 orch migrate new first_step
    [ "$output" = "$BATS_TEST_TMPDIR/migrations/0001_first_step.up.sql
$BATS_TEST_TMPDIR/migrations/0001_first_step.down.sql" ]
    mv migrations/0001_first_step.up.sql migrations/0041_first_step.up.sql
    run -0 orch migrate new second
    [ -s migrations/0042_second.up.sql ]
    [ -s migrations/0042_second.down.sql ]
    fails 2 "'Bad Name': a name has small letters" -- migrate new "Bad Name"
    fails 2 "'../x': a name has small letters" -- migrate new ../x
    cp migrations/0042_second.up.sql migrations/0042_again.up.sql
    fails 3 "0042_again.up.sql and 0042_second.up.sql have the same number" -- migrate new third
}

@test "check sql: what only MySQL 8 knows is warned of with file, line and what to write instead" {
    project
    run -0 orch check sql
    [[ $output == *"ok     sql.db"* ]]
    echo "select 1" >initdb/10.sql
    printf 'create table t (a int)\n  collate utf8mb4_0900_ai_ci;\n' >migrations/0001_a.up.sql
    printf "insert into t select a->'$.x' from u;\n" >seeds/0001_a.sql
    run -0 orch check sql
    echo "$output"
    [[ $output == *"warn   sql.db.1"*"0001_a.up.sql:2: utf8mb4_0900_ai_ci"*"next: "*utf8mb4_uca1400_ai_ci* ]]
    [[ $output == *"warn   sql.db.2"*"0001_a.sql:1: ->"*JSON_EXTRACT* ]]
    run -4 orch check --strict sql
    sed -i 's/mysql:8.0/mariadb:10.11/' compose.yaml
    run -0 orch check --strict sql
    [[ $output != *"sql.db"* ]]
}
