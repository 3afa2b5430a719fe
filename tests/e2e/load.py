#!/usr/bin/env python3
"""Requests without a pause until SIGTERM, and what became of each, as one line of JSON.

load.py URL... : half of the clients keep their connection, the others open one for each request.
A connection that the server has closed while nothing was asked is no failure of a request: the
request is sent again, once, on a new one (RFC 9112, 9.3.1); how often is told.  Everything else
that is not a 200 is a failure: refused or broken connections, other answers, short ones."""

import http.client
import json
import signal
import ssl
import sys
import threading
import time
import urllib.parse

CLIENTS = 4
over = threading.Event()
lock = threading.Lock()
told = {"requests": 0, "failed": 0, "reconnects": 0, "longest_s": 0.0, "failures": []}


def connect(url):
    if url.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(url.hostname, url.port, timeout=60, context=context)
    return http.client.HTTPConnection(url.hostname, url.port, timeout=60)


def ask(connection, url):
    connection.request("GET", url.path or "/")
    answer = connection.getresponse()
    answer.read()
    return answer


def one(connection, url):
    """the connection to go on with, and how often it had to be made anew"""
    used = connection is not None
    try:
        connection = connection or connect(url)
        answer = ask(connection, url)
        again = 0
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
        if not used:
            raise
        connection.close()
        connection = connect(url)
        answer = ask(connection, url)
        again = 1
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    if answer.will_close:
        connection.close()
        connection = None
    return connection, again


def client(keeps, urls):
    connections = {}
    count = 0
    while not over.is_set():
        url = urls[count % len(urls)]
        count += 1
        began = time.monotonic()
        failure, again = None, 0
        try:
            connection, again = one(connections.pop(url.netloc, None), url)
            if keeps and connection:
                connections[url.netloc] = connection
            elif connection:
                connection.close()
        except Exception as e:  # whatever it is, the request failed
            failure = f"{time.time():.3f} {url.path} {type(e).__name__}: {e}"
        with lock:
            told["requests"] += 1
            told["reconnects"] += again
            told["longest_s"] = max(told["longest_s"], round(time.monotonic() - began, 3))
            if failure:
                told["failed"] += 1
                told["failures"] = (told["failures"] + [failure])[:20]


def main():
    urls = [urllib.parse.urlsplit(u) for u in sys.argv[1:]]
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threads = [threading.Thread(target=client, args=(n % 2 == 0, urls)) for n in range(CLIENTS)]
    for t in threads:
        t.start()
    while not over.is_set():
        over.wait(0.2)
        with lock:
            print(told["requests"], file=sys.stderr, flush=True)
    for t in threads:
        t.join()
    print(json.dumps(told), flush=True)


main()
