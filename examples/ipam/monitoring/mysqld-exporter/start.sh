#!/bin/sh
# Starts the exporter of MySQL with the account of the application, whose password is a secret: it
# stands in a private file, in no argument and no variable.
set -eu
umask 077

config=${EXPORTER_RUN_DIR:-/tmp}/my.cnf
password=$(sed 's/[\\"]/\\&/g' "${DB_PASSWORD_FILE:-/run/secrets/db_password}")
cat >"$config" <<EOF
[client]
host=${DB_HOST:-mysql}
port=${DB_PORT:-3306}
user=${DB_USER:?set DB_USER}
password="$password"
EOF

# What this account may not see is not asked for.
program=$(command -v mysqld_exporter || command -v prometheus-mysqld-exporter)
exec "$program" --config.my-cnf="$config" --no-collect.slave_status \
    --no-collect.info_schema.innodb_cmp --no-collect.info_schema.innodb_cmpmem \
    --no-collect.info_schema.query_response_time "$@"
