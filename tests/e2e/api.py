"""Client of the IPAM application for the end-to-end tests; standard library only.

api.py allocate CIDR HOSTNAME   creates the subnet if needed, prints the address it got
api.py race CIDR N              N allocations at once, then until the subnet is full; prints JSON
api.py find TEXT                prints "ADDRESS HOSTNAME" lines
api.py utilisation CIDR         prints a number from 0 to 1
"""

import concurrent.futures
import http.client
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

DEADLINE_SECONDS = 60
TOO_MANY_REQUESTS = 429


class Refused(Exception):
    def __init__(self, status: int, body: dict):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Api:
    def __init__(self, url: str, user: str, password: str):
        self._host = urllib.parse.urlsplit(url).netloc
        # a test certificate is signed by nobody
        self._tls = ssl._create_unverified_context()
        self._token = None
        login = {"username": user, "password": password}
        self._token = self.ask("POST", "/auth/login", login)["access_token"]

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, timeout=30, context=self._tls)

    def ask(self, method: str, path: str, body: dict | None = None, connection=None):
        """The answer as JSON. Waits when told that it asks too often."""
        connection = connection or self.connect()
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            text = None if body is None else json.dumps(body)
            connection.request(method, "/api" + path, text, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != TOO_MANY_REQUESTS or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status >= 400:
            raise Refused(answer.status, json.loads(content or b"{}"))
        return json.loads(content) if content else None

    def subnet(self, cidr: str) -> dict:
        for subnet in self.ask("GET", "/subnets"):
            if subnet["cidr"] == cidr:
                return subnet
        vrf = self.ask("GET", "/vrfs")[0]
        return self.ask("POST", "/subnets", {"vrf_id": vrf["id"], "cidr": cidr})


def race(api: Api, cidr: str, n: int) -> dict:
    """All clients stand at the line before the first one asks."""
    path = f"/subnets/{api.subnet(cidr)['id']}/allocate"
    line = threading.Barrier(n)

    def allocate(number: int) -> str:
        connection = api.connect()
        connection.connect()
        line.wait(timeout=30)
        return api.ask("POST", path, {"hostname": f"racer-{number}"}, connection)["address"]

    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        raced = list(pool.map(allocate, range(n)))
    later = []
    connection = api.connect()
    try:
        while True:
            later.append(api.ask("POST", path, {}, connection)["address"])
    except Refused as refused:
        return {
            "raced": raced,
            "later": later,
            "status": refused.status,
            "detail": refused.body.get("detail"),
        }


def main() -> None:
    api = Api(os.environ["IPAM_URL"], os.environ["IPAM_USER"], os.environ["IPAM_PASSWORD"])
    match sys.argv[1:]:
        case ["allocate", cidr, hostname]:
            subnet = api.subnet(cidr)
            answer = api.ask("POST", f"/subnets/{subnet['id']}/allocate", {"hostname": hostname})
            print(answer["address"])
        case ["race", cidr, n]:
            print(json.dumps(race(api, cidr, int(n))))
        case ["find", text]:
            query = urllib.parse.quote(text, safe="")
            for address in api.ask("GET", f"/search?q={query}")["addresses"]:
                print(address["address"], address["hostname"])
        case ["utilisation", cidr]:
            print(api.subnet(cidr)["utilisation"])
        case _:
            sys.exit(__doc__)


main()
