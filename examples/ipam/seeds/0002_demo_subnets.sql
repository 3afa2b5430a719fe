-- Demo data: a tree of subnets. Rows that exist already stay as they are.

INSERT INTO subnets (vrf_id, family, network, broadcast, prefix, vlan, description, gateway)
WITH demo (vrf, family, network, broadcast, prefix, vlan, description, gateway) AS (VALUES
    ('corporate', 4, '10.0.0.0',            '10.255.255.255',                         8,  NULL, 'Private address space',           NULL),
    ('corporate', 4, '10.10.0.0',           '10.10.255.255',                          16, NULL, 'Headquarters Berlin',             NULL),
    ('corporate', 4, '10.10.0.0',           '10.10.0.255',                            24, 10,   'HQ network management',           '10.10.0.1'),
    ('corporate', 4, '10.10.10.0',          '10.10.10.255',                           24, 110,  'HQ office floor 1',               '10.10.10.1'),
    ('corporate', 4, '10.10.20.0',          '10.10.20.255',                           24, 120,  'HQ office floor 2',               '10.10.20.1'),
    ('corporate', 4, '10.10.30.0',          '10.10.30.127',                           25, 130,  'HQ IP phones',                    '10.10.30.1'),
    ('corporate', 4, '10.10.40.0',          '10.10.43.255',                           22, 140,  'HQ wireless guests',              '10.10.40.1'),
    ('corporate', 4, '10.20.0.0',           '10.20.255.255',                          16, NULL, 'Data centre Frankfurt',           NULL),
    ('corporate', 4, '10.20.0.0',           '10.20.15.255',                           20, NULL, 'Production',                      NULL),
    ('corporate', 4, '10.20.0.0',           '10.20.0.63',                             26, 200,  'Production web tier',             '10.20.0.1'),
    ('corporate', 4, '10.20.0.64',          '10.20.0.127',                            26, 201,  'Production application tier',     '10.20.0.65'),
    ('corporate', 4, '10.20.0.128',         '10.20.0.159',                            27, 202,  'Production databases',            '10.20.0.129'),
    ('corporate', 4, '10.20.1.0',           '10.20.1.15',                             28, 203,  'Production load balancers',       '10.20.1.1'),
    ('corporate', 4, '10.20.16.0',          '10.20.31.255',                           20, NULL, 'Staging',                         NULL),
    ('corporate', 4, '10.20.16.0',          '10.20.16.63',                            26, 216,  'Staging servers',                 '10.20.16.1'),
    ('corporate', 4, '10.20.255.0',         '10.20.255.7',                            29, 299,  'Storage replication',             '10.20.255.1'),
    ('corporate', 4, '10.30.0.0',           '10.30.255.255',                          16, NULL, 'Branch Hamburg',                  NULL),
    ('corporate', 4, '10.30.10.0',          '10.30.10.255',                           24, 310,  'Hamburg office',                  '10.30.10.1'),
    ('corporate', 4, '10.30.20.0',          '10.30.20.63',                            26, 320,  'Hamburg printers and scanners',   '10.30.20.1'),
    ('corporate', 4, '10.255.0.0',          '10.255.0.255',                           24, NULL, 'Transfer networks',               NULL),
    ('corporate', 4, '10.255.0.0',          '10.255.0.1',                             31, NULL, 'Link Berlin to Frankfurt',        NULL),
    ('corporate', 4, '10.255.0.2',          '10.255.0.3',                             31, NULL, 'Link Berlin to Hamburg',          NULL),
    ('corporate', 6, '2001:db8::',          '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 32, NULL, 'Provider-independent IPv6 space', NULL),
    ('corporate', 6, '2001:db8:10::',       '2001:db8:10:ffff:ffff:ffff:ffff:ffff',   48, NULL, 'Headquarters Berlin',             NULL),
    ('corporate', 6, '2001:db8:10:10::',    '2001:db8:10:10:ffff:ffff:ffff:ffff',     64, 110,  'HQ office floor 1',               '2001:db8:10:10::1'),
    ('corporate', 6, '2001:db8:20::',       '2001:db8:20:ffff:ffff:ffff:ffff:ffff',   48, NULL, 'Data centre Frankfurt',           NULL),
    ('corporate', 6, '2001:db8:20:200::',   '2001:db8:20:200:ffff:ffff:ffff:ffff',    64, 200,  'Production web tier',             '2001:db8:20:200::1'),
    ('corporate', 6, '2001:db8:20:201::',   '2001:db8:20:201:ffff:ffff:ffff:ffff',    64, 201,  'Production application tier',     '2001:db8:20:201::1'),
    ('dmz',       4, '198.51.100.0',        '198.51.100.255',                         24, NULL, 'Public block of provider A',      NULL),
    ('dmz',       4, '198.51.100.0',        '198.51.100.31',                          27, 900,  'Public web services',             '198.51.100.1'),
    ('dmz',       4, '198.51.100.32',       '198.51.100.47',                          28, 901,  'Mail relays',                     '198.51.100.33'),
    ('dmz',       4, '203.0.113.0',         '203.0.113.127',                          25, NULL, 'Public block of provider B',      NULL),
    ('dmz',       4, '203.0.113.0',         '203.0.113.15',                           28, 910,  'VPN gateways',                    '203.0.113.1'),
    ('dmz',       6, '2001:db8:d000::',     '2001:db8:d0ff:ffff:ffff:ffff:ffff:ffff', 40, NULL, 'Public IPv6 block',               NULL),
    ('dmz',       6, '2001:db8:d000:900::', '2001:db8:d000:900:ffff:ffff:ffff:ffff',  64, 900,  'Public web services',             '2001:db8:d000:900::1'),
    ('lab',       4, '10.10.0.0',           '10.10.255.255',                          16, NULL, 'Test copy of the headquarters',   NULL),
    ('lab',       4, '10.10.10.0',          '10.10.10.255',                           24, 110,  'Test clients',                    '10.10.10.1'),
    ('lab',       4, '192.0.2.0',           '192.0.2.15',                             28, 777,  'Burn-in bench',                   '192.0.2.1')
)
SELECT vrfs.id, demo.family, INET6_ATON(demo.network), INET6_ATON(demo.broadcast), demo.prefix,
       demo.vlan, demo.description, INET6_ATON(demo.gateway)
FROM demo JOIN vrfs ON vrfs.name = demo.vrf
ON DUPLICATE KEY UPDATE id = subnets.id;

-- The parent of a subnet is the smallest one around it.

UPDATE subnets AS child
SET parent_id = (
    SELECT id FROM subnets AS around
    WHERE around.vrf_id = child.vrf_id
        AND around.family = child.family
        AND around.prefix < child.prefix
        AND around.network <= child.network
        AND around.broadcast >= child.broadcast
    ORDER BY around.prefix DESC
    LIMIT 1
)
WHERE vrf_id IN (SELECT id FROM vrfs WHERE name IN ('corporate', 'dmz', 'lab'));
