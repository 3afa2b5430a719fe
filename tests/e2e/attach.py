"""attach.py IPAM_ORCH PROJECT MODE: `attach` as a person at a terminal has it."""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios

program, project, mode = sys.argv[1:]
seen = b""


def begin(*arguments: str) -> tuple[int, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.kill(os.getpid(), signal.SIGSTOP)  # until the terminal has its size
        os.execv(program, [program, "attach", *arguments])
    os.waitpid(pid, os.WUNTRACED)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    os.kill(pid, signal.SIGCONT)
    return pid, terminal


def until(terminal: int, text: bytes) -> None:
    global seen
    while text not in seen:
        seen += os.read(terminal, 4096)
    seen = seen[seen.index(text) + len(text) :]


def is_raw(terminal: int) -> bool:
    return termios.tcgetattr(terminal)[3] & termios.ICANON == 0


def ends(pid: int, status: int) -> None:
    _, how = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(how) == status, how


signal.alarm(60)
if mode == "shell":
    pid, terminal = begin("shell")
    while not is_raw(terminal):  # it has the service then
        os.sched_yield()
    os.write(terminal, b"echo $((40 + 2)); stty size\n")
    until(terminal, b"42\r\n33 111\r\n")
    until(terminal, b"ready> ")  # a prompt is no line
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
    os.write(terminal, b"while [ \"$(stty size)\" != '20 70' ]; do :; done; echo resi''zed\n")
    until(terminal, b"resized\r\n")
    # a key of the terminal is the service's: it interrupts what the shell runs
    os.write(terminal, b'sh -c "echo be\'\'gun; exec sleep 1000"\n')  # of a shell itself a key may be lost
    until(terminal, b"begun\r\n")
    os.write(terminal, b"\x03")
    until(terminal, b"ready> ")
    os.write(terminal, b"\x10")  # the first of two keys is held back
    os.write(terminal, b"\x11")
    ends(pid, 0)
elif mode == "keys":
    pid, terminal = begin("--detach-keys", "ctrl-],x", "shell")
    while not is_raw(terminal):
        os.sched_yield()
    os.write(terminal, b"echo \x10\x11ab\b\x15echo an''other\n")
    until(terminal, b"another\r\n")
    os.write(terminal, b"\x1dx")
    ends(pid, 0)
elif mode == "end":
    pid, terminal = begin("shell")
    while not is_raw(terminal):
        os.sched_yield()
    os.write(terminal, b"exit 9\n")
    ends(pid, 9)
    assert not is_raw(terminal)
print("ok")
