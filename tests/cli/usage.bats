#!/usr/bin/env bats
# What the command line says about itself and about wrong use.

load command

@test "version prints name and version, also as JSON" {
    run orch version
    [ "$status" -eq 0 ]
    [ "$output" = "ipam-orch $(cat "$IPAM_ORCH_SOURCE/VERSION")" ]
    run orch version --format json
    [ "$(jq -r .version <<<"$output")" = "$(cat "$IPAM_ORCH_SOURCE/VERSION")" ]
    run orch --version
    [ "$output" = "ipam-orch $(cat "$IPAM_ORCH_SOURCE/VERSION")" ]
}

@test "help lists every verb, and each verb explains itself" {
    local verb
    run orch help
    [ "$status" -eq 0 ]
    for verb in init up down start stop restart ps logs config export version help; do
        grep -q "^  $verb  *[a-z]" <<<"$output"
        run -0 orch help "$verb"
        [[ $output == *"ipam-orch $verb"* ]]
        run -0 orch help
    done
}

@test "the manual page has every verb and every exit status" {
    local word page=$IPAM_ORCH_SOURCE/docs/man/ipam-orch.1.scd
    for word in $(orch help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
        echo "$word"
        grep -q "\*$word\*" "$page"
    done
    for word in $(orch help codes | sed -n 's/^ *\([0-9][0-9]*\)  .*/\1/p'); do
        echo "$word"
        grep -q "^|.* $word\$" "$page"
    done
}

@test "no verb: the overview and exit 2" {
    run orch
    [ "$status" -eq 2 ]
    [[ $output == *"Usage: ipam-orch"* ]]
}

@test "an unknown verb: exit 2 and the nearest one" {
    fails 2 "unknown verb 'strat'" "did you mean 'start'?" "next: ipam-orch help" -- strat
    # another name of a verb; two letters in the wrong order are nearer than one too many
    fails 2 "unknown verb 'stauts'" "did you mean 'status'?" -- stauts
}

@test "a word near to nothing gets no suggestion" {
    fails 2 "unknown verb 'qqqqqqqq'" -- qqqqqqqq
    [[ $stderr != *"did you mean"* ]]
}

@test "an unknown option or a wrong value of one: exit 2" {
    fails 2 --no-such -- up --no-such
    fails 2 "unknown format 'xml'" -- --format xml ps
    fails 2 "unknown mode 'magic'" -- --mode magic up
    fails 2 "--tail" -- logs --tail many
    fails 2 "unknown level 'loud'" -- logs --level loud
    fails 2 "--previous" -- logs --previous -f
}

@test "without a manager ps, top and logs say what to do, down has nothing to do" {
    compose 'services: {web: {image: nginx:1.22}}'
    fails 14 "the manager is not running" "next: ipam-orch up" -- ps
    fails 14 "the manager is not running" "next: ipam-orch up" -- top
    fails 14 "the manager is not running" "next: ipam-orch up" -- daemon status
    fails 14 "the manager is not running" "next: ipam-orch up" -- daemon reexec
    fails 14 "the manager is not running" "next: ipam-orch up" -- daemon stop
    fails 2 "'start' is none of its words" "next: ipam-orch daemon status" -- daemon start
    fails 2 "daemon what?" "status, reexec, stop" -- daemon
    fails 2 "no such service: 'wed', did you mean 'web'?" "next: ipam-orch config --services" -- logs wed
    run orch down
    [ "$status" -eq 0 ]
    [[ $output == *"nothing to do"* ]]
}

@test "up without being root: exit 13 and sudo" {
    compose 'services: {web: {image: nginx:1.22}}'
    if [ "$(id -u)" -eq 0 ]; then
        # the program is copied: another user may not reach the checkout
        local place
        place=$(mktemp -d)
        chmod 755 "$place"
        cp "$IPAM_ORCH_BUILD/ipam-orch" "$place/"
        run env -C / setpriv --reuid=65534 --regid=65534 --clear-groups "$place/ipam-orch" up
        rm -r "$place"
    else
        run orch up
    fi
    [ "$status" -eq 13 ]
    [[ $output == *"next: sudo ipam-orch up"* ]]
}

@test "schedule, lock, volumes, clean: a word that is none is told with those that are" {
    fails 2 "'later' is none of: ls, run NAME" "next: ipam-orch schedule ls" -- schedule later
    fails 2 "which schedule, exactly one, to run?" -- schedule run
    fails 2 "'open' is none of: status, acquire, release" "next: ipam-orch lock status" -- lock open
    fails 2 "'x' is none of: ls, trash, restore NAME" "next: ipam-orch volumes ls" -- volumes x
    fails 2 "which volume, exactly one, to restore?" -- volumes restore
    fails 2 "--keep needs a number" -- clean --keep some
    fails 2 "'../x' is no project name" -- -p ../x lock status
    fails 2 "'never' is no time" -- -p x audit --since never
    fails 2 "'some' is no number of lines" -- -p x audit -n some
}

@test "what is not for people is not offered to them" {
    run -0 orch help
    [[ $output != *errand* && $output != *recover* ]]
    fails 2 "for the supervisor only" -- errand
}
