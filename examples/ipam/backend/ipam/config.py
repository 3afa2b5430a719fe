"""Settings from the environment; a secret NAME may also come from the file NAME_FILE."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

from .security import PASSWORD_MIN_LENGTH

JWT_SECRET_MIN_LENGTH = 32


class ConfigurationError(Exception):
    """The environment does not describe a working configuration."""


class _Environment:
    def __init__(self, values: Mapping[str, str]):
        self._values = values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name) or default
        if value is None:
            raise ConfigurationError(f"the environment variable {name} is required")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ConfigurationError(f"{name} must be a number from {low} to {high}")
        return int(value)

    def secret(self, name: str, min_length: int = 1) -> str:
        value = self._secret_text(name)
        if len(value) < min_length:
            raise ConfigurationError(f"{name} must have at least {min_length} characters")
        return value

    def optional_secret(self, name: str) -> str:
        given = self._values.get(name) or self._values.get(f"{name}_FILE")
        return self._secret_text(name) if given else ""

    def _secret_text(self, name: str) -> str:
        path = self._values.get(f"{name}_FILE")
        if not path:
            if not self._values.get(name):
                raise ConfigurationError(
                    f"the environment variable {name} or {name}_FILE is required"
                )
            return self._values[name]
        try:
            value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{name}_FILE cannot be read: {error}") from error
        if not value:
            raise ConfigurationError(f"{name}_FILE names an empty file: {path}")
        return value


@dataclass(frozen=True)
class Settings:
    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str = field(repr=False)
    db_pool_size: int
    redis_host: str
    redis_port: int
    redis_user: str
    redis_password: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    # Tokens that were signed with the key before this one stay valid; "" if there was none.
    jwt_secret_previous: str = field(repr=False)
    admin_user: str
    admin_password: str = field(repr=False)
    session_seconds: int
    login_attempts: int
    login_window_seconds: int
    version: str

    @classmethod
    def from_environment(cls, values: Mapping[str, str] = os.environ) -> "Settings":
        env = _Environment(values)
        return cls(
            db_host=env.text("IPAM_DB_HOST", "mysql"),
            db_port=env.number("IPAM_DB_PORT", 3306, 1, 65535),
            db_name=env.text("IPAM_DB_NAME"),
            db_user=env.text("IPAM_DB_USER"),
            db_password=env.secret("IPAM_DB_PASSWORD"),
            db_pool_size=env.number("IPAM_DB_POOL_SIZE", 10, 1, 200),
            redis_host=env.text("IPAM_REDIS_HOST", "redis"),
            redis_port=env.number("IPAM_REDIS_PORT", 6379, 1, 65535),
            redis_user=env.text("IPAM_REDIS_USER", "default"),
            redis_password=env.secret("IPAM_REDIS_PASSWORD"),
            jwt_secret=env.secret("IPAM_JWT_SECRET", JWT_SECRET_MIN_LENGTH),
            jwt_secret_previous=env.optional_secret("IPAM_JWT_SECRET_PREVIOUS"),
            admin_user=env.text("IPAM_ADMIN_USER", "admin"),
            admin_password=env.secret("IPAM_ADMIN_PASSWORD", PASSWORD_MIN_LENGTH),
            session_seconds=env.number("IPAM_SESSION_SECONDS", 8 * 3600, 60, 30 * 86400),
            login_attempts=env.number("IPAM_LOGIN_ATTEMPTS", 10, 1, 10000),
            login_window_seconds=env.number("IPAM_LOGIN_WINDOW_SECONDS", 60, 1, 86400),
            version=env.text("IPAM_VERSION", "development"),
        )
