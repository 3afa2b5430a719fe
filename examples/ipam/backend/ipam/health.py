"""Whether the application can do its work: schema and first account there, cache answering."""

import logging
import time
from typing import Callable

from .database import Transaction
from .services import Services

logger = logging.getLogger("ipam.health")


def check(services: Services) -> dict:
    checks = {
        "database": _timed("database", lambda: services.read(_require_account)),
        "cache": _timed("cache", services.cache.ping),
    }
    healthy = all(result["ok"] for result in checks.values())
    return {
        "status": "ok" if healthy else "degraded",
        "version": services.settings.version,
        "checks": checks,
    }


def _require_account(tx: Transaction) -> None:
    if tx.one("SELECT 1 FROM users LIMIT 1") is None:
        raise LookupError("no account exists yet")


def _timed(name: str, probe: Callable[[], None]) -> dict:
    started = time.perf_counter()
    try:
        probe()
        ok = True
    except Exception as error:
        # Whatever is wrong with a dependency, the answer is "not healthy".
        logger.warning(
            "health check failed", extra={"fields": {"check": name, "error": str(error)}}
        )
        ok = False
    return {"ok": ok, "ms": round((time.perf_counter() - started) * 1000, 2)}
