#!/usr/bin/env python3
"""dying.py SOCKET LOCK: a process that takes long to die: it listens at SOCKET as a broker does, holds LOCK and so
much memory that the kernel needs a while after SIGKILL before socket and lock are free.  Prints a line when ready."""

import fcntl
import mmap
import os
import signal
import socket
import sys

MEMORY = 2 << 30
PAGE = 4096

path, lock_path = sys.argv[1:]
lock = open(lock_path, "w")
fcntl.flock(lock, fcntl.LOCK_EX)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if os.path.lexists(path):
    os.unlink(path)
listener.bind(path)
listener.listen(16)
# many small pages: each is given back by itself
memory = mmap.mmap(-1, MEMORY)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for at in range(0, MEMORY, PAGE):
    memory[at] = 1
print("ready", flush=True)
signal.pause()
