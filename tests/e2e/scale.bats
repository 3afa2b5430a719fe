#!/usr/bin/env bats
# Two hundred services at once, in twenty networks, with five hundred published ports: they all run,
# and `down` leaves nothing of them.

load world
load scale

setup_file() {
    world_open
    mkdir "$PROJECT"
    scale_project 200 20 500 >"$PROJECT/compose.yaml"
    snapshot >"$WORLD/before"
}

teardown_file() { world_close; }

teardown() { explain_failure; }

@test "up starts them all, in their networks, with their limits and ports" {
    run orch --progress quiet up
    echo "$output"
    [ "$status" -eq 0 ]
    run orch ps --format json
    [ "$(jq '[.services[] | select(.state == "up")] | length' <<<"$output")" -eq 200 ]
    [ "$(in_net ip -o link show type bridge | wc -l)" -eq 20 ]
    [ "$(in_net ip -o link show type veth | wc -l)" -eq 400 ]
    [ "$(in_net ss -Hltn | awk '{ print $4 }' | grep -c '^0.0.0.0:2[0-9]*$')" -eq 0 ] # bound, and nobody listens
    [ "$(in_net nft -j list map inet "ipam-orch-$(world_tag)-scale" any4_port | jq '[.nftables[].map.elem[]?] | length')" -eq 500 ]
    [ "$(kernel_file "$(ps_field s199 pid)" memory memory.limit_in_bytes memory.max)" -eq 67108864 ]
}

@test "the last of the published ports answers" {
    wait_until 20 in_net curl -sf -o /dev/null --max-time 2 http://127.0.0.1:20499/
    run ! in_net curl -sf -o /dev/null --max-time 2 http://127.0.0.1:20000/
}

@test "down leaves no process, cgroup, interface, mount, packet rule, socket or record" {
    run orch --progress quiet down
    echo "$output"
    [ "$status" -eq 0 ]
    snapshot >"$WORLD/after"
    diff "$WORLD/before" "$WORLD/after"
    run ls "$WORLD"/run/instances "$WORLD"/run/networks "$WORLD"/state/manager/projects
    echo "$output"
    run ! grep -e scale -e s199 <<<"$output"
}
