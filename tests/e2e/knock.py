"""knock.py ADDRESS PORT STOP: connects again and again, four at a time, until the file STOP is
there and 2,000 connections have been answered; prints how each of them ended."""
import collections
import os
import socket
import sys
import threading

address, port, stop = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ends = collections.Counter()
lock = threading.Lock()


def knock():
    try:
        with socket.create_connection((address, port), 60) as s:
            s.sendall(b"knock\n")
            said = b""
            while piece := s.recv(64):
                said += piece
            return "answered" if said == b"answer\n" else "cut off"
    except OSError as why:
        return type(why).__name__


def client():
    while not (os.path.exists(stop) and ends["answered"] >= 2000):
        end = knock()
        with lock:
            ends[end] += 1


threads = [threading.Thread(target=client) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(*sorted(f"{end}={n}" for end, n in ends.items()), sep="\n")
