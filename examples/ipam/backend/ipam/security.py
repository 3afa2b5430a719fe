"""Password hashes (Argon2id) and signed access tokens (JWT)."""

import threading
import time
from dataclasses import dataclass

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

from .errors import bad_request, unauthorized

PASSWORD_MIN_LENGTH = 10
PASSWORD_MAX_LENGTH = 256
TOKEN_ALGORITHM = "HS256"
TOKEN_ISSUER = "ipam"

HASH_MEMORY_KIB = 19 * 1024
HASH_CONCURRENCY = 4

_hasher = PasswordHasher(time_cost=2, memory_cost=HASH_MEMORY_KIB, parallelism=1)
# Every hash takes its memory: bound how much a burst of logins can claim.
_hashing = threading.BoundedSemaphore(HASH_CONCURRENCY)


def check_password_strength(password: str) -> None:
    if not PASSWORD_MIN_LENGTH <= len(password) <= PASSWORD_MAX_LENGTH:
        raise bad_request(
            "weak_password",
            f"A password needs {PASSWORD_MIN_LENGTH} to {PASSWORD_MAX_LENGTH} characters.",
            min=PASSWORD_MIN_LENGTH,
            max=PASSWORD_MAX_LENGTH,
        )


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


# Verified in place of the missing hash of an unknown user, so that the time of
# the answer does not tell which names exist.
_NOBODY_HASH = hash_password("no account has this password")


def verify_password(password_hash: str | None, password: str) -> bool:
    try:
        with _hashing:
            _hasher.verify(password_hash or _NOBODY_HASH, password)
    except (VerificationError, InvalidHash):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


@dataclass(frozen=True)
class Token:
    user_id: int
    session_id: str


class TokenSigner:
    """Signs with one key; reads what that one or the key before it has signed."""

    def __init__(self, secret: str, lifetime_seconds: int, previous: str = ""):
        self._secret = secret
        self._previous = previous
        self.lifetime_seconds = lifetime_seconds

    def sign(self, token: Token) -> str:
        now = int(time.time())
        claims = {
            "iss": TOKEN_ISSUER,
            "sub": str(token.user_id),
            "jti": token.session_id,
            "iat": now,
            "exp": now + self.lifetime_seconds,
        }
        return jwt.encode(claims, self._secret, algorithm=TOKEN_ALGORITHM)

    def _claims(self, text: str, key: str) -> dict:
        return jwt.decode(
            text,
            key,
            algorithms=[TOKEN_ALGORITHM],
            issuer=TOKEN_ISSUER,
            options={"require": ["exp", "iat", "sub", "jti"]},
        )

    def read(self, text: str) -> Token:
        try:
            try:
                claims = self._claims(text, self._secret)
            except jwt.InvalidSignatureError:
                if not self._previous:
                    raise
                claims = self._claims(text, self._previous)
            return Token(user_id=int(claims["sub"]), session_id=str(claims["jti"]))
        except (jwt.InvalidTokenError, ValueError):
            raise unauthorized("bad_token", "The access token is not valid.") from None
