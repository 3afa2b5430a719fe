-- Who changed what. No foreign keys: an entry outlives the user and the object.

CREATE TABLE audit_log (
    id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at          DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    username    VARCHAR(64)     NOT NULL,
    action      VARCHAR(48)     NOT NULL,
    object_type VARCHAR(32)     NOT NULL,
    object_id   BIGINT UNSIGNED NULL,
    object      VARCHAR(255)    NOT NULL,
    detail      JSON            NOT NULL,
    PRIMARY KEY (id),
    KEY audit_log_action (action, id),
    KEY audit_log_username (username, id),
    KEY audit_log_object (object_type, object_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
