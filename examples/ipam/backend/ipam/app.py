"""Assembly of the application: routes, middleware, answers to errors."""

import logging

import pymysql
import redis
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from . import logs
from .bootstrap import FirstAdmin
from .config import Settings
from .errors import ApiError, unavailable
from .middleware import RequestContext
from .routes import addresses, auth, overview, subnets, system, users, vrfs
from .services import Services

logger = logging.getLogger("ipam")


def create_app(settings: Settings) -> FastAPI:
    logs.configure()
    services = Services(settings)
    first_admin = FirstAdmin(services)

    app = FastAPI(
        title="IPAM",
        description="IP address management: VRFs, subnets, addresses.",
        version=settings.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.add_middleware(RequestContext)
    for module in (auth, users, vrfs, subnets, addresses, overview):
        app.include_router(module.router, prefix="/api")
    app.include_router(system.router)

    app.add_exception_handler(ApiError, _answer_api_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(pymysql.err.Error, _answer_database_error)
    app.add_exception_handler(redis.RedisError, _answer_cache_error)
    app.add_exception_handler(Exception, _answer_unexpected_error)
    app.add_event_handler("startup", first_admin.start)
    app.add_event_handler("shutdown", first_admin.stop)
    app.add_event_handler("shutdown", services.close)
    return app


async def _answer_api_error(request: Request, error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), error.status, error.headers)


async def _answer_http_error(request: Request, error: HTTPException) -> JSONResponse:
    body = {"code": f"http_{error.status_code}", "message": str(error.detail), "params": {}}
    return JSONResponse({"detail": body}, error.status_code, error.headers)


async def _answer_database_error(request: Request, error: pymysql.err.Error) -> JSONResponse:
    if not isinstance(error, (pymysql.err.OperationalError, pymysql.err.InterfaceError)):
        return await _answer_unexpected_error(request, error)
    logger.error("database error", extra={"fields": {"error": str(error)}})
    answer = unavailable("database_unavailable", "The database does not answer.")
    return await _answer_api_error(request, answer)


async def _answer_cache_error(request: Request, error: redis.RedisError) -> JSONResponse:
    logger.error("cache error", extra={"fields": {"error": str(error)}})
    answer = unavailable("cache_unavailable", "The session store does not answer.")
    return await _answer_api_error(request, answer)


async def _answer_unexpected_error(request: Request, error: Exception) -> JSONResponse:
    logger.error("unexpected error", exc_info=error)
    body = {"code": "internal_error", "message": "Something went wrong here.", "params": {}}
    return JSONResponse({"detail": body}, 500)
