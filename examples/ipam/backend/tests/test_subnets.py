"""VRFs and the tree of subnets."""

import pytest
from support import accepted, refusal


def listed(admin, vrf) -> dict[str, dict]:
    return {row["cidr"]: row for row in admin.get(f"/subnets?vrf_id={vrf['id']}").json()}


def parents(admin, vrf) -> dict[str, str | None]:
    rows = listed(admin, vrf)
    cidr_of = {row["id"]: cidr for cidr, row in rows.items()}
    return {cidr: cidr_of.get(row["parent_id"]) for cidr, row in rows.items()}


def test_a_vrf_name_and_distinguisher_exist_once(admin, new_name):
    name, other = new_name(), new_name()
    accepted(admin.post("/vrfs", json={"name": name, "rd": "64512:1"}))
    assert refusal(admin.post("/vrfs", json={"name": name})) == (409, "vrf_name_taken")
    clash = admin.post("/vrfs", json={"name": other, "rd": "64512:1"})
    assert refusal(clash) == (409, "vrf_rd_taken")


def test_a_vrf_can_be_changed_and_deleted_when_it_is_empty(admin, vrf, new_subnet, new_name):
    subnet = new_subnet("10.0.0.0/24")
    changed = accepted(admin.patch(f"/vrfs/{vrf['id']}", json={"name": new_name()}))
    assert changed["name"] != vrf["name"] and changed["subnet_count"] == 1
    assert refusal(admin.delete(f"/vrfs/{vrf['id']}")) == (409, "vrf_not_empty")
    assert admin.delete(f"/subnets/{subnet['id']}").status_code == 204
    assert admin.delete(f"/vrfs/{vrf['id']}").status_code == 204
    assert refusal(admin.delete(f"/vrfs/{vrf['id']}")) == (404, "not_found")


@pytest.mark.parametrize("cidr", ["10.0.0.0", "10.0.0.0/33", "10.0.0/24", "x/8", "fe80::%1/64"])
def test_what_is_not_a_network_is_refused(admin, vrf, cidr):
    response = admin.post("/subnets", json={"vrf_id": vrf["id"], "cidr": cidr})
    assert refusal(response) == (400, "bad_cidr")


def test_host_bits_are_refused_with_the_network_that_was_meant(admin, vrf):
    response = admin.post("/subnets", json={"vrf_id": vrf["id"], "cidr": "10.1.2.3/24"})
    assert refusal(response) == (400, "bad_cidr")
    assert response.json()["detail"]["params"]["suggestion"] == "10.1.2.0/24"


def test_subnets_find_their_place_in_the_tree_in_any_order(admin, vrf, new_subnet):
    for cidr in ("10.0.1.0/24", "10.0.0.0/8", "10.0.1.128/25", "10.0.0.0/16", "10.9.0.0/16"):
        new_subnet(cidr)
    assert parents(admin, vrf) == {
        "10.0.0.0/8": None,
        "10.0.0.0/16": "10.0.0.0/8",
        "10.9.0.0/16": "10.0.0.0/8",
        "10.0.1.0/24": "10.0.0.0/16",
        "10.0.1.128/25": "10.0.1.0/24",
    }
    assert list(listed(admin, vrf)) == [
        "10.0.0.0/8",
        "10.0.0.0/16",
        "10.0.1.0/24",
        "10.0.1.128/25",
        "10.9.0.0/16",
    ]
    assert listed(admin, vrf)["10.0.0.0/16"]["has_children"]


def test_the_same_subnet_exists_once_per_vrf(admin, vrf, new_subnet, new_name):
    new_subnet("10.0.0.0/24")
    again = admin.post("/subnets", json={"vrf_id": vrf["id"], "cidr": "10.0.0.0/24"})
    assert refusal(again) == (409, "subnet_exists")
    other = accepted(admin.post("/vrfs", json={"name": new_name()}))
    accepted(admin.post("/subnets", json={"vrf_id": other["id"], "cidr": "10.0.0.0/24"}))


def test_addresses_move_into_a_new_smaller_subnet(admin, new_subnet):
    outer = new_subnet("10.0.0.0/24")
    body = {"subnet_id": outer["id"], "address": "10.0.0.130", "hostname": "mover"}
    address = accepted(admin.post("/addresses", json=body))
    inner = new_subnet("10.0.0.128/26")
    assert inner["used"] == 1
    moved = admin.get(f"/addresses/{address['id']}").json()
    assert moved["subnet_id"] == inner["id"] and moved["cidr"] == "10.0.0.128/26"


def test_a_new_subnet_must_not_turn_an_allocated_address_into_its_boundary(admin, vrf, new_subnet):
    outer = new_subnet("10.0.0.0/24")
    body = {"subnet_id": outer["id"], "address": "10.0.0.128"}
    accepted(admin.post("/addresses", json=body))
    response = admin.post("/subnets", json={"vrf_id": vrf["id"], "cidr": "10.0.0.128/26"})
    assert refusal(response) == (409, "boundary_in_use")
    assert list(listed(admin, vrf)) == ["10.0.0.0/24"]


def test_deleting_a_subnet_moves_its_children_up(admin, vrf, new_subnet):
    new_subnet("10.0.0.0/8")
    middle = new_subnet("10.0.0.0/16")
    new_subnet("10.0.1.0/24")
    assert admin.delete(f"/subnets/{middle['id']}").status_code == 204
    assert parents(admin, vrf) == {"10.0.0.0/8": None, "10.0.1.0/24": "10.0.0.0/8"}


def test_a_subnet_with_addresses_is_deleted_by_force_only(admin, vrf, new_subnet):
    subnet = new_subnet("10.0.0.0/24")
    address = accepted(admin.post(f"/subnets/{subnet['id']}/allocate", json={}))
    assert refusal(admin.delete(f"/subnets/{subnet['id']}")) == (409, "subnet_not_empty")
    assert admin.delete(f"/subnets/{subnet['id']}?force=true").status_code == 204
    assert refusal(admin.get(f"/addresses/{address['id']}")) == (404, "not_found")


@pytest.mark.parametrize("gateway", ["10.0.0.0", "10.0.0.255", "10.0.1.1", "2001:db8::1", "x"])
def test_a_gateway_must_be_a_host_address_of_its_subnet(admin, vrf, gateway):
    body = {"vrf_id": vrf["id"], "cidr": "10.0.0.0/24", "gateway": gateway}
    assert refusal(admin.post("/subnets", json=body)) == (400, "bad_gateway")
    assert listed(admin, vrf) == {}


def test_a_gateway_must_not_be_allocated_or_inside_a_child(admin, new_subnet):
    outer = new_subnet("10.0.0.0/24")
    new_subnet("10.0.0.0/26")
    accepted(admin.post("/addresses", json={"subnet_id": outer["id"], "address": "10.0.0.100"}))
    for gateway in ("10.0.0.1", "10.0.0.100"):
        response = admin.patch(f"/subnets/{outer['id']}", json={"gateway": gateway})
        assert refusal(response) == (400, "bad_gateway")


def test_a_change_keeps_what_it_does_not_name_and_clears_what_is_null(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24", vlan=7, description="before", gateway="10.0.0.1")
    path = f"/subnets/{subnet['id']}"
    changed = accepted(admin.patch(path, json={"description": "after"}))
    assert (changed["vlan"], changed["gateway"]) == (7, "10.0.0.1")
    assert changed["description"] == "after"
    cleared = accepted(admin.patch(path, json={"vlan": None, "gateway": None}))
    assert (cleared["vlan"], cleared["gateway"]) == (None, None)
    assert cleared["description"] == "after"


def test_the_detail_of_a_subnet_names_its_special_addresses(admin, new_subnet):
    v4 = admin.get(f"/subnets/{new_subnet('192.0.2.64/26')['id']}").json()
    assert v4["network"] == "192.0.2.64" and v4["broadcast"] == "192.0.2.127"
    assert v4["first"] == "192.0.2.65" and v4["last"] == "192.0.2.126"
    assert v4["netmask"] == "255.255.255.192" and v4["total"] == "62"
    link = admin.get(f"/subnets/{new_subnet('192.0.2.0/31')['id']}").json()
    assert link["first"] == "192.0.2.0" and link["last"] == "192.0.2.1"
    assert link["broadcast"] is None and link["total"] == "2"
    v6 = admin.get(f"/subnets/{new_subnet('2001:db8::/64')['id']}").json()
    assert v6["first"] == "2001:db8::1" and v6["last"] == "2001:db8::ffff:ffff:ffff:ffff"
    assert v6["broadcast"] is None and v6["total"] == str(2**64 - 1)
