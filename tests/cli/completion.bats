# What bash offers after a word, from packaging/completions.
load command

# offers TEXT WORD...: among what is offered for the last word
offers() {
    local wanted=$1
    shift
    PATH=$IPAM_ORCH_BUILD:$PATH
    # shellcheck source=packaging/completions/ipam-orch.bash
    . "$IPAM_ORCH_SOURCE/packaging/completions/ipam-orch.bash"
    COMP_WORDS=(ipam-orch "$@")
    COMP_CWORD=$#
    _ipam_orch
    echo "offered: ${COMPREPLY[*]}"
    [[ " ${COMPREPLY[*]} " == *" $wanted "* ]]
}

@test "verbs, options of a verb, services, attributes" {
    compose 'services: {web: {image: a}, worker: {image: b}}'
    offers config co
    offers restart re
    offers --no-interpolate config --no-i
    offers --project-name --proj
    offers web restart we
    offers web top we
    offers worker -f compose.yaml logs wo
    offers services.ports config --explain services.po
    offers compose export c
    offers set limits s
    offers history schedule h
    offers acquire lock a
    offers restore volumes re
    offers worker limits set wo
    offers rotate secrets ro
    cat >.env.prod <<<'TOKEN=1'
    compose 'services: {web: {image: a, secrets: [t]}, worker: {image: b}}
secrets: {t: {environment: TOKEN}}'
    offers TOKEN secrets rotate TO
    run offers web config --no
    [ "$status" -ne 0 ]
}
