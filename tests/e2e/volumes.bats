#!/usr/bin/env bats
# Data of services from the compose file to the kernel: whose volume it is, where it comes from, how
# it is mounted, and when it goes.

load world

setup_file() {
    world_open
    mkdir "$PROJECT" "$WORLD/host" "$WORLD/host/sub"
    chmod 1777 "$WORLD/host"
    mount -t tmpfs -o mode=1777 data "$WORLD/host/sub"
    touch "$WORLD/host/sub/mark"
    sed "s|@HOST@|$WORLD/host|g" "$BATS_TEST_DIRNAME/volumes.yaml" >"$PROJECT/compose.yaml"
    # the one who has the volume that others find
    mkdir "$WORLD/owner"
    cat >"$WORLD/owner/compose.yaml" <<'YAML'
name: owner
services:
  keeper:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sh, -c, "echo kept >/data/file; exec sleep 3600"] }
    volumes: ["store:/data"]
volumes:
  store: { name: shared-store }
YAML
    orch_in "$WORLD/owner" up
    orch up writer
    orch exec writer mkdir -p /data/parts/inner
    orch exec writer sh -c 'echo part >/data/parts/inner/file; echo mine >/own/file'
    orch up
}

teardown_file() {
    [ -z "${WORLD:-}" ] || umount "$WORLD/host/sub" || true
    world_close
}

teardown() { explain_failure; }

# options SERVICE TARGET: of the mount that is uppermost there
options() {
    awk -v at="$2" '$5 == at { found = $6 } END { print found }' "/proc/$(ps_field "$1" pid)/mountinfo"
}

volume_dir() {
    echo "$WORLD/state/volumes/$1"
}

@test "a fresh volume belongs to the service's user, and nobody else gets in" {
    [ "$(stat -c '%U %a' "$(volume_dir data_data)")" = "nobody 700" ]
}

@test "a target without a source: a volume of the service's own, the same at the next up" {
    local before
    before=$(ps_field writer pid)
    sed -i 's/COLOUR: red/COLOUR: blue/' "$PROJECT/compose.yaml"
    orch up
    [ "$(ps_field writer pid)" != "$before" ]
    [ "$(orch exec writer cat /own/file)" = mine ]
    # the reader has one of its own at the same place
    run ! orch exec reader test -e /own/file
}

@test "subpath: only that part is there" {
    [ "$(orch exec reader ls /part)" = file ]
    [ "$(orch exec reader cat /part/file)" = part ]
}

@test "volumes_from: at the same places, read-only where it is said, own ones first" {
    [ "$(orch exec follower cat /data/parts/inner/file)" = part ]
    [ "$(orch exec follower cat /own/file)" = mine ]
    [[ ,$(options follower /data), == *,ro,* && ,$(options follower /own), == *,ro,* ]]
    # a volume of another name at a place that the other has too
    [[ ,$(options second /data), == *,rw,* ]]
    [ "$(orch exec second cat /own/file)" = mine ]
    run ! orch exec second test -e /data/parts
}

@test "external: found under its own name" {
    [ "$(orch exec reader cat /shared/file)" = kept ]
}

@test "driver_opts: a directory of the host" {
    orch exec writer touch /device/here
    [ -e "$WORLD/host/here" ]
    [[ ,$(options reader /device), == *,ro,* ]]
    # bind, not rbind
    run ! orch exec reader test -e /device/sub/mark
}

@test "bind: recursive and propagation" {
    orch exec binds test -e /all/sub/mark
    run ! orch exec binds test -e /top/sub/mark
    [[ ,$(options binds /all/sub), == *,ro,* ]]
    [[ ,$(options binds /some), == *,ro,* && ,$(options binds /some/sub), == *,rw,* ]]
    # nothing that is mounted later comes in
    run ! grep -qE ' (shared|master):' "/proc/$(ps_field binds pid)/mountinfo"
}

@test "create_host_path: the short form makes the directory, with the caller's rights" {
    [ -d "$PROJECT/made/here" ]
    [ "$(stat -c '%U %a' "$PROJECT/made/here")" = "root 755" ]
}

@test "what a service planted in its volume does not lead a subpath out of it" {
    local before
    before=$(ps_field reader pid)
    orch exec writer sh -c 'rm -r /data/parts/inner; ln -s /etc /data/parts/inner'
    run orch restart reader
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"parts/inner"*"symbolic link"* ]]
    orch exec writer sh -c 'rm /data/parts/inner; mkdir /data/parts/inner; echo part >/data/parts/inner/file'
    orch up
    [ "$(ps_field reader pid)" != "$before" ]
}

@test "down -v: asks, refuses without somebody to ask, and while another project has the data" {
    run orch down -v </dev/null
    echo "$output"
    [ "$status" -eq 15 ]
    [[ $output == *"-y down -v"* ]]
    [ "$(ps_field writer state)" = up ]
    run orch_in "$WORLD/owner" -y down -v
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"'shared-store'"*"project 'data'"* ]]
    [ -d "$(volume_dir shared-store)" ]
}

@test "down keeps volumes; down -v removes named and anonymous ones, also of a project that is down" {
    local n
    orch down
    [ -d "$(volume_dir data_data)" ]
    n=$(find "$WORLD/state/volumes" -mindepth 1 -maxdepth 1 -name "[!.]*" | wc -l)
    [ "$n" -ge 4 ]
    orch -y down -v
    # what is left is the other project's, and the host's directory was nobody's to remove
    [ "$(ls "$WORLD/state/volumes")" = shared-store ]
    [ -e "$WORLD/host/here" ]
    # the next one is fresh, and goes in one step
    orch up writer
    run ! orch exec writer test -e /own/file
    orch -y down -v
    [ "$(ls "$WORLD/state/volumes")" = shared-store ]
    orch_in "$WORLD/owner" -y down -v
    [ -z "$(ls "$WORLD/state/volumes")" ]
}

@test "what cannot be honoured is refused at its place, with the reason" {
    local attribute text
    while IFS='|' read -r attribute text; do
        mkdir -p "$WORLD/refused"
        cat >"$WORLD/refused/compose.yaml" <<YAML
name: refused
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    $attribute
YAML
        run orch_in "$WORLD/refused" up
        echo "$attribute: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *compose.yaml:* && $output == *"$text"* ]]
    done <<'EOT'
volumes: [{ type: bind, source: ./no, target: /a }]|No such file
volumes: [{ type: bind, source: ./no, target: /a, bind: { create_host_path: false } }]|No such file
volumes: [{ type: bind, source: /srv, target: /a, bind: { propagation: upwards } }]|rshared
volumes: [{ type: bind, source: /srv, target: /a, bind: { recursive: readonly } }]|read_only: true
volumes_from: ["container:x"]|there are no containers
volumes_from: ["web2"]|web2
volumes: [{ type: volume, target: /a, volume: { subpath: ../x } }]|below the volume
volumes: ["gone:/a"]|volume 'gone' is not defined
EOT
    cat >"$WORLD/refused/compose.yaml" <<'YAML'
name: refused
services:
  web:
    image: local/sleeper
    x-native: { user: nobody, command: [/bin/sleep, "3600"] }
    volumes: ["store:/v"]
volumes:
  store: @V@
YAML
    while IFS='|' read -r attribute text; do
        sed "s|@V@|$attribute|" "$WORLD/refused/compose.yaml" >"$WORLD/refused/one.yaml"
        run orch_in "$WORLD/refused" -f one.yaml up
        echo "$attribute: exit $status: $output"
        [ "$status" -eq 3 ]
        [[ $output == *one.yaml:* && $output == *"$text"* ]]
    done <<'EOT'
{ external: true }|external and does not exist
{ driver_opts: { type: nfs, device: ":/x", o: addr=1.2.3.4 } }|type none
{ driver_opts: { type: tmpfs, device: tmpfs } }|'tmpfs'
{ driver_opts: { type: none, device: /no/such, o: bind } }|No such file
{ driver_opts: { type: none, device: /srv, o: "bind,uid=0" } }|option 'uid=0'
{ driver_opts: { type: none, device: /srv, o: ro } }|must contain bind
{ driver: nfs }|local
EOT
}
