"""User accounts: who may log in, and as what."""


from . import audit
from .database import DuplicateKey, Transaction
from .errors import bad_request, conflict, not_found
from .schemas import NewUser, UserChange
from .security import check_password_strength, hash_password, verify_password

COLUMNS = (
    "id, username, password_hash, role, active, must_change_password, created_at, last_login_at"
)


def _subject(user: dict) -> audit.Subject:
    return audit.Subject("user", user["id"], user["username"])


def by_name(tx: Transaction, username: str) -> dict | None:
    return tx.one(f"SELECT {COLUMNS} FROM users WHERE username = %s", (username,))


def by_id(tx: Transaction, user_id: int) -> dict | None:
    return tx.one(f"SELECT {COLUMNS} FROM users WHERE id = %s", (user_id,))


def require(tx: Transaction, user_id: int) -> dict:
    user = by_id(tx, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


def all_users(tx: Transaction) -> list[dict]:
    return tx.all(f"SELECT {COLUMNS} FROM users ORDER BY username")


def create(tx: Transaction, actor: str, new: NewUser) -> dict:
    password = new.password.get_secret_value()
    check_password_strength(password)
    try:
        user_id = tx.insert(
            "INSERT INTO users (username, password_hash, role, must_change_password)"
            " VALUES (%s, %s, %s, %s)",
            (new.username, hash_password(password), new.role.value, new.must_change_password),
        )
    except DuplicateKey:
        raise conflict(
            "username_taken", f"The user name {new.username} is taken.", username=new.username
        ) from None
    user = require(tx, user_id)
    audit.record(tx, actor, "user.create", _subject(user), role=user["role"])
    return user


def change(tx: Transaction, actor: str, user_id: int, wanted: UserChange) -> dict:
    admins = _lock_active_admins(tx)
    before = require(tx, user_id)
    values = wanted.given()
    password = values.pop("password", None)
    if "role" in values:
        values["role"] = wanted.role.value
    after = {**before, **values}
    if admins == {user_id} and not (after["active"] and after["role"] == "admin"):
        raise _last_admin(before)
    if password is not None:
        check_password_strength(password.get_secret_value())
        after["password_hash"] = hash_password(password.get_secret_value())
    tx.execute(
        "UPDATE users SET role = %s, active = %s, must_change_password = %s, password_hash = %s"
        " WHERE id = %s",
        (
            after["role"],
            after["active"],
            after["must_change_password"],
            after["password_hash"],
            user_id,
        ),
    )
    audit.record(
        tx,
        actor,
        "user.update",
        _subject(before),
        changed=audit.difference(before, values),
        password_reset=password is not None,
    )
    return after


def delete(tx: Transaction, actor: str, user_id: int) -> None:
    admins = _lock_active_admins(tx)
    user = require(tx, user_id)
    if admins == {user_id}:
        raise _last_admin(user)
    tx.execute("DELETE FROM users WHERE id = %s", (user_id,))
    audit.record(tx, actor, "user.delete", _subject(user), role=user["role"])


def change_own_password(tx: Transaction, user_id: int, current: str, new: str) -> None:
    user = require(tx, user_id)
    if not verify_password(user["password_hash"], current):
        raise bad_request("bad_credentials", "The current password is not correct.")
    check_password_strength(new)
    tx.execute(
        "UPDATE users SET password_hash = %s, must_change_password = FALSE WHERE id = %s",
        (hash_password(new), user_id),
    )
    audit.record(tx, user["username"], "user.password", _subject(user))


def create_first_admin(tx: Transaction, username: str, password_hash: str) -> bool:
    """Create the account if there is none at all; several processes may try at once.

    All of them insert the same name, so the unique key lets only one succeed.
    """
    try:
        created = tx.execute(
            "INSERT INTO users (username, password_hash, role)"
            " SELECT %s, %s, 'admin' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM users)",
            (username, password_hash),
        )
    except DuplicateKey:
        return False
    if created:
        user = by_name(tx, username)
        audit.record(tx, audit.SYSTEM_USERNAME, "user.create", _subject(user), role="admin")
    return bool(created)


def _lock_active_admins(tx: Transaction) -> set[int]:
    """Serialise everything that could take away the last administrator."""
    rows = tx.all("SELECT id FROM users WHERE role = 'admin' AND active FOR UPDATE")
    return {row["id"] for row in rows}


def _last_admin(user: dict):
    return conflict(
        "last_admin",
        f"{user['username']} is the last active administrator.",
        username=user["username"],
    )
