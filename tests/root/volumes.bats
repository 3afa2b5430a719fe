#!/usr/bin/env bats
# Volumes: whose they are, which part of one is mounted, and that nothing a service leaves in one
# leads the broker elsewhere.

load broker

setup_file() { broker_open; }
teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

# volume NAME [MEMBERS]: a mount of it on /data, as fields of a specification
volume() {
    jq -nc --arg name "$1" --argjson more "${2:-{\}}" '{ mounts: [{ kind: "volume", source: $name, target: "/data" } + $more] }'
}

# fill NAME COMMAND: a service with the volume runs the command, and is gone
fill() {
    finished "t.fill.1.$((++FILLED))" "$(volume "$1")" /bin/sh -c "cd /data && $2"
    [ "$(jq -r 'select(.event == "exit") | "\(.code) \(.signal)"' <<<"$(tail -n 1 <<<"$output")")" = "0 0" ]
}

# said [N]: the first N lines of what the last one wrote, in one
said() {
    head -n "${1:-1}" <<<"$output" | tr '\n' ' ' | sed 's/ $//'
}

@test "a fresh volume belongs to the service's user; a known one stays as it is" {
    finished t.own.1.1 "$(volume own '{}' | jq -c '. + { uid: 1234, gid: 4321 }')" /bin/sh -c 'stat -c "%u %g %a" /data; echo mine >/data/file'
    [ "$(said)" = "1234 4321 700" ]
    finished t.own.1.2 "$(volume own)" /bin/sh -c 'stat -c "%u %g %a" /data; cat /data/file || echo closed'
    [ "$(said 2)" = "1234 4321 700 closed" ]
}

@test "subpath: a directory, a file; what is outside of it cannot be seen" {
    fill parts 'mkdir -p a/b && echo inner >a/b/file && echo outer >a/file'
    finished t.part.1.1 "$(volume parts '{"subpath":"a/b"}')" /bin/sh -c 'ls /data; cat /data/file /data/../data/file; cat /data/../file'
    [ "$(said 3)" = "file inner inner" ]
    finished t.part.1.2 "$(volume parts '{"subpath":"a/file","read_only":true}')" /bin/sh -c 'cat /data; echo x >/data || echo sealed'
    [ "$(said 2)" = "outer sealed" ]
}

@test "subpath: what a service planted there is refused, and the reason is told" {
    local subpath reason
    fill planted 'mkdir d; ln -s /etc etc; ln -s ../../../../../etc up; ln -s / d/root; ln -s shadow shadow; ln -s /etc/shadow s; mkfifo fifo'
    while read -r subpath reason; do
        run --separate-stderr drive launch "$(volume planted "{\"subpath\":\"$subpath\"}" | jq -c '. + { id: "t.plant.1.1", argv: ["/bin/true"] }')"
        echo "$subpath: $output"
        [ "$status" -eq 1 ]
        [[ $(jq -r .error.message <<<"$output") == *"$reason"* ]]
    done <<'EOT'
etc symbolic link
up symbolic link
d/root symbolic link
d/root/etc symbolic link
s symbolic link
shadow symbolic link
fifo neither a directory nor a file
missing not created
../planted subpath
/etc subpath
d/../../.. subpath
EOT
}

@test "subpath: a directory that is swapped for a link again and again is never left" {
    local round
    fill racing 'mkdir d e; echo own >d/mark'
    started t.racer.1.1 "$(volume racing)" /bin/sh -c 'cd /data; while :; do mv d away; ln -s /etc d; rm d; mv away d; done'
    for round in $(seq 30); do
        run --separate-stderr launch "t.race.1.$round" "$(volume racing '{"subpath":"d"}')" /bin/sh -c 'cat /data/mark; test ! -e /data/passwd'
        if [ "$status" -eq 0 ]; then
            ended "t.race.1.$round"
            [ "$(jq -r '"\(.code) \(.signal)"' <<<"$output")" = "0 0" ]
        else
            [[ $(jq -r .error.message <<<"$output") =~ (symbolic link|does not exist) ]]
        fi
    done
    drive request kill '{"id":"t.racer.1.1"}'
    ended t.racer.1.1
}

@test "a volume that must exist is not made" {
    run --separate-stderr drive launch "$(volume elsewhere '{"existing":true}' | jq -c '. + { id: "t.ext.1.1", argv: ["/bin/true"] }')"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"'elsewhere' is external and does not exist"* ]]
    [ ! -e "$HOUSE/state/volumes/elsewhere" ]
}

@test "mounts below a bind: all, none, read-only or as they are" {
    local source=$HOUSE/below
    mkdir -p "$source/sub"
    chmod 1777 "$source"
    mount -t tmpfs -o mode=1777 below "$source/sub"
    touch "$source/sub/mark"
    # reach, read_only, whether the mark is there, whether the top and what is below can be written
    while read -r reach ro mark top below; do
        finished "t.$reach.1.$((++FILLED))" "$(jq -nc --arg s "$source" --arg r "$reach" --argjson ro "$ro" '{ mounts: [{ kind: "bind", source: $s, target: "/b", read_only: $ro, reach: $r }] }')" \
            /bin/sh -c 't() { "$@" 2>/dev/null && echo yes || echo no; }; t test -e /b/sub/mark; t touch /b/top; t touch /b/sub/file'
        [ "$(said 3)" = "$mark $top $below" ] || {
            umount "$source/sub"
            false
        }
    done <<'EOT'
enabled false yes yes yes
enabled true yes no no
writable true yes no yes
readonly true yes no no
disabled false no yes no
EOT
    umount "$source/sub"
}

@test "volume_remove: everything a service can leave, and nothing else; the name is free at once" {
    mkdir "$HOUSE/precious"
    echo keep >"$HOUSE/precious/file"
    fill gone "ln -s $HOUSE/precious link; mkdir -m 0 locked; mkfifo fifo; touch -- -rf '-' ' '; python3 -c 'import os
for i in range(2000): os.mkdir(\"d\"); os.chdir(\"d\")'"
    [ -d "$HOUSE/state/volumes/gone" ]
    run drive request volume_remove '{"volume":"gone"}'
    echo "$output"
    [ "$status" -eq 0 ]
    [ ! -e "$HOUSE/state/volumes/gone" ]
    [ -z "$(ls -A "$HOUSE/state/volumes/.retired")" ]
    [ "$(cat "$HOUSE/precious/file")" = keep ]
    # absent is fine
    drive request volume_remove '{"volume":"gone"}'
}

@test "volume_remove: not while an instance has it, and no name that is none" {
    local name
    started t.user.1.1 "$(volume busy)" /bin/sleep 1000
    run drive request volume_remove '{"volume":"busy"}'
    echo "$output"
    [[ $(jq -r .error.message <<<"$output") == *"in use by 't.user.1.1'"* ]]
    [ -d "$HOUSE/state/volumes/busy" ]
    drive request kill '{"id":"t.user.1.1"}'
    ended t.user.1.1
    drive request volume_remove '{"volume":"busy"}'
    for name in .retired ../state . "" /etc; do
        run ! drive request volume_remove "{\"volume\":\"$name\"}"
    done
}

@test "a broker that was killed over a removal finishes it after its restart" {
    mkdir -p "$HOUSE/state/volumes/.retired/old.0/a/b"
    broker_kill KILL
    broker_start
    wait_until 10 test ! -e "$HOUSE/state/volumes/.retired/old.0"
}

trash() {
    find "$HOUSE/state/volumes/.trash" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort
}

@test "the trash: a volume is put there and brought back as it was, by its name or its id" {
    local id
    fill dear 'echo kept >file; chmod 640 file'
    run drive request volume_remove '{"volume":"dear","project":"t","keep_us":3600000000}'
    echo "$output"
    [ "$status" -eq 0 ]
    id=$(jq -r .trash <<<"$output")
    [[ $id =~ ^dear@[0-9]+@[0-9]+@t$ ]]
    [ ! -e "$HOUSE/state/volumes/dear" ]
    [ "$(drive request volumes '{}' | jq -r '.trash[0] | "\(.name) \(.project) \(.until - .from)"')" = "dear t 3600" ]
    drive request trash_expire '{}'
    [ "$(trash)" = "$id" ]
    drive request trash_restore '{"volume":"dear"}'
    [ "$(cat "$HOUSE/state/volumes/dear/file")" = kept ]
    [ "$(stat -c %a "$HOUSE/state/volumes/dear/file")" = 640 ]
    [ -z "$(trash)" ]
    # the same in the same second twice
    for _ in 1 2 3; do
        drive request volume_remove '{"volume":"dear","project":"t","keep_us":3600000000}'
        mkdir "$HOUSE/state/volumes/dear"
    done
    [ "$(trash | wc -l)" -eq 3 ]
    run drive request trash_restore "{\"volume\":\"$(trash | head -n 1)\"}"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"there is a volume 'dear' again"* ]]
    for id in $(trash); do
        drive request trash_purge "{\"volume\":\"$id\"}"
    done
    [ -z "$(trash)" ]
    rmdir "$HOUSE/state/volumes/dear"
}

@test "the trash: names that lead elsewhere are none, and what nobody put there is not touched" {
    local name
    for name in '{"volume":"x","project":"../t","keep_us":1000000}' '{"volume":"x","keep_us":1000000}' \
        '{"volume":"../x","project":"t","keep_us":1000000}' '{"volume":".trash","project":"t","keep_us":1000000}'; do
        run ! drive request volume_remove "$name"
    done
    for name in .. . ../dear /etc x@1@2; do
        run ! drive request trash_restore "{\"volume\":\"$name\"}"
        run ! drive request trash_purge "{\"volume\":\"$name\"}"
    done
    mkdir "$HOUSE/state/volumes/.trash/mine" "$HOUSE/state/volumes/.trash/x@1@2@t"
    drive request trash_expire '{}'
    wait_until 10 test ! -e "$HOUSE/state/volumes/.trash/x@1@2@t"
    rmdir "$HOUSE/state/volumes/.trash/mine"
}

@test "the trash: on a disk that is nearly full the oldest goes, and no more than is needed" {
    local id
    mount -t tmpfs -o size=20m,mode=755 full "$HOUSE/state/volumes"
    for id in first@100 second@200 third@300; do
        mkdir -p "$HOUSE/state/volumes/.trash/$id@99999999999@t"
        head -c 4M /dev/zero >"$HOUSE/state/volumes/.trash/$id@99999999999@t/file"
    done
    drive request trash_expire '{}'
    [ "$(trash | wc -l)" -eq 3 ]
    mkdir "$HOUSE/state/volumes/data"
    head -c 7700k /dev/zero >"$HOUSE/state/volumes/data/file"
    run drive request trash_expire '{}'
    echo "$output"
    [ "$(jq -r '.deleted | join(" ")' <<<"$output")" = first@100@99999999999@t ]
    is_gone() { [ -z "$(ls -A "$HOUSE/state/volumes/.retired")" ]; }
    wait_until 10 is_gone
    drive request trash_expire '{}'
    [ "$(trash | wc -l)" -eq 2 ]
    umount "$HOUSE/state/volumes"
}
