"""Logging in, logging out, one's own account."""

from fastapi import APIRouter, Depends, Request, Response

from .. import accounts
from ..access import Actor, any_actor, services
from ..schemas import Credentials, Login, Me, PasswordChange
from ..services import Services

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/login", response_model=Login)
def login(body: Credentials, request: Request, app: Services = Depends(services)):
    client = request.client.host if request.client else "unknown"
    token, user = app.sessions.login(client, body.username, body.password.get_secret_value())
    return {
        "access_token": token,
        "expires_in": app.sessions.lifetime_seconds,
        "user": user,
    }


@router.post("/logout", status_code=204, response_class=Response)
def logout(actor: Actor = Depends(any_actor), app: Services = Depends(services)):
    app.sessions.logout(actor.session_id, actor.id, actor.username)


@router.get("/me", response_model=Me)
def me(actor: Actor = Depends(any_actor)):
    return Me(**vars(actor))


@router.post("/password", status_code=204, response_class=Response)
def change_password(
    body: PasswordChange, actor: Actor = Depends(any_actor), app: Services = Depends(services)
):
    """Change one's own password; every other session of the account ends."""
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    app.change(accounts.change_own_password, actor.id, current, new)
    app.sessions.end_all(actor.id, keep=actor.session_id)
