"""What the routes work with: one of each per process, made from the settings."""

from typing import Any, Callable, TypeVar

from . import dashboard, usage
from .cache import Cache
from .config import Settings
from .database import Database
from .security import TokenSigner
from .sessions import AttemptLimit, Sessions
from .usage import Usage

Result = TypeVar("Result")


class Services:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.database = Database(settings)
        self.cache = Cache(settings)
        self.sessions = Sessions(
            self.database,
            self.cache,
            TokenSigner(
                settings.jwt_secret, settings.session_seconds, settings.jwt_secret_previous
            ),
            AttemptLimit(settings.login_attempts, settings.login_window_seconds),
        )

    def close(self) -> None:
        self.database.close()
        self.cache.close()

    def read(self, work: Callable[..., Result], *args: Any) -> Result:
        return self.database.run(work, *args)

    def change(self, work: Callable[..., Result], *args: Any) -> Result:
        """Run a change and, once it is committed, forget the figures it may have altered."""
        result = self.database.run(work, *args)
        self.cache.invalidate()
        return result

    def usage(self) -> dict[int, Usage]:
        rows = self.cache.remember("usage", self._count_usage)
        return {key: Usage(*counts) for key, *counts in rows}

    def dashboard(self) -> dict:
        return self.cache.remember("dashboard", self._summarise)

    def _count_usage(self) -> list[list[int]]:
        counted = self.database.run(usage.count)
        return [[key, u.used, u.reserved, u.gateways] for key, u in counted.items()]

    def _summarise(self) -> dict:
        return self.database.run(dashboard.summarise, self.usage())
