-- Routing domains and the tree of subnets inside each of them.
--
-- Addresses are kept in network byte order, 4 bytes for IPv4 and 16 for IPv6,
-- so that comparing the bytes orders them and BETWEEN is a range of addresses
-- as long as both sides belong to the same family.

CREATE TABLE vrfs (
    id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    name        VARCHAR(64)     NOT NULL,
    rd          VARCHAR(32)     NULL,
    description VARCHAR(255)    NOT NULL DEFAULT '',
    created_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id),
    UNIQUE KEY vrfs_name (name),
    UNIQUE KEY vrfs_rd (rd)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- The key over id, vrf_id and family exists to be referenced: it is what keeps
-- a child or an address in the routing domain and family of its subnet.

CREATE TABLE subnets (
    id          BIGINT UNSIGNED   NOT NULL AUTO_INCREMENT,
    vrf_id      BIGINT UNSIGNED   NOT NULL,
    parent_id   BIGINT UNSIGNED   NULL,
    family      TINYINT UNSIGNED  NOT NULL,
    network     VARBINARY(16)     NOT NULL,
    broadcast   VARBINARY(16)     NOT NULL,
    prefix      TINYINT UNSIGNED  NOT NULL,
    vlan        SMALLINT UNSIGNED NULL,
    description VARCHAR(255)      NOT NULL DEFAULT '',
    gateway     VARBINARY(16)     NULL,
    created_at  DATETIME(6)       NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at  DATETIME(6)       NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
                                  ON UPDATE CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id),
    UNIQUE KEY subnets_cidr (vrf_id, family, network, prefix),
    UNIQUE KEY subnets_identity (id, vrf_id, family),
    KEY subnets_gateway (vrf_id, family, gateway),
    KEY subnets_parent (parent_id, vrf_id, family),
    CONSTRAINT subnets_vrf FOREIGN KEY (vrf_id) REFERENCES vrfs (id),
    CONSTRAINT subnets_parent FOREIGN KEY (parent_id, vrf_id, family)
        REFERENCES subnets (id, vrf_id, family),
    CONSTRAINT subnets_family CHECK (
        (family = 4 AND prefix <= 32 AND LENGTH(network) = 4 AND LENGTH(broadcast) = 4)
        OR (family = 6 AND prefix <= 128 AND LENGTH(network) = 16 AND LENGTH(broadcast) = 16)
    ),
    CONSTRAINT subnets_order CHECK (network <= broadcast),
    CONSTRAINT subnets_gateway_inside CHECK (gateway BETWEEN network AND broadcast),
    CONSTRAINT subnets_vlan CHECK (vlan BETWEEN 1 AND 4094)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
