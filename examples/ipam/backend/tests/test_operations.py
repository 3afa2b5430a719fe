"""What operators rely on: health, metrics, logs, configuration, behaviour in an outage."""

import json
import subprocess
from typing import Iterator

import httpx
import jwt
import pytest
import redis
from ipam.config import ConfigurationError, Settings
from support import (
    ADMIN_PASSWORD,
    BACKEND,
    DB_NAME,
    REDIS_PASSWORD,
    Backend,
    MariaDB,
    RedisServer,
    refusal,
)


JWT_SECRET_IN_FILE = "a-signing-key-that-comes-from-a-file"


JWT_SECRET_PREVIOUS = "the-signing-key-before-the-present-one"


@pytest.fixture(scope="module")
def single(mariadb, redis_server, tmp_path_factory) -> Iterator[Backend]:
    """A backend of one process, as the project runs it, with a secret in a file."""
    secret = tmp_path_factory.mktemp("secrets") / "jwt"
    secret.write_text(JWT_SECRET_IN_FILE + "\n")
    server = Backend(
        mariadb,
        redis_server,
        IPAM_JWT_SECRET="",
        IPAM_JWT_SECRET_FILE=str(secret),
        IPAM_JWT_SECRET_PREVIOUS=JWT_SECRET_PREVIOUS,
    )
    yield server
    server.stop()


def test_health_reports_both_dependencies(backend: Backend):
    body = httpx.get(f"{backend.url}/api/health").json()
    assert body["status"] == "ok" and body["version"] == "test"
    assert {name: check["ok"] for name, check in body["checks"].items()} == {
        "database": True,
        "cache": True,
    }


def test_metrics_count_requests_by_route(backend: Backend, admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24")
    # Two worker processes count for themselves: ask until both have been seen.
    text = ""
    for _ in range(10):
        admin.get(f"/subnets/{subnet['id']}")
        text += httpx.get(f"{backend.url}/metrics").text
    assert 'ipam_http_requests_total{method="GET",route="/api/subnets/{subnet_id}"' in text
    assert "ipam_inventory_up 1.0" in text and "ipam_subnet_utilisation_ratio" in text
    assert f"/api/subnets/{subnet['id']}" not in text


def test_openapi_and_its_page_describe_the_api(backend: Backend):
    document = httpx.get(f"{backend.url}/api/openapi.json").json()
    assert "/api/subnets/{subnet_id}/allocate" in document["paths"]
    page = httpx.get(f"{backend.url}/api/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "/api/subnets/{subnet_id}/allocate" in page.text and "<script" not in page.text


def test_an_unknown_path_is_answered_in_the_shape_of_all_errors(backend: Backend):
    assert refusal(httpx.get(f"{backend.url}/api/nothing")) == (404, "http_404")


def test_every_log_line_is_json_and_carries_the_request_id(single: Backend):
    request_id = "request-id-of-a-test"
    response = httpx.get(f"{single.url}/api/vrfs", headers={"X-Request-ID": request_id})
    assert response.headers["X-Request-ID"] == request_id
    entries = [json.loads(line) for line in single.log_lines()]
    [entry] = [entry for entry in entries if entry["request_id"] == request_id]
    assert (entry["path"], entry["status"]) == ("/api/vrfs", 401)


def test_a_request_id_that_could_forge_log_entries_is_replaced(backend: Backend):
    response = httpx.get(f"{backend.url}/api/vrfs", headers={"X-Request-ID": 'a"b'})
    assert response.headers["X-Request-ID"] != 'a"b'


SMALLEST_ENVIRONMENT = {
    "IPAM_DB_NAME": "x",
    "IPAM_DB_USER": "x",
    "IPAM_DB_PASSWORD": "x",
    "IPAM_REDIS_PASSWORD": "x",
    "IPAM_JWT_SECRET": "x" * 32,
    "IPAM_ADMIN_PASSWORD": "x" * 10,
}


@pytest.mark.parametrize("name", SMALLEST_ENVIRONMENT)
def test_a_missing_setting_is_named(name):
    with pytest.raises(ConfigurationError, match=f"{name} .*required"):
        Settings.from_environment({**SMALLEST_ENVIRONMENT, name: ""})


def test_a_configuration_error_is_one_line_and_no_traceback():
    result = subprocess.run(
        ["/usr/bin/python3", "-m", "uvicorn", "ipam.main:app"],
        env={"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=BACKEND,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("ipam: ") and "is required" in line


@pytest.mark.parametrize(
    "name, value",
    [
        ("IPAM_JWT_SECRET", "too short"),
        ("IPAM_ADMIN_PASSWORD", "too short"),
        ("IPAM_DB_PORT", "0"),
        ("IPAM_REDIS_PORT", "http"),
        ("IPAM_DB_PASSWORD_FILE", "/nonexistent"),
    ],
)
def test_a_bad_setting_is_named(name, value):
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_environment({**SMALLEST_ENVIRONMENT, name: value})


def test_a_secret_may_come_from_a_file(single: Backend):
    token = single.login("admin", ADMIN_PASSWORD).json()["access_token"]
    assert jwt.decode(token, JWT_SECRET_IN_FILE, algorithms=["HS256"], issuer="ipam")


def test_a_token_of_the_key_before_is_accepted_and_one_of_another_key_is_not(single: Backend):
    token = single.login("admin", ADMIN_PASSWORD).json()["access_token"]
    claims = jwt.decode(token, JWT_SECRET_IN_FILE, algorithms=["HS256"], issuer="ipam")
    for key, status in ((JWT_SECRET_PREVIOUS, 200), ("a-key-that-nobody-has-told-the-backend", 401)):
        resigned = jwt.encode(claims, key, algorithm="HS256")
        headers = {"Authorization": f"Bearer {resigned}"}
        assert httpx.get(f"{single.url}/api/vrfs", headers=headers).status_code == status


def test_without_redis_the_application_is_degraded_and_says_so(mariadb: MariaDB):
    cache = RedisServer()
    server = Backend(mariadb, cache)
    try:
        with server.session("admin", ADMIN_PASSWORD) as client:
            cache.stop()
            health = httpx.get(f"{server.url}/api/health")
            assert health.status_code == 503 and health.json()["status"] == "degraded"
            checks = health.json()["checks"]
            assert checks["database"]["ok"] and not checks["cache"]["ok"]
            assert refusal(client.get("/subnets")) == (503, "cache_unavailable")
            assert httpx.get(f"{server.url}/metrics").status_code == 200
    finally:
        server.stop()


def test_a_lost_database_connection_is_replaced(backend: Backend, admin, mariadb: MariaDB):
    assert admin.get("/vrfs").status_code == 200
    for (connection,) in mariadb.query(
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()",
        (DB_NAME,),
    ):
        mariadb.query(f"KILL {connection}")
    answers = [admin.get("/vrfs").status_code for _ in range(50)]
    assert set(answers) <= {200, 503} and answers[-1] == 200


def test_redis_lets_the_application_reach_its_own_keys_only(redis_server: RedisServer):
    client = redis_server.client("ipam")
    assert client.set("ipam:probe", "1", ex=5)
    for refused in (
        lambda: client.get("other"),
        lambda: client.flushall(),
        lambda: client.keys("*"),
        lambda: client.config_get("requirepass"),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            refused()


def test_redis_denies_dangerous_commands_even_to_the_default_user(redis_server: RedisServer):
    client = redis_server.client()
    assert client.config_get("protected-mode") == {"protected-mode": "yes"}
    for refused in (client.flushall, client.shutdown, lambda: client.config_set("dir", "/tmp")):
        with pytest.raises(redis.exceptions.NoPermissionError):
            refused()


def test_redis_answers_nobody_without_the_password(redis_server: RedisServer):
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=redis_server.port).ping()
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGPASS"):
        redis_server.client(password=REDIS_PASSWORD + "x").ping()
