"""terminal.py IPAM_ORCH PROJECT: `exec` as a person at a terminal sees it."""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios

program, project = sys.argv[1:]
MANY = 5000
SCRIPT = 'tty >/dev/null; test -t 0 -a -t 1 -a -t 2 && echo "three terminals $(stty size) $TERM"; read line; echo "got $line"; stty size; read line'


def size(rows: int, columns: int) -> bytes:
    return struct.pack("HHHH", rows, columns, 0, 0)


pid, terminal = pty.fork()
if pid == 0:
    os.chdir(project)
    os.kill(os.getpid(), signal.SIGSTOP)  # until the terminal has its size
    os.execv(program, [program, "exec", "web", "sh", "-c", SCRIPT])

os.waitpid(pid, os.WUNTRACED)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, size(33, 111))
before = termios.tcgetattr(terminal)
os.kill(pid, signal.SIGCONT)
seen = b""


def until(text: bytes) -> None:
    global seen
    while text not in seen:
        seen += os.read(terminal, 4096)


signal.alarm(30)
until(b"three terminals 33 111 xterm\r\n")
assert termios.tcgetattr(terminal)[3] & termios.ICANON == 0, "the caller's terminal is not raw"
fcntl.ioctl(terminal, termios.TIOCSWINSZ, size(20, 70))
os.write(terminal, b"hello\n")
until(b"got hello\r\n")
until(b"20 70")
os.write(terminal, b"\x03")  # the command's terminal makes a signal of it
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT, status
assert termios.tcgetattr(terminal)[:4] == before[:4], "the caller's terminal is not as before"

# all that was written before the end arrives, also what was still on its way then
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(project)
    os.execv(program, [program, "exec", "web", "seq", str(MANY)])
seen = b""
try:
    while part := os.read(terminal, 65536):
        seen += part
except OSError:  # EIO: nobody has it open any more
    pass
assert seen.split()[-1] == str(MANY).encode(), seen[-100:]
assert len(seen.split()) == MANY
print("ok")
