# check: what it measures, what it says to do, and how it exits.
load command

setup_file() {
    export CHECK_PORT=$((20000 + RANDOM % 10000))
}

# stub NAME TEXT: a program of that name that comes before the host's
stub() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
    chmod +x "bin/$1"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# status_of ID: in the JSON answer
status_of() {
    jq -r --arg id "$1" '.checks[] | select(.id == $id) | .status' <<<"$output"
}

@test "check --list names every subject; one that there is not is refused with 2" {
    run -0 orch check --list
    [[ $output == *"docker "* ]] && [[ $output == *"port "* ]] && [[ $output == *"sysctl "* ]]
    fails 2 "'colour' is no subject of checks" -- check --skip colour
    fails 2 "'soon' is no size" -- check --min-memory soon
    fails 2 "is no list of ports" -- check --ports 80,x
}

@test "check memory, disk: measured and required are told, and what is too little fails with 4" {
    run -4 orch check --min-memory 999999m memory
    echo "$output"
    [[ $output == *"fail   memory.available"*"(required: 976 GiB)"* ]]
    run -0 orch check --min-memory 1m --min-disk 1m memory disk
    [[ $output == *"ok     memory.available"* ]]
    run -4 orch check --min-disk 999999g disk --format json
    [ "$(status_of disk.data)" = fail ]
    [ "$(jq -c '[.schema, .mode, (.checks[0] | .required != null and .measured != null and .remedy != null)]' <<<"$output")" = '[1,"native",true]' ]
}

@test "check docker: client, daemon and plugin are told apart, and only compose mode needs them" {
    stub docker 'case "$*" in *Client*) echo 28.2.2; exit 1 ;; *) exit 1 ;; esac'
    stub docker-compose 'echo 1.29.2'
    run -0 orch check docker --format json
    echo "$output"
    [ "$(status_of docker.client) $(status_of docker.daemon) $(status_of docker.compose) $(status_of docker.v1)" = "ok fail fail warn" ]
    [ "$(jq -r .mode <<<"$output")" = native ]
    run -4 orch --mode compose check docker
    [[ $output == *"fail   docker.daemon"*"cannot be reached"*"next: 1. "*"2. "* ]]
    stub docker 'case "$*" in *Client*|*Server*) echo 28.2.2 ;; *) echo 2.40.3 ;; esac'
    run -0 orch --mode compose check docker
    stub docker 'case "$*" in *Client*|*Server*) echo 19.3.1 ;; *) echo 2.40.3 ;; esac'
    run -4 orch --mode compose check docker
    [[ $output == *"docker.client"*"19.3.1"*"20 or newer"* ]]
}

@test "--mode compose without Docker: what is missing, with numbered steps, and 5" {
    compose 'services: { a: { image: a, x-native: { user: nobody, command: [/bin/true] } } }'
    stub docker 'exit 127'
    fails 5 "compose mode needs Docker: docker.client" "next: 1. " "; 2. " -- --mode compose up
}

@test "check port: who has it, by pid; a free one is free" {
    mkfifo held
    python3 -c "
import socket, sys
s = socket.create_server(('127.0.0.1', $CHECK_PORT))
print('listening', flush=True)
sys.stdin.read()" <>held >ready &
    local holder=$!
    until grep -q listening ready; do :; done
    run -4 orch check port --ports "$CHECK_PORT"
    echo "$output"
    kill "$holder"
    [[ $output == *"fail   port.$CHECK_PORT"*"port $CHECK_PORT in use by python3"*"(pid $holder"* ]]
    wait "$holder" || true
    run -0 orch check port --ports "$CHECK_PORT"
    [[ $output == *"ok     port.$CHECK_PORT"*"free"* ]]
}

@test "check package: what is missing, with one command; another version than the tag's warns" {
    # shellcheck disable=SC2016 # the variable is for compose
    compose 'services:
  absent: { image: a, x-native: { user: nobody, command: [/bin/true], packages: [no-such-package, nor-this-one] } }
  program: { image: a, x-native: { user: nobody, command: [/bin/true], programs: [/usr/bin/no-such-program], packages: [third-package] } }
  old: { image: "nginx:99.1" }
  right: { image: "nginx:${VERSION}" }'
    run -4 orch check package
    echo "$output"
    [[ $output == *"fail   package.absent"*"no-such-package is not installed"* ]]
    [[ $output == *"fail   package.program"*"/usr/bin/no-such-program is not installed"* ]]
    [[ $output == *"warn   package.old"*"(required: 99.1)"* ]]
    [[ $output == *"ok     package.right"* ]]
    [ ! -e /etc/debian_version ] ||
        [[ $output == *"next: apt-get install -y --no-install-recommends no-such-package nor-this-one third-package"* ]]
    run -4 orch check --strict package.old
    run -0 orch check package.old
}

@test "check: of the project that up would create where there is none" {
    run -0 orch check package --format json
    echo "$output"
    [ "$(jq -r .project <<<"$output")" = ipam ]
    [ "$(status_of package.mysql)" = ok ]
}

@test "check --fix and init --take-over need root" {
    [ "$(id -u)" -eq 0 ] || skip "somebody else than root is asked for"
    chmod 755 "$BATS_TEST_TMPDIR"
    run -13 setpriv --reuid nobody --regid nogroup --clear-groups "$IPAM_ORCH_BUILD/ipam-orch" check --fix sysctl
    [[ $output == *"permission denied"* ]]
    run -13 setpriv --reuid nobody --regid nogroup --clear-groups "$IPAM_ORCH_BUILD/ipam-orch" init --take-over
    [[ $output == *"permission denied"* ]]
}

@test "check package: a service that the project can do without is a warning when its program is missing" {
    compose 'services: { a: { x-native: { optional: true, user: nobody, command: [/bin/none], programs: [/bin/none] } } }'
    run -0 orch check package --format json
    echo "$output"
    [ "$(status_of package.a)" = warn ]
    [[ $(jq -r '.checks[0].remedy' <<<"$output") == *"the project runs without 'a'"* ]]
    compose 'services: { a: { x-native: { user: nobody, command: [/bin/none], programs: [/bin/none] } } }'
    run -4 orch check package
}
