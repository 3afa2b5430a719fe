"""The record of who changed what, written in the transaction of the change itself."""

import json
from dataclasses import dataclass
from typing import Any

from .database import Transaction

SYSTEM_USERNAME = "system"


@dataclass(frozen=True)
class Subject:
    """What an entry is about; `label` stays readable after the object is gone."""

    type: str
    id: int | None
    label: str


def record(tx: Transaction, username: str, action: str, subject: Subject, **detail: Any) -> None:
    tx.insert(
        "INSERT INTO audit_log (username, action, object_type, object_id, object, detail)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            username,
            action,
            subject.type,
            subject.id,
            subject.label[:255],
            json.dumps(detail, ensure_ascii=False, default=str),
        ),
    )


def difference(before: dict, after: dict) -> dict:
    """The fields of `after` that differ, each as [old, new]."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def entries(
    tx: Transaction,
    limit: int,
    before_id: int | None = None,
    action: str | None = None,
    username: str | None = None,
) -> list[dict]:
    """Newest first. The action `address` also finds `address.allocate` and its siblings."""
    conditions, parameters = ["TRUE"], []
    if before_id is not None:
        conditions.append("id < %s")
        parameters.append(before_id)
    if action:
        conditions.append("(action = %s OR action LIKE CONCAT(%s, '.%%'))")
        parameters += [action, action]
    if username:
        conditions.append("username = %s")
        parameters.append(username)
    rows = tx.all(
        f"SELECT * FROM audit_log WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT %s",
        [*parameters, limit],
    )
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]
