"""Administration of accounts."""


from fastapi import APIRouter, Depends, Response

from .. import accounts
from ..access import Actor, admin, services
from ..schemas import NewUser, User, UserChange
from ..services import Services

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", response_model=list[User], dependencies=[Depends(admin)])
def list_users(app: Services = Depends(services)):
    return app.read(accounts.all_users)


@router.post("", response_model=User, status_code=201)
def create_user(body: NewUser, actor: Actor = Depends(admin), app: Services = Depends(services)):
    return app.change(accounts.create, actor.username, body)


@router.patch("/{user_id}", response_model=User)
def change_user(
    user_id: int,
    body: UserChange,
    actor: Actor = Depends(admin),
    app: Services = Depends(services),
):
    """Change role, state or password. A new password or a deactivation ends all sessions."""
    user = app.change(accounts.change, actor.username, user_id, body)
    if body.password is not None or not user["active"]:
        app.sessions.end_all(user_id)
    return user


@router.delete("/{user_id}", status_code=204, response_class=Response)
def delete_user(user_id: int, actor: Actor = Depends(admin), app: Services = Depends(services)):
    app.change(accounts.delete, actor.username, user_id)
    app.sessions.end_all(user_id)
