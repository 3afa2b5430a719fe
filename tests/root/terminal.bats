#!/usr/bin/env bats
# An instance with a terminal: what the program has, and that nothing it writes there is lost.

load broker

setup_file() { broker_open; }
teardown_file() { broker_close; }

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 8 "$HOUSE/broker.log"
}

is_asleep() {
    [[ $(status_of "$1" State) == S* ]]
}

# in write(2), the system call 1 of x86-64
is_writing() {
    grep -q '^1 ' "/proc/$1/syscall"
}

has_only_child() {
    [ "$(cat "/proc/$1/task/$1/children")" = "$2 " ]
}

@test "the program has one terminal as stdin, stdout, stderr and console, and it is its controlling one" {
    finished t.tty.1.1 '{"tty":true,"env":["LANG=C"]}' /usr/bin/python3 -c 'import os, sys
me = os.stat("/dev/pts/0")
print("pipes", [n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}") and int(n) > 2])
print("same", {os.fstat(fd).st_rdev for fd in (0, 1, 2)} == {os.stat("/dev/console").st_rdev} == {me.st_rdev})
print("owner", me.st_uid, me.st_gid, oct(me.st_mode & 0o777))
print("size", *os.get_terminal_size(0))
print("leads", os.getsid(0) == os.getpid() == os.tcgetpgrp(0))
print("TERM", os.environ["TERM"])
for path in ("/dev/console", "/dev/tty"):
    os.write(os.open(path, os.O_RDWR), b"by path\n")'
    grep -q $'^same True\r$' <<<"$output"
    grep -q $'^owner 65534 65534 0o620\r$' <<<"$output"
    grep -q $'^size 80 24\r$' <<<"$output"
    grep -q $'^leads True\r$' <<<"$output"
    grep -q $'^TERM xterm\r$' <<<"$output"
    [ "$(grep -c $'^by path\r$' <<<"$output")" -eq 2 ]
    grep -q $'^pipes \[\]\r$' <<<"$output"
    # TERM is the author's if there is one
    finished t.tty.1.2 '{"tty":true,"env":["TERM=dumb"]}' /usr/bin/printenv TERM
    grep -q $'^dumb\r$' <<<"$output"
}

@test "without it there is no terminal, no console and no TERM" {
    finished t.none.1.1 '{"tty":false}' /bin/sh -c 'tty; test -e /dev/console || echo "no console"; printenv TERM || echo "no TERM"'
    grep -q '^not a tty$' <<<"$output"
    grep -q '^no console$' <<<"$output"
    grep -q '^no TERM$' <<<"$output"
}

@test "all of it arrives, whatever the bytes, also what was written last" {
    local id=t.all.1.1 sum='import hashlib, sys
text = sys.stdin.buffer.read()
print(len(text), hashlib.sha256(text).hexdigest())'
    started "$id" '{"tty":true}' /usr/bin/python3 -c 'import os, random, termios, tty
tty.setraw(1)
text = bytes(range(256)) * 64 + b"x" * (1 << 20) + random.Random(7).randbytes(3 << 20)
while text:
    text = text[os.write(1, text):]
os.kill(os.getpid(), 9)'
    output=$(drive drain "$id" out | python3 -c "$sum")
    echo "$output"
    [ "$output" = "$(python3 -c 'import random, sys
sys.stdout.buffer.write(bytes(range(256)) * 64 + b"x" * (1 << 20) + random.Random(7).randbytes(3 << 20))' | python3 -c "$sum")" ]
    ended "$id"
    [ "$(jq -r .signal <<<"$output")" = 9 ]
}

@test "a pipe that is full stops the program and not its init: signals and children are its own" {
    local id=t.full.1.1 init
    started "$id" '{"tty":true}' /usr/bin/python3 -c 'import os, signal, subprocess
def told(*_):
    open("/tmp/told", "w")
signal.signal(signal.SIGUSR1, told)
subprocess.Popen(["/bin/sh", "-c", "(sleep 0; touch /tmp/orphan) &"])
signal.siginterrupt(signal.SIGUSR1, False)
n = 0
while n < 150000:
    n += 1
    text = b"line %d\n" % n
    while text:  # a signal may come between two bytes
        text = text[os.write(1, text):]'
    init=$(status_of "$PID" PPid)
    # nobody reads: a pipe and a terminal full, then it waits in write(2)
    wait_until 20 is_writing "$PID"
    wait_until 20 test -e "/proc/$PID/root/tmp/orphan"
    wait_until 20 has_only_child "$init" "$PID"
    drive request signal "{\"id\":\"$id\",\"signo\":10}"
    wait_until 20 test -e "/proc/$PID/root/tmp/told"
    drive drain "$id" out | tr -d '\r' | cmp - <(seq -f 'line %.0f' 150000)
    ended "$id"
    [ "$(jq -r .code <<<"$output")" = 0 ]
}

@test "a program that leaves its terminal and comes back finds it, and init sleeps meanwhile" {
    local id=t.away.1.1 init before
    started "$id" '{"tty":true}' /usr/bin/python3 -c 'import fcntl, os, signal, termios
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("here", flush=True)
fcntl.ioctl(0, termios.TIOCNOTTY)
for fd in (0, 1, 2):
    os.close(fd)
open("/tmp/away", "w")
signal.sigwait({signal.SIGTERM})
os.write(os.open("/dev/pts/0", os.O_RDWR | os.O_NOCTTY), b"back\n")'
    init=$(status_of "$PID" PPid)
    wait_until 20 test -e "/proc/$PID/root/tmp/away"
    wait_until 20 is_asleep "$init"
    before=$(status_of "$init" voluntary_ctxt_switches)
    wait_until 20 is_asleep "$PID"
    [ $(($(status_of "$init" voluntary_ctxt_switches) - before)) -le 2 ]
    drive request signal "{\"id\":\"$id\",\"signo\":15}"
    run drive drain "$id" out
    echo "$output"
    grep -q '^here' <<<"$output"
    ended "$id"
}

@test "characters cannot be put into the terminal (TIOCSTI), whose own it may be" {
    finished t.push.1.1 '{"tty":true}' /usr/bin/python3 -c 'import fcntl, termios
try:
    fcntl.ioctl(0, termios.TIOCSTI, b"x")
    print("pushed")
except OSError as e:
    print("refused", e.errno)'
    grep -q $'^refused 1\r$' <<<"$output"
}

@test "a broker that is killed takes no line and no terminal along" {
    # more than a pipe holds: it cannot end while nobody reads
    local id=t.kill.1.1
    started "$id" '{"tty":true}' /usr/bin/seq -f 'line %.0f' 200000
    broker_kill KILL
    broker_start
    drive drain "$id" out | tr -d '\r' | cmp - <(seq -f 'line %.0f' 200000)
    ended "$id"
    [ "$(jq -r .code <<<"$output")" = 0 ]
}

@test "what it reads: one end of a pipe or of its terminal for who asks, nothing where it reads nothing, also after the broker was killed" {
    started t.reads.1.1 '{"stdin_open":true}' /bin/cat
    started t.reads.2.1 '{"tty":true}' /bin/cat
    started t.reads.3.1 '{}' /bin/sleep 100
    [ "$(drive input t.reads.1.1 hello)" = "fifo hello" ]
    run drive lines t.reads.1.1 out 1
    [ "$output" = hello ]
    broker_kill
    broker_start
    [ "$(drive input t.reads.1.1 again)" = "fifo again" ]
    run drive lines t.reads.1.1 out 1
    [ "$output" = again ]
    [ "$(drive input t.reads.2.1 typed)" = "terminal typed" ]
    run drive lines t.reads.2.1 out 2
    [ "$output" = $'typed\r\ntyped\r' ]
    run drive request input '{"id":"t.reads.3.1"}'
    [[ $output == *"neither an open stdin nor a terminal"* ]]
    run drive request input '{"id":"t.reads.9.1"}'
    [[ $output == *"there is no instance"* ]]
    run drive request input '{"id":"t.reads.1.1","more":1}'
    [[ $output == *error* ]]
    drive request kill '{"id":"t.reads.1.1"}'
    drive wait t.reads.1.1
    run drive request input '{"id":"t.reads.1.1"}'
    [[ $output == *"has ended"* ]]
}
