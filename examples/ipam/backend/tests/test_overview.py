"""Utilisation, dashboard, search, audit log."""

import pytest
from support import accepted


def shown(admin, subnet) -> dict:
    return admin.get(f"/subnets/{subnet['id']}").json()


def test_utilisation_is_current_after_every_kind_of_change(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/28")
    path = f"/subnets/{subnet['id']}"

    def figures() -> tuple:
        row = shown(admin, subnet)
        return row["used"], row["reserved"], row["free"]

    assert figures() == (0, 0, "14")
    row = accepted(admin.post(f"{path}/allocate", json={}))
    assert figures() == (1, 0, "13")
    accepted(admin.post(f"{path}/reserve", json={}))
    assert figures() == (1, 1, "12")
    accepted(admin.patch(path, json={"gateway": "10.0.0.14"}))
    assert figures() == (1, 1, "11")
    accepted(admin.patch(f"/addresses/{row['id']}", json={"state": "reserved"}))
    assert figures() == (0, 2, "11")
    admin.delete(f"/addresses/{row['id']}")
    assert figures() == (0, 1, "12")
    accepted(admin.post(f"{path}/import", files={"file": "address\n10.0.0.5\n10.0.0.6\n"}))
    assert figures() == (2, 1, "10")


def test_a_container_counts_what_is_below_it(admin, new_subnet):
    outer, middle, inner = map(new_subnet, ("10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/28"))
    accepted(admin.post(f"/subnets/{inner['id']}/allocate", json={}))
    accepted(admin.post(f"/subnets/{inner['id']}/reserve", json={}))
    for subnet in (outer, middle, inner):
        row = shown(admin, subnet)
        assert (row["used"], row["reserved"]) == (1, 1)
    assert shown(admin, inner)["utilisation"] == pytest.approx(2 / 14, abs=1e-6)


def test_figures_are_cached_until_something_changes(admin, redis_server, new_subnet):
    subnet = new_subnet("10.0.0.0/28")
    client = redis_server.client()
    shown(admin, subnet)
    generation = client.get("ipam:generation")
    key = f"ipam:value:usage:{generation}"
    assert 0 < client.ttl(key) <= 60
    shown(admin, subnet)
    assert client.get("ipam:generation") == generation
    accepted(admin.post(f"/subnets/{subnet['id']}/allocate", json={}))
    assert client.get("ipam:generation") != generation


def test_the_dashboard_follows_changes(admin, new_subnet):
    before = admin.get("/dashboard").json()
    subnet = new_subnet("10.0.0.0/30")
    for name in ("one", "two"):
        accepted(admin.post(f"/subnets/{subnet['id']}/allocate", json={"hostname": name}))
    after = admin.get("/dashboard").json()
    assert after["subnets"] == before["subnets"] + 1
    assert after["addresses_used"] == before["addresses_used"] + 2
    assert after["by_family"]["4"]["used"] == before["by_family"]["4"]["used"] + 2
    assert after["top"][0]["utilisation"] == 1 and len(after["top"]) <= 8
    assert after["recent"][0]["action"] == "address.allocate"
    assert after["recent"][0]["at"].endswith("Z")
    assert len(after["recent"]) <= 10


@pytest.fixture
def inventory(admin, new_subnet) -> dict:
    """Two hosts that nothing else in the database resembles."""
    v4 = new_subnet("172.30.0.0/24", vlan=3777, description="Quarantine ward")
    v6 = new_subnet("2001:db8:fade::/64")
    body = {"hostname": "Needle.test", "mac": "02:aa:bb:cc:dd:01", "description": "100%_sure"}
    accepted(
        admin.post("/addresses", json={"subnet_id": v4["id"], "address": "172.30.0.29", **body})
    )
    accepted(admin.post("/addresses", json={"subnet_id": v6["id"], "address": "2001:db8:fade::29"}))
    return {"v4": v4, "v6": v6}


@pytest.mark.parametrize(
    "text, address",
    [
        ("172.30.0.29", "172.30.0.29"),
        ("172.30.0.2", "172.30.0.29"),
        ("172.30.", "172.30.0.29"),
        ("172.3", "172.30.0.29"),
        ("172.30.0.0/24", "172.30.0.29"),
        ("needle", "172.30.0.29"),
        ("EEDLE.te", "172.30.0.29"),
        ("02:aa:bb", "172.30.0.29"),
        ("02-AA-BB-CC-DD-01", "172.30.0.29"),
        ("02aabbccdd01", "172.30.0.29"),
        ("100%_s", "172.30.0.29"),
        ("2001:db8:fade::29", "2001:db8:fade::29"),
        ("2001:db8:fad", "2001:db8:fade::29"),
        ("2001:0db8:fade::", "2001:db8:fade::29"),
    ],
)
def test_search_finds_an_address_by(admin, vrf, inventory, text, address):
    result = admin.get("/search", params={"q": text, "limit": 500}).json()
    mine = [row for row in result["addresses"] if row["vrf_id"] == vrf["id"]]
    assert [row["address"] for row in mine] == [address]


@pytest.mark.parametrize("text", ["172.30.0.77", "172.30.0", "3777", "quarantine", "172.16.0.0/12"])
def test_search_finds_a_subnet_by(admin, vrf, inventory, text):
    result = admin.get("/search", params={"q": text, "limit": 500}).json()
    mine = [row for row in result["subnets"] if row["vrf_id"] == vrf["id"]]
    assert [row["cidr"] for row in mine] == ["172.30.0.0/24"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "999.1", "::::", "1/2/3", "10.0.0.0/99"])
def test_search_takes_nothing_for_a_pattern(admin, vrf, inventory, text):
    response = admin.get("/search", params={"q": text})
    assert response.status_code == 200
    mine = [row for row in response.json()["addresses"] if row["vrf_id"] == vrf["id"]]
    assert [row["address"] for row in mine] == (["172.30.0.29"] if text in "100%_sure" else [])


def test_every_change_leaves_an_audit_entry(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24", vlan=5)
    path = f"/subnets/{subnet['id']}"
    row = accepted(admin.post(f"{path}/allocate", json={"hostname": "h"}))
    accepted(admin.patch(f"/addresses/{row['id']}", json={"hostname": "g"}))
    admin.delete(f"/addresses/{row['id']}")
    accepted(admin.patch(path, json={"vlan": 6}))
    items = admin.get("/audit?limit=5").json()["items"]
    assert [item["action"] for item in items] == [
        "subnet.update",
        "address.release",
        "address.update",
        "address.allocate",
        "subnet.create",
    ]
    assert items[0]["detail"]["changed"] == {"vlan": [5, 6]}
    assert items[2]["detail"]["changed"] == {"hostname": ["h", "g"]}
    assert {item["username"] for item in items} == {"admin"}
    assert items[1]["object"] == "10.0.0.1" and items[1]["object_id"] == row["id"]


def test_a_refused_change_leaves_no_audit_entry(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24")
    newest = admin.get("/audit?limit=1").json()["items"][0]["id"]
    admin.post("/addresses", json={"subnet_id": subnet["id"], "address": "10.0.9.9"})
    assert admin.get("/audit?limit=1").json()["items"][0]["id"] == newest


def test_the_audit_log_can_be_filtered_and_paged(admin, new_subnet, new_session):
    subnet = new_subnet("10.0.0.0/24")
    operator = new_session("olga", "operator")
    for _ in range(3):
        accepted(operator.post(f"/subnets/{subnet['id']}/allocate", json={}))
    mine = operator.get("/audit", params={"user": "olga", "action": "address"}).json()["items"]
    assert [item["action"] for item in mine] == ["address.allocate"] * 3
    rest = operator.get(
        "/audit", params={"user": "olga", "action": "address", "before_id": mine[0]["id"]}
    ).json()["items"]
    assert rest == mine[1:]
