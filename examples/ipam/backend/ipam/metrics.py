"""Prometheus metrics of this process, and figures of the data it serves."""

import logging
from typing import TYPE_CHECKING

import pymysql
import redis
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from .errors import ApiError

if TYPE_CHECKING:
    from .services import Services

logger = logging.getLogger("ipam.metrics")

REQUESTS = Counter("ipam_http_requests", "HTTP requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "ipam_http_request_duration_seconds",
    "Time to answer an HTTP request",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LOGINS = Counter("ipam_logins", "Login attempts", ["result"])
ALLOCATIONS = Counter("ipam_allocations", "Requests for the next free address", ["result"])
CACHE_LOOKUPS = Counter("ipam_cache_lookups", "Lookups of computed values in Redis", ["result"])


def render(services: "Services") -> bytes:
    return generate_latest(REGISTRY) + generate_latest(_state_of(services))


def _state_of(services: "Services") -> CollectorRegistry:
    """Gauges that are read at the moment of the scrape, into a registry of their own."""
    registry = CollectorRegistry()
    pool = Gauge("ipam_database_connections", "Pooled connections", ["state"], registry=registry)
    in_use = services.database.in_use
    pool.labels("in_use").set(in_use)
    pool.labels("available").set(services.database.size - in_use)
    up = Gauge("ipam_inventory_up", "Whether the data could be read", registry=registry)
    try:
        summary = services.dashboard()
    except (pymysql.err.Error, redis.RedisError, ApiError) as error:
        # A scrape must show the outage, not take part in it.
        logger.warning("inventory not readable", extra={"fields": {"error": str(error)}})
        up.set(0)
        return registry
    up.set(1)
    Gauge("ipam_vrfs", "VRFs", registry=registry).set(summary["vrfs"])
    Gauge("ipam_subnets", "Subnets", registry=registry).set(summary["subnets"])
    addresses = Gauge("ipam_addresses", "Recorded addresses", ["state"], registry=registry)
    addresses.labels("used").set(summary["addresses_used"])
    addresses.labels("reserved").set(summary["addresses_reserved"])
    fullest = Gauge(
        "ipam_subnet_utilisation_ratio",
        "Utilisation of the fullest subnets",
        ["vrf_id", "cidr"],
        registry=registry,
    )
    for subnet in summary["top"]:
        fullest.labels(str(subnet["vrf_id"]), subnet["cidr"]).set(subnet["utilisation"])
    return registry
