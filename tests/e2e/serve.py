"""A server that is handed its sockets: accepts, answers, closes; ends gracefully on SIGTERM.
SIGUSR1: accepts nothing more and says so in /told/resting, so that it can be killed idle."""
import os
import select
import signal
import socket

assert int(os.environ["LISTEN_PID"]) == os.getpid()
assert os.environ["LISTEN_FDS"] == "2" and os.environ["LISTEN_FDNAMES"] == "plain:81"
assert os.environ["INHERITED"] == "3;4;"
sockets = [socket.socket(fileno=3), socket.socket(fileno=4)]
assert all(os.get_blocking(s.fileno()) for s in sockets)
flags = {"end": False, "rest": False}
signal.signal(signal.SIGTERM, lambda *_: flags.update(end=True))
signal.signal(signal.SIGUSR1, lambda *_: flags.update(rest=True))
wake_read, wake_write = os.pipe()
os.set_blocking(wake_write, False)
signal.set_wakeup_fd(wake_write)
for s in sockets:
    s.setblocking(False)
print("serves", flush=True)
while not flags["end"]:
    ready, _, _ = select.select([wake_read] if flags["rest"] else [wake_read, *sockets], [], [])
    if wake_read in ready:
        os.read(wake_read, 64)
        if flags["rest"]:
            with open("/told/resting", "w", encoding="ascii") as out:
                out.write(str(os.getpid()))
        continue
    for s in ready:
        try:
            connection, _ = s.accept()
        except BlockingIOError:
            continue
        connection.setblocking(True)
        connection.recv(16)
        connection.sendall(b"answer\n")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(16)
        connection.close()
