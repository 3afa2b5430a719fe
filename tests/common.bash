# What the shell tests of several rooms need: waiting, and what the kernel says of limits.
# shellcheck shell=bash

# wait_until SECONDS COMMAND...: polls; the deadline is the only thing that depends on time
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "gave up waiting for: $*" >&2
            return 1
        fi
        sleep 0.05
    done
}

# where cgroup2 is mounted, which beside version 1 is one level further down
unified_tree() {
    findmnt -nro TARGET -t cgroup2 | head -n 1
}

# kernel_file PID CONTROLLER V1-FILE V2-FILE: the content, from whichever hierarchy has it
kernel_file() {
    local path
    path=$(sed -n "s/^[0-9]*:\(.*,\)\?$2\(,.*\)\?:\(.*\)/\3/p" "/proc/$1/cgroup")
    if [ -n "$path" ] && [ -e "/sys/fs/cgroup/$2$path/$3" ]; then
        cat "/sys/fs/cgroup/$2$path/$3"
    else
        path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
        cat "$(unified_tree)$path/$4"
    fi
}
