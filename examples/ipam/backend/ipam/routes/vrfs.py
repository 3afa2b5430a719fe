"""VRFs."""


from fastapi import APIRouter, Depends, Response

from .. import vrfs
from ..access import Actor, operator, services, viewer
from ..schemas import NewVrf, Vrf, VrfChange
from ..services import Services

router = APIRouter(prefix="/vrfs", tags=["vrfs"])


@router.get("", response_model=list[Vrf], dependencies=[Depends(viewer)])
def list_vrfs(app: Services = Depends(services)):
    return app.read(vrfs.all_vrfs)


@router.post("", response_model=Vrf, status_code=201)
def create_vrf(body: NewVrf, actor: Actor = Depends(operator), app: Services = Depends(services)):
    return app.change(vrfs.create, actor.username, body)


@router.patch("/{vrf_id}", response_model=Vrf)
def change_vrf(
    vrf_id: int,
    body: VrfChange,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    return app.change(vrfs.change, actor.username, vrf_id, body)


@router.delete("/{vrf_id}", status_code=204, response_class=Response)
def delete_vrf(vrf_id: int, actor: Actor = Depends(operator), app: Services = Depends(services)):
    """Delete a VRF that has no subnets."""
    app.change(vrfs.delete, actor.username, vrf_id)
