# The real ipam-orch with directories of its own and no manager.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# set by make; this is for `bats FILE`
: "${IPAM_ORCH_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${IPAM_ORCH_BUILD:=$IPAM_ORCH_SOURCE/build}"
export IPAM_ORCH_SOURCE IPAM_ORCH_BUILD

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export IPAM_ORCH_RUN_DIR=$BATS_TEST_TMPDIR/run IPAM_ORCH_STATE_DIR=$BATS_TEST_TMPDIR/state
    export IPAM_ORCH_LOG_DIR=$BATS_TEST_TMPDIR/log IPAM_ORCH_DATA_DIR=$IPAM_ORCH_SOURCE
    # nor the project of a machine on which ipam-orch is at home
    export IPAM_ORCH_PROJECT_DIR=$BATS_TEST_TMPDIR/srv
    export NO_COLOR=1 LC_ALL=C.UTF-8
    unset COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_PROFILES
}

orch() {
    "$IPAM_ORCH_BUILD/ipam-orch" "$@"
}

# fails STATUS TEXT... -- ARGUMENT...: on standard error, with nothing on standard output
fails() {
    local wanted=$1 text
    local -a texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run --separate-stderr orch "$@"
    echo "exit $status, out: $output, err: $stderr"
    [ "$status" -eq "$wanted" ] && [ -z "$output" ] || return 1
    for text in "${texts[@]}"; do
        [[ $stderr == *"$text"* ]] || {
            echo "lacks: $text"
            return 1
        }
    done
}

# compose TEXT: writes compose.yaml
compose() {
    printf '%s\n' "$1" >compose.yaml
}
