"""What machines ask for: health, metrics, the API reference."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from .. import docs, health, metrics
from ..access import services
from ..schemas import Health
from ..services import Services

router = APIRouter(tags=["system"])


@router.get("/api/health", response_model=Health, responses={503: {"model": Health}})
def show_health(app: Services = Depends(services)):
    result = health.check(app)
    return JSONResponse(result, 200 if result["status"] == "ok" else 503)


@router.get("/metrics", include_in_schema=False)
def show_metrics(app: Services = Depends(services)):
    return Response(metrics.render(app), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/docs", include_in_schema=False, response_class=HTMLResponse)
def show_docs(request: Request):
    return docs.render(request.app.openapi())
