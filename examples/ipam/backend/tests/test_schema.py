"""The SQL of the project: constraints that hold without the application, and the demo data."""

import ipaddress

import pymysql
import pytest
from support import SEEDS, MariaDB


@pytest.fixture
def seeded(mariadb: MariaDB) -> MariaDB:
    for script in sorted(SEEDS.glob("*.sql")):
        mariadb.run_script(script)
    return mariadb


def inventory(mariadb: MariaDB) -> list[tuple]:
    return [
        *mariadb.query("SELECT * FROM vrfs ORDER BY id"),
        *mariadb.query("SELECT * FROM subnets ORDER BY id"),
        *mariadb.query("SELECT * FROM addresses ORDER BY id"),
    ]


def test_the_demo_data_has_the_size_of_a_small_company(seeded: MariaDB):
    demo = "vrf_id IN (SELECT id FROM vrfs WHERE name IN ('corporate', 'dmz', 'lab'))"
    [(subnets,)] = seeded.query(f"SELECT COUNT(*) FROM subnets WHERE {demo}")
    [(addresses,)] = seeded.query(f"SELECT COUNT(*) FROM addresses WHERE {demo}")
    assert subnets >= 30 and addresses >= 80


def test_running_the_seeds_again_changes_nothing(seeded: MariaDB):
    before = inventory(seeded)
    for script in sorted(SEEDS.glob("*.sql")):
        seeded.run_script(script)
    assert inventory(seeded) == before


def test_every_demo_subnet_hangs_below_the_smallest_one_around_it(seeded: MariaDB):
    rows = seeded.query("SELECT id, vrf_id, parent_id, network, prefix FROM subnets")
    networks = {row[0]: ipaddress.ip_network((row[3], row[4])) for row in rows}
    domain = {row[0]: row[1] for row in rows}
    for key, _, parent, *_ in rows:
        around = [
            other
            for other in networks
            if other != key
            and domain[other] == domain[key]
            and networks[other].version == networks[key].version
            and networks[key].subnet_of(networks[other])
        ]
        smallest = max(around, key=lambda other: networks[other].prefixlen, default=None)
        assert parent == smallest, networks[key]


def test_every_demo_address_is_a_free_host_address_of_its_subnet(seeded: MariaDB):
    rows = seeded.query(
        "SELECT addresses.address, subnets.network, subnets.prefix, subnets.gateway"
        " FROM addresses JOIN subnets ON subnets.id = addresses.subnet_id"
    )
    for packed, network, prefix, gateway in rows:
        address = ipaddress.ip_address(packed)
        subnet = ipaddress.ip_network((network, prefix))
        assert address in subnet and packed != gateway
        if subnet.version == 4 and prefix < 31:
            assert address not in (subnet.network_address, subnet.broadcast_address)


@pytest.mark.parametrize(
    "statement",
    [
        # the same address twice in one VRF
        "INSERT INTO addresses (vrf_id, subnet_id, family, address, state)"
        " SELECT vrf_id, subnet_id, family, address, 'used' FROM addresses LIMIT 1",
        # an address whose VRF is not the one of its subnet
        "INSERT INTO addresses (vrf_id, subnet_id, family, address, state)"
        " SELECT vrf_id + 1, id, family, network, 'used' FROM subnets LIMIT 1",
        # an IPv6 address in an IPv4 subnet
        "INSERT INTO addresses (vrf_id, subnet_id, family, address, state)"
        " SELECT vrf_id, id, 6, INET6_ATON('::1'), 'used' FROM subnets WHERE family = 4 LIMIT 1",
        # the same subnet twice in one VRF
        "INSERT INTO subnets (vrf_id, family, network, broadcast, prefix)"
        " SELECT vrf_id, family, network, broadcast, prefix FROM subnets LIMIT 1",
        # a gateway outside its subnet
        "UPDATE subnets SET gateway = INET6_ATON('192.0.2.255') WHERE prefix = 28 LIMIT 1",
        # a VLAN that does not exist
        "UPDATE subnets SET vlan = 4095 LIMIT 1",
    ],
)
def test_the_database_itself_refuses_inconsistent_rows(seeded: MariaDB, statement: str):
    with pytest.raises(pymysql.err.Error):
        seeded.query(statement)
