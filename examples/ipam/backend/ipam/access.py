"""Dependencies of the routes: the services, the caller, and the role a route asks for."""

from dataclasses import dataclass
from typing import Callable

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .errors import forbidden, unauthorized
from .schemas import Role
from .services import Services

# A role may do what the roles after it may do.
ROLES_BY_POWER = (Role.admin, Role.operator, Role.viewer)

_bearer = HTTPBearer(auto_error=False, description="The access token of POST /api/auth/login")


@dataclass(frozen=True)
class Actor:
    id: int
    username: str
    role: Role
    must_change_password: bool
    session_id: str


def services(request: Request) -> Services:
    return request.app.state.services


def any_actor(
    request: Request,
    app: Services = Depends(services),
    credentials: HTTPAuthorizationCredentials | None = Depends(_bearer),
) -> Actor:
    """The caller, even one who still has to change the password."""
    if credentials is None:
        raise unauthorized("not_authenticated", "Log in first.")
    token, user = app.sessions.resolve(credentials.credentials)
    request.state.username = user["username"]
    return Actor(
        id=user["id"],
        username=user["username"],
        role=Role(user["role"]),
        must_change_password=bool(user["must_change_password"]),
        session_id=token.session_id,
    )


def _at_least(required: Role) -> Callable[..., Actor]:
    allowed = ROLES_BY_POWER[: ROLES_BY_POWER.index(required) + 1]

    def dependency(actor: Actor = Depends(any_actor)) -> Actor:
        if actor.must_change_password:
            raise forbidden("password_change_required", "Change your password first.")
        if actor.role not in allowed:
            raise forbidden(
                "forbidden", f"This needs the role {required.value}.", required=required.value
            )
        return actor

    return dependency


viewer = _at_least(Role.viewer)
operator = _at_least(Role.operator)
admin = _at_least(Role.admin)
