"""Allocation, reservation, assignment, release: one at a time and all at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import accepted, refusal


def allocate(client, subnet, **body):
    return client.post(f"/subnets/{subnet['id']}/allocate", json=body)


def all_at_once(count: int, work) -> list:
    """Run work(index) in that many threads that start together."""
    barrier = threading.Barrier(count)

    def run(index: int):
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_allocation_takes_the_lowest_free_host_address(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/29", gateway="10.0.0.2")
    first = accepted(allocate(admin, subnet, hostname="A.Example.", mac="AABB.CCDD.EEFF"))
    assert (first["address"], first["hostname"]) == ("10.0.0.1", "a.example")
    assert first["mac"] == "aa:bb:cc:dd:ee:ff"
    assert accepted(allocate(admin, subnet))["address"] == "10.0.0.3"
    assert admin.delete(f"/addresses/{first['id']}").status_code == 204
    assert accepted(allocate(admin, subnet))["address"] == "10.0.0.1"


def test_fifty_allocations_at_once_get_fifty_addresses(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/26")
    answers = all_at_once(50, lambda index: allocate(admin, subnet, hostname=f"host-{index}"))
    addresses = {accepted(answer)["address"] for answer in answers}
    assert addresses == {f"10.0.0.{last}" for last in range(1, 51)}


@pytest.mark.parametrize("gateway, hosts", [(None, 62), ("10.0.0.1", 61)])
def test_a_full_subnet_refuses_the_next_allocation(admin, new_subnet, gateway, hosts):
    subnet = new_subnet("10.0.0.0/26", gateway=gateway)
    answers = all_at_once(hosts + 3, lambda index: allocate(admin, subnet))
    refused = [answer for answer in answers if answer.is_error]
    assert len({accepted(a)["address"] for a in answers if a.is_success}) == hosts
    assert [refusal(answer) for answer in refused] == [(409, "subnet_full")] * 3
    detail = refused[0].json()["detail"]
    assert detail["params"]["cidr"] == "10.0.0.0/26" and "10.0.0.0/26 is full" in detail["message"]
    shown = admin.get(f"/subnets/{subnet['id']}").json()
    assert shown["free"] == "0" and shown["utilisation"] == 1


def test_one_address_is_given_out_once_whoever_asks(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/26")
    body = {"subnet_id": subnet["id"], "address": "10.0.0.7"}
    answers = all_at_once(20, lambda index: admin.post("/addresses", json=body))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {refusal(a) for a in answers if a.is_error} == {(409, "address_taken")}


def test_allocation_and_division_at_once_leave_every_address_in_the_smallest_subnet(
    admin, vrf, new_subnet
):
    outer = new_subnet("10.0.0.0/25")
    halves = ["10.0.0.0/26", "10.0.0.64/26"]

    def work(index: int):
        if index in (10, 20):
            cidr = halves[index // 10 - 1]
            return admin.post("/subnets", json={"vrf_id": vrf["id"], "cidr": cidr})
        return allocate(admin, outer)

    answers = all_at_once(40, work)
    assert {refusal(a) for a in answers if a.is_error} <= {
        (409, "subnet_has_children"),
        (409, "boundary_in_use"),
    }
    rows = admin.get(f"/subnets?vrf_id={vrf['id']}").json()
    given = sum(a.is_success for a in answers) - (len(rows) - 1)
    assert rows[0]["used"] == given
    assert sum(row["used"] for row in rows[1:]) == given


def test_allocations_from_different_subnets_do_not_disturb_each_other(admin, new_subnet):
    subnets = [new_subnet(f"10.0.{index}.0/24") for index in range(8)]
    answers = all_at_once(40, lambda index: allocate(admin, subnets[index % 8]))
    assert len({accepted(answer)["address"] for answer in answers}) == 40


def test_a_divided_subnet_gives_out_nothing_itself(admin, new_subnet):
    outer, inner = new_subnet("10.0.0.0/24"), new_subnet("10.0.0.0/26")
    assert refusal(allocate(admin, outer)) == (409, "subnet_has_children")
    body = {"subnet_id": outer["id"], "address": "10.0.0.5"}
    assert refusal(admin.post("/addresses", json=body)) == (409, "address_in_child")
    assert accepted(allocate(admin, inner))["address"] == "10.0.0.1"


def test_the_gateway_of_the_subnet_around_is_not_given_out(admin, new_subnet):
    new_subnet("10.0.0.0/24", gateway="10.0.0.1")
    inner = new_subnet("10.0.0.0/26")
    assert accepted(allocate(admin, inner))["address"] == "10.0.0.2"


@pytest.mark.parametrize(
    "address, status, code",
    [
        ("10.0.1.1", 400, "address_outside_subnet"),
        ("2001:db8::1", 400, "address_outside_subnet"),
        ("10.0.0.0", 400, "address_not_assignable"),
        ("10.0.0.255", 400, "address_not_assignable"),
        ("10.0.0.1", 409, "address_is_gateway"),
        ("10.0.0.01", 400, "bad_address"),
    ],
)
def test_an_address_that_no_host_may_have_is_refused(admin, new_subnet, address, status, code):
    subnet = new_subnet("10.0.0.0/24", gateway="10.0.0.1")
    body = {"subnet_id": subnet["id"], "address": address}
    assert refusal(admin.post("/addresses", json=body)) == (status, code)


@pytest.mark.parametrize(
    "fields, code",
    [({"hostname": "not a name"}, "bad_hostname"), ({"mac": "00:11:22:33:44"}, "bad_mac")],
)
def test_malformed_names_are_refused(admin, new_subnet, fields, code):
    subnet = new_subnet("10.0.0.0/24")
    assert refusal(allocate(admin, subnet, **fields)) == (400, code)


def test_a_reserved_address_is_skipped_until_it_is_released(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24")
    path = f"/subnets/{subnet['id']}/reserve"
    next_free = accepted(admin.post(path, json={"description": "printer"}))
    named = accepted(admin.post(path, json={"address": "10.0.0.2"}))
    assert (next_free["address"], next_free["state"]) == ("10.0.0.1", "reserved")
    assert refusal(admin.post(path, json={"address": "10.0.0.2"})) == (409, "address_taken")
    assert accepted(allocate(admin, subnet))["address"] == "10.0.0.3"
    assert admin.delete(f"/addresses/{named['id']}").status_code == 204
    assert refusal(admin.delete(f"/addresses/{named['id']}")) == (404, "not_found")
    assert accepted(allocate(admin, subnet))["address"] == "10.0.0.2"


def test_a_reservation_becomes_an_assignment(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/24")
    row = accepted(admin.post(f"/subnets/{subnet['id']}/reserve", json={}))
    body = {"state": "used", "hostname": "new-host", "mac": "00-11-22-33-44-55"}
    changed = accepted(admin.patch(f"/addresses/{row['id']}", json=body))
    assert (changed["state"], changed["hostname"]) == ("used", "new-host")
    assert changed["mac"] == "00:11:22:33:44:55" and changed["address"] == row["address"]


def test_the_page_of_a_subnet_has_one_cell_per_ipv4_address(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/28", gateway="10.0.0.1")
    accepted(allocate(admin, subnet, hostname="a"))
    accepted(admin.post(f"/subnets/{subnet['id']}/reserve", json={}))
    page = admin.get(f"/subnets/{subnet['id']}/addresses").json()
    states = [cell["state"] for cell in page["items"]]
    assert page["total"] == 16 and page["offset"] == 0
    assert states == ["network", "gateway", "used", "reserved", *["free"] * 11, "broadcast"]
    tail = admin.get(f"/subnets/{subnet['id']}/addresses?offset=14&limit=10").json()
    assert [cell["address"] for cell in tail["items"]] == ["10.0.0.14", "10.0.0.15"]


def test_a_page_in_the_middle_of_a_huge_subnet_is_quick(admin, new_subnet):
    subnet = new_subnet("10.0.0.0/8")
    page = admin.get(f"/subnets/{subnet['id']}/addresses?offset=8388608&limit=2").json()
    assert page["total"] == 2**24
    assert [cell["address"] for cell in page["items"]] == ["10.128.0.0", "10.128.0.1"]


def test_ipv6_allocates_lists_and_counts_without_enumerating(admin, new_subnet):
    subnet = new_subnet("2001:db8:1::/64", gateway="2001:db8:1::1")
    first, second = (accepted(allocate(admin, subnet)) for _ in range(2))
    assert (first["address"], second["address"]) == ("2001:db8:1::2", "2001:db8:1::3")
    body = {"subnet_id": subnet["id"], "address": "2001:DB8:1:0:ffff::00ff"}
    assert accepted(admin.post("/addresses", json=body))["address"] == "2001:db8:1:0:ffff::ff"
    page = admin.get(f"/subnets/{subnet['id']}/addresses?limit=2").json()
    assert page["total"] == 3
    assert [cell["address"] for cell in page["items"]] == ["2001:db8:1::2", "2001:db8:1::3"]
    shown = admin.get(f"/subnets/{subnet['id']}").json()
    assert shown["used"] == 3 and shown["free"] == str(2**64 - 1 - 3 - 1)


def test_small_ipv6_subnets_fill_up(admin, new_subnet):
    link = new_subnet("2001:db8::/127")
    assert [accepted(allocate(admin, link))["address"] for _ in range(2)] == [
        "2001:db8::",
        "2001:db8::1",
    ]
    assert refusal(allocate(admin, link)) == (409, "subnet_full")


def test_both_families_live_side_by_side_in_one_vrf(admin, vrf, new_subnet):
    """The bytes of 32.1.13.184 begin 2001:db8::, which must not make them neighbours."""
    v4, v6 = new_subnet("32.1.13.0/24"), new_subnet("2001:db8::/32")
    assert v4["parent_id"] is None and v6["parent_id"] is None
    accepted(admin.post("/addresses", json={"subnet_id": v4["id"], "address": "32.1.13.184"}))
    assert admin.get(f"/subnets/{v6['id']}").json()["used"] == 0
