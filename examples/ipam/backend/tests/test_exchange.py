"""CSV import and export."""

import csv
import io

import pytest
from support import accepted, refusal

GOOD = """address,hostname,mac,description,state
10.0.0.5,Alpha.example,AA-BB-CC-00-00-01,first,
10.0.0.6,,,"with, comma",reserved
"""

BAD = """address,hostname,mac,description,state
10.0.0.7,fine,,,
10.0.0.300,,,,
10.0.1.1,,,,
10.0.0.255,,,,
10.0.0.8,bad name,,,
10.0.0.9,,zz,,
10.0.0.10,,,,broken
10.0.0.7,,,,
10.0.0.1,,,,
"""
BAD_CODES = [
    (3, "bad_address"),
    (4, "address_outside_subnet"),
    (5, "address_not_assignable"),
    (6, "bad_hostname"),
    (7, "bad_mac"),
    (8, "bad_state"),
    (9, "duplicate_line"),
    (10, "address_is_gateway"),
]


@pytest.fixture
def subnet(new_subnet) -> dict:
    return new_subnet("10.0.0.0/24", gateway="10.0.0.1")


def load(admin, subnet, content, **query):
    return admin.post(
        f"/subnets/{subnet['id']}/import",
        params=query,
        files={"file": ("addresses.csv", content, "text/csv")},
    )


def exported(admin, subnet) -> list[dict]:
    response = admin.get(f"/subnets/{subnet['id']}/export")
    assert response.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.text)))


def test_an_import_creates_and_the_same_import_updates(admin, subnet):
    assert accepted(load(admin, subnet, GOOD)) == {"created": 2, "updated": 0, "errors": []}
    again = GOOD.replace("first", "changed")
    assert accepted(load(admin, subnet, again)) == {"created": 0, "updated": 2, "errors": []}
    rows = exported(admin, subnet)
    assert rows[0] == {
        "address": "10.0.0.5",
        "hostname": "alpha.example",
        "mac": "aa:bb:cc:00:00:01",
        "description": "changed",
        "state": "used",
    }
    assert (rows[1]["state"], rows[1]["description"]) == ("reserved", "with, comma")


def test_an_import_with_errors_changes_nothing(admin, subnet):
    result = accepted(load(admin, subnet, BAD))
    assert (result["created"], result["updated"]) == (0, 0)
    assert [(error["line"], error["code"]) for error in result["errors"]] == BAD_CODES
    assert exported(admin, subnet) == []


def test_a_partial_import_takes_the_good_rows(admin, subnet):
    result = accepted(load(admin, subnet, BAD, partial="true"))
    assert result["created"] == 1 and len(result["errors"]) == len(BAD_CODES)
    assert [row["address"] for row in exported(admin, subnet)] == ["10.0.0.7"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"hostname\nalpha\n", b"address,owner\n10.0.0.5,me\n", b"address,address\n"],
    ids=["empty", "not text", "no address", "unknown column", "column twice"],
)
def test_a_file_of_another_kind_is_refused(admin, subnet, content):
    assert refusal(load(admin, subnet, content)) == (400, "bad_csv")


def test_a_byte_order_mark_and_blank_lines_are_ignored(admin, subnet):
    content = "\ufeffAddress\r\n\r\n10.0.0.9\r\n\r\n".encode()
    assert accepted(load(admin, subnet, content))["created"] == 1


def test_a_description_never_becomes_a_formula_and_survives_the_round_trip(admin, subnet):
    body = {"subnet_id": subnet["id"], "address": "10.0.0.9", "description": "=1+1"}
    row = accepted(admin.post("/addresses", json=body))
    path = f"/subnets/{subnet['id']}/export"
    content = admin.get(path).text
    assert "'=1+1" in content
    accepted(load(admin, subnet, content))
    assert admin.get(f"/addresses/{row['id']}").json()["description"] == "=1+1"


def test_a_large_file_is_loaded_in_one_go(admin, new_subnet):
    subnet = new_subnet("10.8.0.0/19")
    lines = [f"10.8.{index // 250}.{index % 250 + 1},host-{index}" for index in range(2000)]
    content = "address,hostname\n" + "\n".join(lines)
    assert accepted(load(admin, subnet, content))["created"] == 2000
    assert admin.get(f"/subnets/{subnet['id']}").json()["used"] == 2000
    next_free = accepted(admin.post(f"/subnets/{subnet['id']}/allocate", json={}))
    assert next_free["address"] == "10.8.0.251"
