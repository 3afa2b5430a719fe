-- Accounts of the people and scripts that use the application.

CREATE TABLE users (
    id                   BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    username             VARCHAR(64)     NOT NULL,
    password_hash        VARCHAR(255)    NOT NULL,
    role                 ENUM('admin', 'operator', 'viewer') NOT NULL,
    active               BOOLEAN         NOT NULL DEFAULT TRUE,
    must_change_password BOOLEAN         NOT NULL DEFAULT FALSE,
    created_at           DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    last_login_at        DATETIME(6)     NULL,
    PRIMARY KEY (id),
    UNIQUE KEY users_username (username)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
