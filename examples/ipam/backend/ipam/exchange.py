"""Addresses of a subnet as CSV, in and out."""

import csv
import io
from dataclasses import dataclass

from . import audit, subnets
from .addresses import Holder, Placement, insert, recorded_between
from .database import Transaction
from .errors import ApiError, bad_request
from .networks import parse_address, unpack
from .schemas import Assignment

COLUMNS = ("address", "hostname", "mac", "description", "state")
STATES = frozenset({"used", "reserved"})
MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 20_000
MAX_ERRORS = 200
DESCRIPTION_MAX_LENGTH = 255
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True)
class Row:
    line: int
    values: dict


class ImportRefused(Exception):
    """Carries the result of an import out of the transaction that must not commit."""

    def __init__(self, result: dict):
        super().__init__("import refused")
        self.result = result


def parse(content: bytes) -> list[Row]:
    if len(content) > MAX_BYTES:
        raise bad_request(
            "file_too_large", f"The file has more than {MAX_BYTES} bytes.", limit=MAX_BYTES
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise bad_request("bad_csv", "The file is not UTF-8 text.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        rows = [
            Row(reader.line_num, dict(zip(header, (cell.strip() for cell in cells))))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise bad_request("bad_csv", f"Line {reader.line_num} is not CSV: {error}.") from None
    if len(rows) > MAX_ROWS:
        raise bad_request(
            "file_too_large", f"The file has more than {MAX_ROWS} rows.", limit=MAX_ROWS
        )
    return rows


def _check_header(header: list[str]) -> None:
    unknown = sorted(set(header) - set(COLUMNS))
    if "address" not in header or unknown or len(set(header)) != len(header):
        raise bad_request(
            "bad_csv",
            f"The first line must name the columns, out of {', '.join(COLUMNS)};"
            " address is required.",
            columns=list(COLUMNS),
        )


def load(tx: Transaction, actor: str, subnet_id: int, rows: list[Row], partial: bool) -> dict:
    """Create or update one address per row; without `partial` it is all rows or none."""
    subnet = subnets.lock_for_addresses(tx, subnet_id)
    loader = _Loader(tx, subnet)
    for row in rows:
        loader.load(row)
        if len(loader.errors) >= MAX_ERRORS:
            break
    if loader.errors and not partial:
        raise ImportRefused({"created": 0, "updated": 0, "errors": loader.errors})
    if loader.created or loader.updated:
        audit.record(
            tx,
            actor,
            "subnet.import",
            subnets.subject(subnet),
            created=loader.created,
            updated=loader.updated,
            errors=len(loader.errors),
        )
    return {"created": loader.created, "updated": loader.updated, "errors": loader.errors}


class _Loader:
    def __init__(self, tx: Transaction, subnet: dict):
        self._tx = tx
        self._subnet = subnet
        self._placement = Placement(tx, subnet)
        self._line_of_address: dict[bytes, int] = {}
        self._known = {
            row["address"]: row["id"]
            for row in tx.all(
                "SELECT id, address FROM addresses WHERE subnet_id = %s", (subnet["id"],)
            )
        }
        self.created = 0
        self.updated = 0
        self.errors: list[dict] = []

    def load(self, row: Row) -> None:
        try:
            self._store(row)
        except ApiError as error:
            self.errors.append({"line": row.line, "code": error.code, "message": error.message})

    def _store(self, row: Row) -> None:
        address = parse_address(row.values.get("address", ""))
        earlier = self._line_of_address.setdefault(address.packed, row.line)
        if earlier != row.line:
            raise bad_request("duplicate_line", f"{address} is already on line {earlier}.")
        holder = _holder(row.values)
        known_id = self._known.get(address.packed)
        if known_id is None:
            self._placement.check(address)
            insert(self._tx, self._subnet, address, holder)
            self.created += 1
            return
        self._tx.execute(
            "UPDATE addresses SET state = %s, hostname = %s, mac = %s, description = %s"
            " WHERE id = %s",
            (holder.state, holder.hostname, holder.mac, holder.description, known_id),
        )
        self.updated += 1


def _holder(values: dict) -> Holder:
    state = values.get("state") or "used"
    if state not in STATES:
        raise bad_request("bad_state", f"'{state}' is neither used nor reserved.")
    description = _unshield(values.get("description", ""))
    if len(description) > DESCRIPTION_MAX_LENGTH:
        raise bad_request(
            "bad_description", f"A description has at most {DESCRIPTION_MAX_LENGTH} characters."
        )
    return Holder.of(
        Assignment(hostname=values.get("hostname"), mac=values.get("mac"), description=description),
        state,
    )


def export(tx: Transaction, subnet: dict) -> str:
    """The recorded addresses in a form that `load` takes back."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in recorded_between(tx, subnet, subnet["network"], subnet["broadcast"]):
        writer.writerow(
            (
                str(unpack(row["address"])),
                row["hostname"],
                row["mac"],
                _shield(row["description"]),
                row["state"],
            )
        )
    return buffer.getvalue()


def _shield(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _unshield(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
