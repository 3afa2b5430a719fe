#!/usr/bin/env bats
# What one instance gets, as the kernel says: namespaces, rights, root, what it cannot do.

load broker

setup_file() { broker_open; }
teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

@test "six namespaces differ from the host's and from another instance's" {
    local kind one two
    started t.one.1.1 '{}' "$GUESTS/guest_family" 0
    one=$PID
    started t.two.1.1 '{}' "$GUESTS/guest_family" 0
    two=$PID
    for kind in pid mnt ipc uts net cgroup; do
        run bash -c 'readlink "/proc/$$/ns/$1" "/proc/$2/ns/$1" "/proc/$3/ns/$1" | sort -u | wc -l' _ "$kind" "$one" "$two"
        echo "$kind: $output different"
        [ "$output" = 3 ]
    done
    # nor is the network namespace the broker's own
    [ "$(readlink "/proc/$one/ns/net")" != "$(in_net readlink /proc/self/ns/net)" ]
    # user namespaces are not used: uids inside are the host's
    [ "$(readlink "/proc/$one/ns/user")" = "$(readlink /proc/self/ns/user)" ]
}

@test "the program and its init have a filter, no new privileges, no capability and the asked-for user" {
    local pid init set
    started t.rights.1.1 '{"uid":65534,"gid":65533}' "$GUESTS/guest_family" 0
    init=$(status_of "$PID" PPid)
    [ "$(status_of "$init" NSpid | awk '{ print $NF }')" = 1 ]
    # init drops after the program has started
    wait_until 10 bash -c "grep -q '^Seccomp:.*2' /proc/$init/status"
    for pid in "$PID" "$init"; do
        grep -E '^(Name|Uid|Gid|Groups|Cap|NoNew|Seccomp)' "/proc/$pid/status"
        [ "$(status_of "$pid" Seccomp)" = 2 ]
        # its own is above that of the broker
        [ "$(status_of "$pid" Seccomp_filters)" -ge 2 ]
        [ "$(status_of "$pid" NoNewPrivs)" = 1 ]
        [ "$(status_of "$pid" Uid)" = "65534 65534 65534 65534" ]
        [ "$(status_of "$pid" Gid)" = "65533 65533 65533 65533" ]
        [ "$(status_of "$pid" Groups)" = "65533 " ]
        for set in CapInh CapPrm CapEff CapBnd CapAmb; do
            [ "$(status_of "$pid" $set)" = 0000000000000000 ]
        done
    done
}

@test "root is no user of an instance" {
    run launch t.root.1.1 '{"uid":0,"gid":0}' /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *user-id* ]]
}

@test "SIGKILL from inside does not end pid 1, and nothing outside can be seen" {
    started t.kill.1.1 '{}' "$GUESTS/guest_family" 0
    inside t.kill.1.1 /bin/sh -c 'kill -KILL 1; kill -0 1'
    inside t.kill.1.1 /bin/sh -c 'ls -d /proc/[0-9]*'
    # init, the program, and the shell with its way in
    [ "$(grep -c '^/proc/' <<<"$output")" -le 4 ]
    [ -d "/proc/$PID" ]
}

@test "a program sees its own processes alone in /proc; a command that joins sees all, the program none of it" {
    # shellcheck disable=SC2016 # the shell of the instance expands it
    local list='sleep 1000 & mkfifo /tmp/look /tmp/done; while read -r _ </tmp/look; do
        echo $(cd /proc && ls -d [0-9]*); echo >/tmp/done; done' seen program
    started t.sees.1.1 '{}' /bin/bash -c "$list"
    program=$(status_of "$PID" NSpid | awk '{ print $NF }')
    wait_until 10 test -p "/proc/$PID/root/tmp/done"
    # not even as group 0 does it see init: the mount names the group
    run awk '$5 == "/proc" { print $NF }' "/proc/$PID/mountinfo"
    [[ ,$output, == *,gid=65535,*hidepid=invisible,* ]]
    inside t.sees.1.1 /bin/sh -c 'id -Gn; ls -d /proc/[0-9]*; cat /proc/1/comm; echo >/tmp/look; read -r _ </tmp/done'
    echo "$output"
    grep -qx "nogroup ipam-watchers" <<<"$output"
    grep -qx /proc/1 <<<"$output"
    grep -qx "/proc/$program" <<<"$output"
    grep -qx ipam-init <<<"$output"
    run drive lines t.sees.1.1 out 1
    seen=" $output "
    echo "the program sees:$seen"
    [[ $seen != *" 1 "* && $seen == *" $program "* ]]
    # itself, its child, the subshell of $(...) and ls
    [ "$(wc -w <<<"$seen")" -le 4 ]
    run nsenter -t "$PID" -m -p setpriv --reuid 65533 --regid 65533 --clear-groups ls -d "/proc/1" "/proc/$program"
    [ "$status" -ne 0 ]
}

@test "the root is read-only, /tmp and /run are not, and the host's files are not there" {
    local what
    started t.files.1.1 '{}' "$GUESTS/guest_family" 0
    run awk '$5 == "/" { print $6 }' "/proc/$PID/mountinfo"
    [[ ,$output, == *,ro,* ]]
    for what in / /usr /etc /var $GUESTS; do
        run ! nsenter -t "$PID" -m touch "$what/probe"
    done
    inside t.files.1.1 /bin/sh -c 'echo x >/tmp/probe && echo x >/run/probe'
    for what in "$HOUSE" /root /home /boot /etc/shadow /sys/fs/cgroup /dev/sda /dev/mem; do
        run ! nsenter -t "$PID" -m test -e "$what"
    done
    run ! grep -qaF "$HOUSE" "/proc/$PID/environ"
}

@test "a program gets three descriptors and nothing of ours" {
    started t.fds.1.1 '{}' "$GUESTS/guest_family" 0
    run ls "/proc/$PID/fd"
    [ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 " ]
    [ "$(readlink "/proc/$PID/fd/0")" = /dev/null ]
    [[ $(readlink "/proc/$PID/fd/1") == pipe:* ]]
}

@test "environment, working directory, host name and files are the specification's" {
    printf 'the secret\n' >"$BATS_TEST_TMPDIR/secret"
    # shellcheck disable=SC2016 # the shell of the instance expands them
    run --separate-stderr drive launch '{"id":"t.spec.1.1","hostname":"named","workdir":"/tmp",
        "env":["COLOUR=blue"],"argv":["/bin/sh","-c","hostname=$(uname -n); echo $hostname $PWD $COLOUR; stat -c %u:%g:%a /run/secrets/one; cat /run/secrets/one"],
        "files":[{"target":"/run/secrets/one","uid":65534,"gid":65534,"mode":256,"fd":0}]}' "$BATS_TEST_TMPDIR/secret"
    [ "$status" -eq 0 ]
    run drive drain t.spec.1.1 out
    echo "$output"
    [ "${lines[0]}" = "named /tmp blue" ]
    [ "${lines[1]}" = 65534:65534:400 ]
    [ "${lines[2]}" = "the secret" ]
    ended t.spec.1.1
    [ "$(jq -r .code <<<"$output")" -eq 0 ]
}

@test "a program that does not exist, or a source that is not there: the stage and errno say so" {
    run --separate-stderr launch t.none.1.1 '{}' /usr/bin/no-such-program
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(jq -r 'select(.event == "exit") | .errno' <<<"$output")" -eq 2 ]
    [[ $(jq -r 'select(.event == "exit") | .stage' <<<"$output") == *executing* ]]
    drive request remove '{"id":"t.none.1.1"}'
    run --separate-stderr launch t.none.1.2 '{"mounts":[{"kind":"bind","source":"/no/such","target":"/x","read_only":true,"noexec":false,"size":0,"mode":0}]}' /bin/true
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $(jq -r .error.message <<<"$output") == *"/no/such"* ]]
}

@test "a probe of a socket runs nothing and has the rights of the service: no other root, no other user" {
    # shellcheck disable=SC2016 # python's
    started t.asked.1.1 '{}' /usr/bin/python3 -c 'if True:
        import socket, time
        s = socket.socket(socket.AF_UNIX); s.bind("/tmp/own"); s.listen(1)
        time.sleep(1000)'
    wait_until 10 test -S "/proc/$PID/root/tmp/own"
    run drive join t.asked.1.1 unix 20000000 /tmp/own
    echo "$output"
    [ "$(jq .code <<<"$output")" = 0 ]
    # the broker's own socket is not there
    run drive join t.asked.1.1 unix 20000000 "$HOUSE/run/sandbox.sock"
    echo "$output"
    [[ $output == "$HOUSE/run/sandbox.sock: No such file or directory"*'"code":1'* ]]
    chown 1:1 "/proc/$PID/root/tmp/own"
    chmod 600 "/proc/$PID/root/tmp/own"
    run drive join t.asked.1.1 unix 20000000 /tmp/own
    echo "$output"
    [[ $output == "/tmp/own: Permission denied"*'"code":1'* ]]
    # one whose queue is full ends with the deadline
    chown 65534 "/proc/$PID/root/tmp/own"
    nsenter -t "$PID" -m -r python3 -c 'if True:
        import socket, time
        while True:
            s = socket.socket(socket.AF_UNIX); s.setblocking(False)
            globals().setdefault("all", []).append(s)
            try: s.connect("/tmp/own")
            except BlockingIOError: break
        open("/tmp/full", "w").close(); time.sleep(1000)' 3>&- &
    local holder=$!
    wait_until 10 test -e "/proc/$PID/root/tmp/full"
    run drive join t.asked.1.1 unix 100000 /tmp/own
    echo "$output"
    kill "$holder"
    [ "$(jq .timed_out <<<"$output")" = true ]
    for path in relative /a/../b "/$(printf '%0107d' 0)"; do
        run drive join t.asked.1.1 unix 20000000 "$path"
        [ "$(jq .error.errno <<<"$output")" = 22 ]
    done
    run drive join t.asked.1.1 unix 0 /tmp/own
    [ "$(jq .error.errno <<<"$output")" = 22 ]
}

# has_said ID TEXT: takes one datagram
has_said() {
    [[ $(drive notes "$1") == "$2 from "* ]]
}

@test "NOTIFY_SOCKET: of the service's user, there for its programs, kept by its init for the next broker" {
    # shellcheck disable=SC2016 # python's
    started t.says.1.1 '{"notify":true,"uid":33,"gid":34,"env":["NOTIFY_SOCKET=/elsewhere"]}' /usr/bin/python3 -c 'if True:
        import os, socket, time
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect(os.environ["NOTIFY_SOCKET"]); s.send(b"READY=1"); time.sleep(1000)'
    [ "$(stat -c '%F %a %u %g' "/proc/$PID/root/run/ipam-orch/notify")" = "socket 600 33 34" ]
    wait_until 10 has_said t.says.1.1 READY=1
    broker_kill
    broker_start
    inside t.says.1.1 /usr/bin/python3 -c 'if True:
        import socket
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect("/run/ipam-orch/notify"); s.send(b"STATUS=again")'
    run drive notes t.says.1.1
    [[ $output == "STATUS=again from "* ]]
    drive request kill '{"id":"t.says.1.1"}'
    ended t.says.1.1
    # without it there is none
    started t.mute.1.1 '{}' "$GUESTS/guest_family" 0
    [ ! -e "/proc/$PID/root/run/ipam-orch/notify" ]
    run drive notes t.mute.1.1
    [ "$status" -eq 2 ]
}
