"""Single addresses."""

from fastapi import APIRouter, Depends, Response

from .. import addresses
from ..access import Actor, operator, services, viewer
from ..schemas import Address, AddressChange, NewAddress
from ..services import Services

router = APIRouter(prefix="/addresses", tags=["addresses"])


@router.post("", response_model=Address, status_code=201)
def assign_address(
    body: NewAddress, actor: Actor = Depends(operator), app: Services = Depends(services)
):
    """Assign one particular address."""
    return addresses.describe(app.change(addresses.assign, actor.username, body))


@router.get("/{address_id}", response_model=Address, dependencies=[Depends(viewer)])
def show_address(address_id: int, app: Services = Depends(services)):
    return addresses.describe(app.read(addresses.require, address_id))


@router.patch("/{address_id}", response_model=Address)
def change_address(
    address_id: int,
    body: AddressChange,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    row = app.change(addresses.change, actor.username, address_id, body)
    return addresses.describe(row)


@router.delete("/{address_id}", status_code=204, response_class=Response)
def release_address(
    address_id: int, actor: Actor = Depends(operator), app: Services = Depends(services)
):
    """Release an address: it is free again."""
    app.change(addresses.release, actor.username, address_id)
