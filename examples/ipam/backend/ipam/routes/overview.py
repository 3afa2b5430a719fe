"""Views across all VRFs: search, dashboard, audit log."""


from fastapi import APIRouter, Depends, Query

from .. import audit, search, subnets
from ..access import services, viewer
from ..schemas import AuditPage, Dashboard, SearchResult
from ..services import Services

router = APIRouter(tags=["overview"], dependencies=[Depends(viewer)])


@router.get("/search", response_model=SearchResult)
def find(
    q: str = Query(..., min_length=1, max_length=128),
    limit: int = Query(50, ge=1, le=500),
    app: Services = Depends(services),
):
    """Find by address or its beginning, CIDR, host name, MAC, VLAN or description."""
    found_subnets, found_addresses = app.read(search.search, q, limit)
    return {
        "subnets": subnets.describe_all(found_subnets, app.usage()),
        "addresses": found_addresses,
    }


@router.get("/dashboard", response_model=Dashboard)
def show_dashboard(app: Services = Depends(services)):
    return app.dashboard()


@router.get("/audit", response_model=AuditPage)
def list_audit(
    limit: int = Query(50, ge=1, le=500),
    before_id: int | None = None,
    action: str | None = Query(None, max_length=48),
    user: str | None = Query(None, max_length=64),
    app: Services = Depends(services),
):
    """Newest first; continue with `before_id`. The action `address` finds `address.*` as well."""
    return {"items": app.read(audit.entries, limit, before_id, action, user)}
