"""Redis: sessions, attempt counters and values that are expensive to compute."""

import json
import secrets
from typing import Any, Callable

import redis

from . import metrics
from .config import Settings

PREFIX = "ipam:"
GENERATION_KEY = f"{PREFIX}generation"
VALUE_TTL_SECONDS = 60
SOCKET_TIMEOUT_SECONDS = 2


class Cache:
    def __init__(self, settings: Settings):
        self._redis = redis.Redis(
            host=settings.redis_host,
            port=settings.redis_port,
            username=settings.redis_user,
            password=settings.redis_password,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
            health_check_interval=15,
            decode_responses=True,
        )

    def close(self) -> None:
        self._redis.close()

    def ping(self) -> None:
        self._redis.ping()

    def remember(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return the cached JSON value, or compute and cache it.

        The value is filed under the generation read *before* it is computed. A
        change that commits meanwhile moves readers to a new generation, so a
        value computed from older data can be stored but is never found again.
        """
        key = f"{PREFIX}value:{name}:{self._generation()}"
        stored = self._redis.get(key)
        if stored is not None:
            metrics.CACHE_LOOKUPS.labels("hit").inc()
            return json.loads(stored)
        metrics.CACHE_LOOKUPS.labels("miss").inc()
        value = compute()
        self._redis.set(key, json.dumps(value), ex=VALUE_TTL_SECONDS)
        return value

    def invalidate(self) -> None:
        self._redis.set(GENERATION_KEY, secrets.token_hex(8))

    def _generation(self) -> str:
        generation = self._redis.get(GENERATION_KEY)
        if generation is None:
            self._redis.set(GENERATION_KEY, secrets.token_hex(8), nx=True)
            generation = self._redis.get(GENERATION_KEY)
        return generation

    def open_session(self, session_id: str, user_id: int, seconds: int) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.set(_session_key(session_id), user_id, ex=seconds)
            pipeline.sadd(_user_sessions_key(user_id), session_id)
            pipeline.expire(_user_sessions_key(user_id), seconds)
            pipeline.execute()

    def session_user(self, session_id: str) -> int | None:
        user_id = self._redis.get(_session_key(session_id))
        return None if user_id is None else int(user_id)

    def close_session(self, session_id: str, user_id: int) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.delete(_session_key(session_id))
            pipeline.srem(_user_sessions_key(user_id), session_id)
            pipeline.execute()

    def close_sessions(self, user_id: int, keep: str | None = None) -> None:
        """End every session of a user, except the one named by `keep`."""
        for session_id in self._redis.smembers(_user_sessions_key(user_id)):
            if session_id != keep:
                self.close_session(session_id, user_id)

    def count_attempt(self, name: str, window_seconds: int) -> tuple[int, int]:
        """Count one attempt; return how many this window saw and its remaining seconds."""
        key = f"{PREFIX}attempts:{name}"
        with self._redis.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, window_seconds, nx=True)
            pipeline.ttl(key)
            count, _, remaining = pipeline.execute()
        return count, max(1, remaining)

    def forget_attempts(self, name: str) -> None:
        self._redis.delete(f"{PREFIX}attempts:{name}")


def _session_key(session_id: str) -> str:
    return f"{PREFIX}session:{session_id}"


def _user_sessions_key(user_id: int) -> str:
    return f"{PREFIX}user-sessions:{user_id}"
