import itertools
from typing import Callable, Iterator

import httpx
import pytest
from support import ADMIN_PASSWORD, Backend, MariaDB, RedisServer, accepted

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A server whose schema went up, down and up again, so that both directions are tried."""
    server = MariaDB()
    try:
        server.migrate("up")
        server.migrate("down")
        assert server.query("SHOW TABLES") == []
        server.migrate("up")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def backend(mariadb: MariaDB, redis_server: RedisServer) -> Iterator[Backend]:
    server = Backend(mariadb, redis_server, workers=2)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def admin(backend: Backend) -> Iterator[httpx.Client]:
    with backend.session("admin", ADMIN_PASSWORD) as client:
        yield client


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Makes names that no other test uses."""
    return lambda: f"test-{next(_numbers)}"


@pytest.fixture
def new_user(admin: httpx.Client) -> Iterator[Callable[..., dict]]:
    """Creates accounts that are deleted after the test."""
    created = []

    def create(username: str, role: str = "viewer", **fields) -> dict:
        body = {"username": username, "password": password_of(username), "role": role, **fields}
        user = accepted(admin.post("/users", json=body))
        created.append(user["id"])
        return user

    yield create
    for user_id in created:
        admin.delete(f"/users/{user_id}")


@pytest.fixture
def new_session(backend: Backend, new_user) -> Iterator[Callable[[str, str], httpx.Client]]:
    """Logs a new account of the given role in."""
    clients = []

    def create(username: str, role: str) -> httpx.Client:
        new_user(username, role)
        clients.append(backend.session(username, password_of(username)))
        return clients[-1]

    yield create
    for client in clients:
        client.close()


@pytest.fixture
def vrf(admin: httpx.Client, new_name) -> dict:
    return accepted(admin.post("/vrfs", json={"name": new_name()}))


@pytest.fixture
def new_subnet(admin: httpx.Client, vrf: dict) -> Callable[..., dict]:
    def create(cidr: str, **fields) -> dict:
        body = {"vrf_id": vrf["id"], "cidr": cidr, **fields}
        return accepted(admin.post("/subnets", json=body))

    return create


def password_of(username: str) -> str:
    return f"password-{username}"
