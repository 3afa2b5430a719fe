#!/bin/sh
# Starts the exporter of Redis. It takes a password from arguments or variables only: the variable is
# the exporter's own, and no argument.
set -eu

REDIS_PASSWORD=$(cat "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}")
unset REDIS_PASSWORD_FILE # it means something else to the exporter
export REDIS_PASSWORD

program=$(command -v redis_exporter || command -v prometheus-redis-exporter || echo /redis_exporter)
exec "$program" "$@"
