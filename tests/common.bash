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

# loop_disk FILE: a block device of 16 MiB with the scheduler bfq, which no test shares, in $DISK; as
# the kernel numbers it in $DISK_NUMBER
loop_disk() {
    truncate -s 16M "$1"
    DISK=$(losetup -f --show "$1") || skip "no loop device can be made here"
    DISK_NUMBER=$(stat -c '%Hr:%Lr' "$DISK")
    export DISK DISK_NUMBER
    echo bfq >"/sys/block/${DISK#/dev/}/queue/scheduler"
}

# loop_close FILE: in teardown_file; also when there is none
loop_close() {
    losetup -nO NAME -j "$1" | xargs -r -n 1 losetup -d
}

# has_line TEXT: in what is on stdin
has_line() {
    grep -qxF -- "$1"
}

# disk_limits PID: what the kernel says of block devices, a line for each file or device
disk_limits() {
    local file
    for file in throttle.read_bps_device throttle.write_bps_device throttle.read_iops_device throttle.write_iops_device \
        bfq.weight_device bfq.weight; do
        kernel_file "$1" blkio "blkio.$file" io.max 2>/dev/null | sed "s/^/$file /"
    done
    kernel_file "$1" blkio - io.bfq.weight 2>/dev/null || true
}
