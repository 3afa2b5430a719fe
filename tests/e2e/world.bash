# A world of its own for end-to-end tests: a network namespace, private run, state and log
# directories, an installed copy of the programs.  Nothing in it meets a real installation.
# shellcheck shell=bash
# Every variable below is set by world_open and exported to the tests of the file.

bats_require_minimum_version 1.5.0

# set by make; this is for `bats FILE`
: "${IPAM_ORCH_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${IPAM_ORCH_BUILD:=$IPAM_ORCH_SOURCE/build}"
export IPAM_ORCH_SOURCE IPAM_ORCH_BUILD

# shellcheck source=tests/common.bash
. "$IPAM_ORCH_SOURCE/tests/common.bash"

# world_open: in setup_file
world_open() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    WORLD=$(mktemp -d /tmp/ipam-e2e.XXXXXX)
    # the supervisor and the services are other users
    chmod 755 "$WORLD"
    NETNS=$(basename "$WORLD")
    PROJECT=$WORLD/ipam
    export WORLD NETNS PROJECT
    ip netns add "$NETNS"
    in_net ip link set lo up
    getent passwd ipam-orch >/dev/null || useradd --system --user-group --no-create-home ipam-orch
    getent passwd ipam-worker >/dev/null || useradd --system --user-group --no-create-home ipam-worker
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$IPAM_ORCH_SOURCE" B="$IPAM_ORCH_BUILD" \
        DESTDIR="$WORLD/root" PREFIX=/usr install >/dev/null
}

# world_close: in teardown_file; removes what is left even when a test failed
world_close() {
    [ -n "${WORLD:-}" ] || return 0
    local pid dir
    for dir in "$WORLD"/state/manager/projects/*/; do
        [ ! -d "$dir" ] || timeout 120 bash -c "$(declare -f orch orch_in in_net); orch -p $(basename "$dir") down" \
            >/dev/null 2>&1 || true
    done
    for pid in $(world_pids); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    wait_until 20 world_is_empty || true
    find /sys/fs/cgroup -depth -type d -path "*/ipam-orch-$(world_tag)*" -exec rmdir {} \; 2>/dev/null || true
    ip netns del "$NETNS" 2>/dev/null || true
    [ -n "${IPAM_E2E_KEEP:-}" ] || rm -rf "$WORLD"
}

reread() {
    [ "$(grep -c "policy read again" "$WORLD/log/ipam-sandboxd.log")" -gt "$1" ]
}

# policy TEXT...: the broker's policy.conf
policy() {
    local before
    before=$(grep -c "policy read again" "$WORLD/log/ipam-sandboxd.log") || true
    printf '%s\n' "$@" >"$WORLD/root/etc/ipam-orch/policy.conf"
    kill -HUP "$(daemon_pid ipam-sandboxd)"
    wait_until 10 reread "$before"
}

# in_net COMMAND...: in the network namespace of the world, with the mounts of this machine
in_net() {
    nsenter --net="/run/netns/$NETNS" "$@" 3>&-
}

# be_in_net COMMAND...: the same instead of the shell, so that $! is the command's pid
be_in_net() {
    exec nsenter --net="/run/netns/$NETNS" "$@" 3>&-
}

# orch_in DIR ARGUMENT...: ipam-orch of this world, started from DIR
orch_in() {
    local dir=$1
    shift
    in_net env -C "$dir" IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_STATE_DIR="$WORLD/state" \
        IPAM_ORCH_LOG_DIR="$WORLD/log" IPAM_ORCH_CONF_DIR="$WORLD/root/etc/ipam-orch" IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" \
        IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" IPAM_ORCH_PROJECT_DIR="$WORLD/srv" NO_COLOR=1 LC_ALL=C.UTF-8 \
        "$WORLD/root/usr/bin/ipam-orch" "$@"
}

orch() {
    orch_in "${PROJECT:-$WORLD}" "$@"
}

# copy_template [DIR]: the example as a user gets it, without configuration
copy_template() {
    cp -r "$WORLD/root/usr/share/ipam-orch/examples/ipam" "${1:-$PROJECT}"
}

# copy_project [DIR]: the same with its settings and secrets
copy_project() {
    copy_template "$@"
    orch_in "${1:-$PROJECT}" --quiet init --generate
}

# ---- tests that need what the first of their file has brought up; it makes $WORLD/is-up ----

needs_the_stack() {
    [ "$BATS_TEST_NUMBER" -eq 1 ] || [ -e "$WORLD/is-up" ] || {
        echo "the stack did not come up"
        return 1
    }
}

# why the others fail is in the output of the first
explain_of_the_stack() {
    if [ "$BATS_TEST_NUMBER" -eq 1 ] || [ -e "$WORLD/is-up" ]; then explain_failure; fi
}

# ---- what `ps` says ----

ps_json() {
    orch ps --format json || [ $? -eq 1 ]
}

# ps_field SERVICE FIELD: service, state, health, restarts, pid, memory_limit
ps_field() {
    ps_json | jq -r --arg s "$1" --arg f "$2" '.services[] | select(.service == $s) | .[$f]'
}

ps_pids() {
    ps_json | jq -r '.services[] | "\(.service) \(.pid)"' | sort
}

# is_in_state SERVICE STATE
is_in_state() {
    [ "$(ps_field "$1" state)" = "$2" ]
}

# is_healthy SERVICE [OLD_PID]: as one answer of ps, and with another process than OLD_PID
is_healthy() {
    ps_json | jq -e --arg s "$1" --arg old "${2:-0}" '.services[] | select(.service == $s)
        | .state == "up" and .health == "healthy" and (.pid | tostring) != $old' >/dev/null
}

daemon_pid() {
    local pid
    for pid in $(pgrep -x "$1"); do
        if grep -qsaF "IPAM_ORCH_RUN_DIR=$WORLD/run" "/proc/$pid/environ"; then
            echo "$pid"
        fi
    done
}

# ---- the configuration of the project ----

env_value() {
    sed -n "s/^$1=//p" "$PROJECT/.env.prod"
}

set_env() {
    sed -i "s|^$1=.*|$1=$2|" "$PROJECT/.env.prod"
}

api() {
    in_net env IPAM_URL=https://127.0.0.1 IPAM_USER="$(env_value IPAM_ADMIN_USER)" \
        IPAM_PASSWORD="$(env_value IPAM_ADMIN_PASSWORD)" \
        python3 "$IPAM_ORCH_SOURCE/tests/e2e/api.py" "$@"
}

# sql STATEMENT: asks MariaDB from inside its own instance
sql() {
    nsenter -t "$(ps_field mysql pid)" -m -n env MYSQL_PWD="$(env_value MYSQL_PASSWORD)" \
        mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -u "$(env_value MYSQL_USER)" -N -B \
        "$(env_value MYSQL_DATABASE)" -e "$1" 3>&-
}

# can_connect PID ADDRESS PORT: from the network namespace of a process
can_connect() {
    nsenter -t "$1" -n python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()' "$2" "$3" 2>/dev/null 3>&-
}

# ---- what is left behind ----

# as paths_tag() computes it: FNV-1a of the run directory
world_tag() {
    local hash=2166136261 text=$WORLD/run i
    for ((i = 0; i < ${#text}; i++)); do
        hash=$(((hash ^ $(printf '%d' "'${text:i:1}")) * 16777619 & 0xffffffff))
    done
    printf '%08x' "$hash"
}

# our daemons by their environment, instances by their cgroup
world_pids() {
    local tag dir
    tag=$(world_tag)
    for dir in /proc/[0-9]*; do
        # process 1 of some test machines is slow to take orphans away
        ! grep -qs '^State:.*Z' "$dir/status" || continue
        if grep -qsF "/ipam-orch-$tag" "$dir/cgroup" ||
            { grep -qs '^ipam-' "$dir/comm" &&
                grep -qsaF "IPAM_ORCH_RUN_DIR=$WORLD/run" "$dir/environ"; }; then
            echo "${dir#/proc/}"
        fi
    done
}

world_is_empty() {
    [ -z "$(world_pids)" ]
}

# snapshot: everything a project may leave in the kernel, as text that can be compared
snapshot() {
    local pid
    echo "processes:"
    for pid in $(world_pids); do
        echo "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
    done
    echo "cgroups:"
    find /sys/fs/cgroup -type d -path "*/ipam-orch-$(world_tag)*" 2>/dev/null | sort
    echo "interfaces:"
    in_net ip -o link | sed 's/^[0-9]*: //; s/@.*//; s/:.*//' | sort
    echo "addresses and routes:"
    in_net ip -o address | awk '{ print $2, $4 }' | sort
    in_net ip route show table all | sort
    echo "packet rules:"
    in_net nft list ruleset
    echo "listening sockets:"
    in_net ss -Hltun | awk '{ print $1, $5 }' | sort
    echo "sockets:"
    find "$WORLD/run" -type s 2>/dev/null | sort
    echo "mounts:"
    awk -v w="$WORLD" 'index($0, w) { print $5 }' /proc/self/mountinfo | sort
    echo "network namespaces:"
    find /run/netns -name "*$NETNS*" | sort
    # those that live on without a name are held by a process or a mount, which are listed above
    echo "switches:"
    in_net sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.route_localnet
}

# what a failed test needs to be understood; bats shows it with the test
explain_failure() {
    [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
    local file
    orch ps || true
    for file in "$WORLD"/log/*.log; do
        [ ! -f "$file" ] || tail -n 12 "$file" | cut -c1-200
    done
    for file in "$WORLD"/log/*/*.log; do
        [ ! -f "$file" ] || {
            echo "--- $(basename "$file")"
            tail -n 5 "$file" | jq -rj .log | cut -c1-200
        }
    done
}
