"""Errors the API answers with, all in one shape: code, message, params."""

from http import HTTPStatus
from typing import Any, Mapping


class ApiError(Exception):
    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.params = params

    def body(self) -> dict:
        return {"detail": {"code": self.code, "message": self.message, "params": self.params}}


def bad_request(code: str, message: str, **params: Any) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, code, message, **params)


def conflict(code: str, message: str, **params: Any) -> ApiError:
    return ApiError(HTTPStatus.CONFLICT, code, message, **params)


def forbidden(code: str, message: str, **params: Any) -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, code, message, **params)


def not_found(kind: str, key: Any) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND, "not_found", f"There is no {kind} {key}.", kind=kind, key=key
    )


def unauthorized(code: str, message: str) -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, code, message, {"WWW-Authenticate": "Bearer"})


def too_many_requests(retry_after_seconds: int) -> ApiError:
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        f"Too many attempts. Try again in {retry_after_seconds} seconds.",
        {"Retry-After": str(retry_after_seconds)},
        retry_after=retry_after_seconds,
    )


def unavailable(code: str, message: str) -> ApiError:
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, code, message, {"Retry-After": "2"})
