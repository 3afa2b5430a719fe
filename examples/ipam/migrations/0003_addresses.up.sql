-- Allocated and reserved addresses. A free address has no row.
--
-- The unique key is the last word on double allocation, whatever the
-- application believes. The address comes before the routing domain in it
-- because search looks for an address in all of them.

CREATE TABLE addresses (
    id          BIGINT UNSIGNED  NOT NULL AUTO_INCREMENT,
    vrf_id      BIGINT UNSIGNED  NOT NULL,
    subnet_id   BIGINT UNSIGNED  NOT NULL,
    family      TINYINT UNSIGNED NOT NULL,
    address     VARBINARY(16)    NOT NULL,
    state       ENUM('used', 'reserved') NOT NULL,
    hostname    VARCHAR(253)     NULL,
    mac         CHAR(17)         NULL,
    description VARCHAR(255)     NOT NULL DEFAULT '',
    created_at  DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at  DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
                                 ON UPDATE CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id),
    UNIQUE KEY addresses_unique (family, address, vrf_id),
    KEY addresses_subnet (subnet_id, address, state),
    KEY addresses_identity (subnet_id, vrf_id, family),
    KEY addresses_hostname (hostname),
    KEY addresses_mac (mac),
    CONSTRAINT addresses_subnet FOREIGN KEY (subnet_id, vrf_id, family)
        REFERENCES subnets (id, vrf_id, family),
    CONSTRAINT addresses_family CHECK (
        (family = 4 AND LENGTH(address) = 4) OR (family = 6 AND LENGTH(address) = 16)
    )
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
