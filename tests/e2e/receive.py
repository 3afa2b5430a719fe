"""receive.py PATH: every datagram that comes to a socket, a line each, until it is killed."""
import os
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    print(receiver.recv(65536).decode())
