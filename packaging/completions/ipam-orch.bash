# Completion of ipam-orch(1) for bash.  Verbs and options are those of `ipam-orch help`, services those
# of the compose file, attributes those of the compose tables: nothing is listed here a second time.

_ipam_orch_words() {
    timeout 1 ipam-orch "$@" 2>/dev/null
}

_ipam_orch() {
    local word=${COMP_WORDS[COMP_CWORD]} verb='' what='' i verbs
    COMPREPLY=()
    verbs=$(_ipam_orch_words help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
    for ((i = 1; i < COMP_CWORD; i++)); do
        if grep -qx -- "${COMP_WORDS[i]}" <<<"$verbs"; then
            verb=${COMP_WORDS[i]}
            break
        fi
    done
    case $word in
        --explain=* | --file=* | --env-file=* | --project-directory=*) ;;
        -*)
            mapfile -t COMPREPLY < <(compgen -W "$(_ipam_orch_words ${verb:+"$verb"} --help |
                grep -oE -- '--[a-z-]+' | sort -u)" -- "$word")
            return
            ;;
    esac
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        -f | --file | --env-file | --project-directory | -o | --output)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --explain)
            mapfile -t COMPREPLY < <(compgen -W "$(_ipam_orch_words config --explain=markdown |
                grep -oE '^[|] .[a-z0-9_.-]+' | cut -c4-)" -- "${word#=}")
            return
            ;;
    esac
    case $verb in
        '') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
        help) mapfile -t COMPREPLY < <(compgen -W "$verbs codes" -- "$word") ;;
        restore) mapfile -t COMPREPLY < <(compgen -W "latest $(_ipam_orch_words backup ls | awk 'NR > 1 { print $1 }')" -- "$word") ;;
        backup) mapfile -t COMPREPLY < <(compgen -W "create ls show verify drill prune rm latest" -- "$word") ;;
        migrate) mapfile -t COMPREPLY < <(compgen -W 'status up down to redo baseline new' -- "$word") ;;
        maintenance) mapfile -t COMPREPLY < <(compgen -W 'on off status' -- "$word") ;;
        alert) mapfile -t COMPREPLY < <(compgen -W 'ls rules test silence' -- "$word") ;;
        cert) mapfile -t COMPREPLY < <(compgen -W 'status self-signed issue renew import' -- "$word") ;;
        schedule) mapfile -t COMPREPLY < <(compgen -W 'ls run enable disable history' -- "$word") ;;
        volumes) mapfile -t COMPREPLY < <(compgen -W 'ls trash restore rm' -- "$word") ;;
        clean | prune) ;;
        lock) mapfile -t COMPREPLY < <(compgen -W 'status acquire release' -- "$word") ;;
        audit) ;;
        secrets)
            case ${COMP_WORDS[COMP_CWORD - 1]} in
                secrets) what='generate ls set get rotate check export' ;;
                *) what=$(_ipam_orch_words "${COMP_WORDS[@]:1:i-1}" secrets ls | sed -n '2,$s/ .*//p') ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "$what" -- "$word")
            ;;
        releases | history) mapfile -t COMPREPLY < <(compgen -W 'ls show diff pin unpin rm prune' -- "$word") ;;
        apply) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        daemon) mapfile -t COMPREPLY < <(compgen -W 'status reexec stop' -- "$word") ;;
        export) mapfile -t COMPREPLY < <(compgen -W "compose filebeat" -- "$word") ;;
        *)
            [[ $verb != limits || ${COMP_WORDS[COMP_CWORD - 1]} != limits ]] || what='show set'
            mapfile -t COMPREPLY < <(compgen -W "${what:-"$(_ipam_orch_words "${COMP_WORDS[@]:1:i-1}" \
                config --services)"}" -- "$word")
            ;;
    esac
}

complete -F _ipam_orch ipam-orch
