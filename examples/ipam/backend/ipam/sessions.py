"""Logging in and out. A token is only as good as its session in Redis."""

import secrets
from dataclasses import dataclass

from . import accounts, audit, metrics
from .cache import Cache
from .database import Database, Transaction
from .errors import too_many_requests, unauthorized
from .security import Token, TokenSigner, hash_password, needs_rehash, verify_password

# One client may try several names, as many people behind one address do.
NAMES_PER_CLIENT = 5


@dataclass(frozen=True)
class AttemptLimit:
    attempts: int
    window_seconds: int


class Sessions:
    def __init__(self, database: Database, cache: Cache, signer: TokenSigner, limit: AttemptLimit):
        self._database = database
        self._cache = cache
        self._signer = signer
        self._limit = limit

    @property
    def lifetime_seconds(self) -> int:
        return self._signer.lifetime_seconds

    def login(self, client: str, username: str, password: str) -> tuple[str, dict]:
        """Return an access token and its user."""
        pair = f"pair:{client}:{username.casefold()}"
        self._limit_attempts(f"client:{client}", self._limit.attempts * NAMES_PER_CLIENT)
        self._limit_attempts(pair, self._limit.attempts)

        user = self._database.run(accounts.by_name, username)
        accepted = verify_password(user["password_hash"] if user else None, password)
        if not accepted or not user["active"]:
            metrics.LOGINS.labels("refused").inc()
            self._database.run(_record_refusal, username, client)
            raise unauthorized("bad_credentials", "The user name or the password is wrong.")

        new_hash = hash_password(password) if needs_rehash(user["password_hash"]) else None
        self._database.run(_record_login, user, client, new_hash)
        token = Token(user_id=user["id"], session_id=secrets.token_urlsafe(18))
        self._cache.open_session(token.session_id, user["id"], self.lifetime_seconds)
        self._cache.forget_attempts(pair)
        metrics.LOGINS.labels("accepted").inc()
        return self._signer.sign(token), user

    def resolve(self, text: str) -> tuple[Token, dict]:
        """The token and the user behind it, as they are now, not as they were at login."""
        token = self._signer.read(text)
        if self._cache.session_user(token.session_id) != token.user_id:
            raise unauthorized("session_ended", "The session has ended. Log in again.")
        user = self._database.run(accounts.by_id, token.user_id)
        if user is None or not user["active"]:
            raise unauthorized("session_ended", "The account is no longer active.")
        return token, user

    def logout(self, session_id: str, user_id: int, username: str) -> None:
        self._cache.close_session(session_id, user_id)
        self._database.run(
            audit.record, username, "auth.logout", audit.Subject("user", user_id, username)
        )

    def end_all(self, user_id: int, keep: str | None = None) -> None:
        self._cache.close_sessions(user_id, keep)

    def _limit_attempts(self, name: str, allowed: int) -> None:
        count, remaining = self._cache.count_attempt(name, self._limit.window_seconds)
        if count > allowed:
            metrics.LOGINS.labels("limited").inc()
            raise too_many_requests(remaining)


def _record_login(tx: Transaction, user: dict, client: str, new_hash: str | None) -> None:
    tx.execute(
        "UPDATE users SET last_login_at = UTC_TIMESTAMP(6), password_hash = %s WHERE id = %s",
        (new_hash or user["password_hash"], user["id"]),
    )
    subject = audit.Subject("user", user["id"], user["username"])
    audit.record(tx, user["username"], "auth.login", subject, client=client)


def _record_refusal(tx: Transaction, username: str, client: str) -> None:
    subject = audit.Subject("user", None, username)
    audit.record(tx, username, "auth.login_failed", subject, client=client)
