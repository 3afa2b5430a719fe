"""Subnets, and the addresses seen from their subnet."""


from fastapi import APIRouter, Depends, File, Query, Response, UploadFile

from .. import addresses, exchange, subnets
from ..access import Actor, operator, services, viewer
from ..schemas import (
    Address,
    AddressPage,
    Assignment,
    ImportResult,
    NewSubnet,
    Reservation,
    Role,
    Subnet,
    SubnetChange,
    SubnetDetail,
)
from ..services import Services
from ..usage import NO_USAGE

router = APIRouter(prefix="/subnets", tags=["subnets"])
PAGE_MAX = 4096


@router.get("", response_model=list[Subnet], dependencies=[Depends(viewer)])
def list_subnets(vrf_id: int | None = None, app: Services = Depends(services)):
    """All subnets as a flat list in tree order: by VRF, family, network and prefix length."""
    return subnets.describe_all(app.read(subnets.all_subnets, vrf_id), app.usage())


@router.post("", response_model=Subnet, status_code=201)
def create_subnet(
    body: NewSubnet, actor: Actor = Depends(operator), app: Services = Depends(services)
):
    """Create a subnet at its place in the tree; what is inside it becomes its own."""
    subnet = app.change(subnets.create, actor.username, body)
    return subnets.describe(subnet, app.usage().get(subnet["id"], NO_USAGE))


@router.get("/{subnet_id}", response_model=SubnetDetail, dependencies=[Depends(viewer)])
def show_subnet(subnet_id: int, app: Services = Depends(services)):
    subnet = app.read(subnets.require, subnet_id)
    return subnets.describe_detail(subnet, app.usage().get(subnet_id, NO_USAGE))


@router.patch("/{subnet_id}", response_model=Subnet)
def change_subnet(
    subnet_id: int,
    body: SubnetChange,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    subnet = app.change(subnets.change, actor.username, subnet_id, body)
    return subnets.describe(subnet, app.usage().get(subnet_id, NO_USAGE))


@router.delete("/{subnet_id}", status_code=204, response_class=Response)
def delete_subnet(
    subnet_id: int,
    force: bool = False,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    """Delete a subnet; its children move up. `force` (administrators) releases its addresses."""
    is_admin = actor.role is Role.admin
    app.change(subnets.delete, actor.username, is_admin, subnet_id, force)


@router.get(
    "/{subnet_id}/addresses",
    response_model=AddressPage,
    response_model_exclude_none=True,
    dependencies=[Depends(viewer)],
)
def list_addresses(
    subnet_id: int,
    offset: int = Query(0, ge=0),
    limit: int = Query(256, ge=1, le=PAGE_MAX),
    app: Services = Depends(services),
):
    """One cell per address in IPv4, the recorded addresses in IPv6."""
    return app.read(lambda tx: addresses.page(tx, subnets.require(tx, subnet_id), offset, limit))


@router.post("/{subnet_id}/allocate", response_model=Address, status_code=201)
def allocate(
    subnet_id: int,
    body: Assignment,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    """Allocate the next free host address."""
    row = app.change(addresses.allocate, actor.username, subnet_id, body)
    return addresses.describe(row)


@router.post("/{subnet_id}/reserve", response_model=Address, status_code=201)
def reserve(
    subnet_id: int,
    body: Reservation,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    """Reserve the given address, or the next free one."""
    row = app.change(addresses.reserve, actor.username, subnet_id, body)
    return addresses.describe(row)


@router.post("/{subnet_id}/import", response_model=ImportResult)
def import_addresses(
    subnet_id: int,
    file: UploadFile = File(...),
    partial: bool = False,
    actor: Actor = Depends(operator),
    app: Services = Depends(services),
):
    """Create or update addresses from CSV: all rows or none, unless `partial`."""
    rows = exchange.parse(file.file.read(exchange.MAX_BYTES + 1))
    try:
        return app.change(exchange.load, actor.username, subnet_id, rows, partial)
    except exchange.ImportRefused as refused:
        return refused.result


@router.get("/{subnet_id}/export", response_class=Response, dependencies=[Depends(viewer)])
def export_addresses(subnet_id: int, app: Services = Depends(services)):
    """The recorded addresses as CSV."""
    content = app.read(lambda tx: exchange.export(tx, subnets.require(tx, subnet_id)))
    return Response(
        content,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="subnet-{subnet_id}.csv"'},
    )
