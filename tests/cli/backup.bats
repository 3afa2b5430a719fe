#!/usr/bin/env bats
# What backup and restore say of wrong use, and where there is no manager.

load command

@test "backup: what is to be done has to be said, and be one of what can be done" {
    fails 2 "what is to be done: create, ls, show, verify, drill, prune, rm" -- backup
    fails 2 "'keep' is nothing that is done with backups" -- backup keep
    fails 2 "the name of a backup is needed, or latest" -- backup verify
    fails 2 "the name of a backup is needed, or latest" -- backup rm
}

@test "backup: wrong values are refused with the right ones" {
    fails 2 "'data' is no part of a backup: db, config, volumes, all" -- backup create --what db,data
    fails 2 "'lz4' is no form of compression: zstd, gzip, none" -- backup create --compress lz4
    fails 2 "'a/b' is no label" -- backup create --label a/b
    fails 2 "'copy' is no method: dump, physical" -- backup create --method copy
    fails 2 "'-1' is no number from 0 to 100000" -- backup prune --keep-days=-1
}

@test "restore: what contradicts itself is refused" {
    fails 2 "the name of a backup is needed, or latest, or --at TIME" -- restore
    fails 2 "'data' is no part of a backup" -- restore latest --only data
    fails 2 "configuration is unpacked and yours to put in its place: --to DIR" -- restore latest --only config
    fails 2 "--to, --drill and --at do not go together" -- restore latest --to x --drill
}

@test "create and restore need a project that runs; looking does not" {
    compose 'name: shop
x-ipam-orch: {backup: {directory: ./kept}}
services: {web: {image: x, x-native: {command: [/bin/true], user: nobody}}}'
    fails 14 "the manager is not running" -- backup create
    fails 14 "the manager is not running" -- restore latest
    fails 12 "backups in $PWD/kept: No such file or directory" -- backup ls
    mkdir -p kept/shop-1 kept/other
    printf '{"project": "shop", "kind": "backup", "time": "2026-11-27T00:00:00Z", "time_s": 1795737600, "parts": []}' >kept/shop-1/manifest.json
    printf '{"project": "office"}' >kept/other/manifest.json
    run -0 orch backup ls --format json
    [ "$(jq -r '.schema, .mode, .project, .backups[].name' <<<"$output" | tr '\n' ' ')" = "1 native shop shop-1 " ]
    run -0 orch backup show latest
    [[ $output == *"$PWD/kept/shop-1"* ]]
    fails 12 "there is no backup 'shop-2' in $PWD/kept" "next: ipam-orch backup ls" -- backup show shop-2
}

@test "x-ipam-orch.backup: wrong values are refused at their place" {
    compose 'name: shop
x-ipam-orch: {backup: {compress: lz4}}
services: {web: {image: x, x-native: {command: [/bin/true], user: nobody}}}'
    fails 3 "compose.yaml:2:" "'compress' must be one of: zstd, gzip, none" -- up
    compose 'name: shop
x-ipam-orch: {backup: {encrypt: key}}
services: {web: {image: x, x-native: {command: [/bin/true], user: nobody}}}'
    fails 3 "backup: secret 'key' is not defined" -- up
}
