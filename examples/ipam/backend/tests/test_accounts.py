"""Login, roles, sessions, rate limit, administration of accounts."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest
from conftest import password_of
from support import ADMIN_PASSWORD, Backend, MariaDB, accepted, refusal


def test_wrong_password_and_unknown_user_get_the_same_answer(backend: Backend):
    wrong = backend.login("admin", "not the password", client="192.0.2.10")
    unknown = backend.login("nobody-here", "not the password", client="192.0.2.10")
    assert refusal(wrong) == refusal(unknown) == (401, "bad_credentials")
    assert wrong.json() == unknown.json()


def test_login_answers_with_a_token_and_the_user(backend: Backend):
    body = accepted(backend.login("admin", ADMIN_PASSWORD))
    assert body["token_type"] == "bearer" and body["expires_in"] > 0
    assert body["user"]["username"] == "admin" and body["user"]["role"] == "admin"
    assert not body["user"]["must_change_password"]


def test_several_workers_create_one_first_administrator(backend: Backend, mariadb: MariaDB):
    created = mariadb.query(
        "SELECT object FROM audit_log WHERE username = 'system' AND action = 'user.create'"
    )
    assert created == [("admin",)]


def test_passwords_are_stored_as_argon2id_hashes(backend: Backend, mariadb: MariaDB):
    hashes = [row[0] for row in mariadb.query("SELECT password_hash FROM users")]
    assert hashes and all(value.startswith("$argon2id$") for value in hashes)


def test_no_password_reaches_the_log(backend: Backend):
    backend.login("admin", "a-wrong-password-to-look-for", client="192.0.2.11")
    text = "\n".join(backend.log_lines())
    assert "a-wrong-password-to-look-for" not in text and ADMIN_PASSWORD not in text


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer not-a-token"}])
def test_nothing_is_readable_without_a_token(backend: Backend, header: dict):
    for path in ("vrfs", "subnets", "search?q=a", "dashboard", "audit", "users", "auth/me"):
        response = httpx.get(f"{backend.url}/api/{path}", headers=header)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_signed_with_another_key_is_refused(backend: Backend, admin: httpx.Client):
    genuine = admin.headers["Authorization"].split()[1]
    claims = jwt.decode(genuine, options={"verify_signature": False})
    for forged in (
        jwt.encode(claims, "another key of a sufficient length!!", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ):
        response = httpx.get(
            f"{backend.url}/api/auth/me", headers={"Authorization": f"Bearer {forged}"}
        )
        assert refusal(response) == (401, "bad_token")


def test_logout_ends_the_session_at_once(backend: Backend):
    with backend.session("admin", ADMIN_PASSWORD) as client:
        assert client.get("/auth/me").status_code == 200
        assert client.post("/auth/logout").status_code == 204
        assert refusal(client.get("/auth/me")) == (401, "session_ended")


def test_roles_bound_what_a_user_may_do(new_session, new_subnet, new_name):
    subnet = new_subnet("10.0.0.0/24")
    viewer, operator = new_session("vera", "viewer"), new_session("otto", "operator")
    writes = [
        ("POST", "/vrfs", {"name": new_name()}),
        ("POST", f"/subnets/{subnet['id']}/allocate", {}),
        ("PATCH", f"/subnets/{subnet['id']}", {"description": "changed"}),
    ]
    for method, path, body in writes:
        assert refusal(viewer.request(method, path, json=body)) == (403, "forbidden"), path
        assert operator.request(method, path, json=body).is_success, path
    for client in (viewer, operator):
        assert refusal(client.get("/users")) == (403, "forbidden")
        assert client.get("/subnets").status_code == 200
    assert refusal(operator.delete(f"/subnets/{subnet['id']}?force=true")) == (403, "forbidden")


def test_a_changed_role_counts_for_sessions_that_are_open(admin, new_session):
    client = new_session("rolf", "operator")
    user_id = client.get("/auth/me").json()["id"]
    accepted(admin.patch(f"/users/{user_id}", json={"role": "viewer"}))
    assert refusal(client.post("/vrfs", json={"name": "never"})) == (403, "forbidden")


@pytest.mark.parametrize("change", [{"active": False}, {"password": "another-password"}])
def test_deactivation_and_new_password_end_open_sessions(admin, new_session, change):
    client = new_session("dora", "viewer")
    user_id = client.get("/auth/me").json()["id"]
    accepted(admin.patch(f"/users/{user_id}", json=change))
    assert refusal(client.get("/auth/me")) == (401, "session_ended")


def test_changing_ones_password_keeps_this_session_and_ends_the_others(backend, new_user):
    new_user("paul")
    old, new = password_of("paul"), "a-better-password"
    with backend.session("paul", old) as here, backend.session("paul", old) as elsewhere:
        weak = here.post("/auth/password", json={"current": old, "new": "short"})
        wrong = here.post("/auth/password", json={"current": "wrong", "new": new})
        assert refusal(weak) == (400, "weak_password")
        assert refusal(wrong) == (400, "bad_credentials")
        changed = here.post("/auth/password", json={"current": old, "new": new})
        assert changed.status_code == 204
        assert here.get("/auth/me").status_code == 200
        assert elsewhere.get("/auth/me").status_code == 401
    assert backend.login("paul", old).status_code == 401
    assert backend.login("paul", new).status_code == 200


def test_a_user_who_must_change_the_password_can_do_nothing_else(backend, new_user):
    new_user("mara", "operator", must_change_password=True)
    with backend.session("mara", password_of("mara")) as client:
        assert client.get("/auth/me").json()["must_change_password"]
        assert refusal(client.get("/subnets")) == (403, "password_change_required")
        body = {"current": password_of("mara"), "new": "a-password-of-her-own"}
        assert client.post("/auth/password", json=body).status_code == 204
        assert client.get("/subnets").status_code == 200


def test_login_attempts_are_limited_per_client_and_name(backend: Backend, new_user):
    new_user("lena")
    answers = [backend.login("lena", "wrong", client="192.0.2.20") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert refusal(answers[-1]) == (429, "rate_limited")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60

    right = password_of("lena")
    assert backend.login("LENA", right, client="192.0.2.20").status_code == 429
    assert backend.login("lena", right, client="192.0.2.21").status_code == 200


def test_a_user_name_is_taken_whatever_its_case(admin, new_user):
    new_user("uta")
    body = {"username": "UTA", "password": "long-enough-password", "role": "viewer"}
    assert refusal(admin.post("/users", json=body)) == (409, "username_taken")


def test_a_short_password_is_refused_for_a_new_user(admin):
    body = {"username": "kurt", "password": "too-short", "role": "viewer"}
    assert refusal(admin.post("/users", json=body)) == (400, "weak_password")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda client, key: client.patch(f"/users/{key}", json={"role": "operator"}),
        lambda client, key: client.patch(f"/users/{key}", json={"active": False}),
        lambda client, key: client.delete(f"/users/{key}"),
    ],
    ids=["demote", "deactivate", "delete"],
)
def test_the_last_administrator_stays(admin, attempt):
    me = admin.get("/auth/me").json()
    assert refusal(attempt(admin, me["id"])) == (409, "last_admin")


def test_of_administrators_who_all_resign_at_once_one_stays(admin, new_session, mariadb):
    clients = [admin, *(new_session(f"chief-{number}", "admin") for number in range(3))]
    paths = [f"/users/{client.get('/auth/me').json()['id']}" for client in clients]

    def resign(client: httpx.Client, path: str) -> int:
        return client.patch(path, json={"role": "viewer"}).status_code

    try:
        with ThreadPoolExecutor(len(clients)) as pool:
            answers = list(pool.map(resign, clients, paths))
    finally:
        mariadb.query("UPDATE users SET role = 'admin' WHERE username = 'admin'")
    assert sorted(answers) == [200, 200, 200, 409]
