"""Routing domains. Inside one of them an address exists once."""

from . import audit
from .database import DuplicateKey, Transaction
from .errors import ApiError, conflict, not_found
from .schemas import NewVrf, VrfChange

SELECT = (
    "SELECT id, name, rd, description,"
    " (SELECT COUNT(*) FROM subnets WHERE vrf_id = vrfs.id) AS subnet_count FROM vrfs"
)


def _subject(vrf: dict) -> audit.Subject:
    return audit.Subject("vrf", vrf["id"], vrf["name"])


def all_vrfs(tx: Transaction) -> list[dict]:
    return tx.all(f"{SELECT} ORDER BY name")


def require(tx: Transaction, vrf_id: int) -> dict:
    vrf = tx.one(f"{SELECT} WHERE id = %s", (vrf_id,))
    if vrf is None:
        raise not_found("VRF", vrf_id)
    return vrf


def lock(tx: Transaction, vrf_id: int) -> None:
    """Keep every other change of subnets and addresses out of this VRF."""
    if tx.one("SELECT id FROM vrfs WHERE id = %s FOR UPDATE", (vrf_id,)) is None:
        raise not_found("VRF", vrf_id)


def lock_shared(tx: Transaction, vrf_id: int) -> None:
    """Keep the tree of subnets as it is; changes of addresses go on side by side."""
    if tx.one("SELECT id FROM vrfs WHERE id = %s LOCK IN SHARE MODE", (vrf_id,)) is None:
        raise not_found("VRF", vrf_id)


def create(tx: Transaction, actor: str, new: NewVrf) -> dict:
    try:
        vrf_id = tx.insert(
            "INSERT INTO vrfs (name, rd, description) VALUES (%s, %s, %s)",
            (new.name, new.rd, new.description),
        )
    except DuplicateKey as duplicate:
        raise _taken(duplicate, new.dict()) from None
    vrf = require(tx, vrf_id)
    audit.record(tx, actor, "vrf.create", _subject(vrf), rd=vrf["rd"])
    return vrf


def change(tx: Transaction, actor: str, vrf_id: int, wanted: VrfChange) -> dict:
    lock(tx, vrf_id)
    before = require(tx, vrf_id)
    after = {**before, **wanted.given()}
    try:
        tx.execute(
            "UPDATE vrfs SET name = %s, rd = %s, description = %s WHERE id = %s",
            (after["name"], after["rd"], after["description"], vrf_id),
        )
    except DuplicateKey as duplicate:
        raise _taken(duplicate, after) from None
    audit.record(tx, actor, "vrf.update", _subject(after), changed=audit.difference(before, after))
    return after


def delete(tx: Transaction, actor: str, vrf_id: int) -> None:
    lock(tx, vrf_id)
    vrf = require(tx, vrf_id)
    if vrf["subnet_count"]:
        raise conflict(
            "vrf_not_empty",
            f"The VRF {vrf['name']} still has {vrf['subnet_count']} subnets.",
            name=vrf["name"],
            subnet_count=vrf["subnet_count"],
        )
    tx.execute("DELETE FROM vrfs WHERE id = %s", (vrf_id,))
    audit.record(tx, actor, "vrf.delete", _subject(vrf))


def _taken(duplicate: DuplicateKey, wanted: dict) -> ApiError:
    if duplicate.key.endswith("vrfs_rd"):
        return conflict(
            "vrf_rd_taken", f"Another VRF has the distinguisher {wanted['rd']}.", rd=wanted["rd"]
        )
    return conflict(
        "vrf_name_taken", f"Another VRF is called {wanted['name']}.", name=wanted["name"]
    )
