-- Demo data: three routing domains. Rows that exist already stay as they are.

INSERT INTO vrfs (name, rd, description) VALUES
    ('corporate', '65000:10', 'Offices and data centre'),
    ('dmz',       '65000:20', 'Services that face the internet'),
    ('lab',       '65000:30', 'Isolated test networks, overlap with corporate on purpose')
ON DUPLICATE KEY UPDATE id = id;
