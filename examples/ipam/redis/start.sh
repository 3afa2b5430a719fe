#!/bin/sh
# Starts Redis with its users defined from a secret file. The password appears in
# no argument list and no environment, and only its hash is written, to a private
# file. Arguments are passed on to redis-server.
set -eu
umask 077

secret=${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}
users=${REDIS_RUN_DIR:-/tmp}/users.acl
data=${REDIS_DATA_DIR:-/data}
config=${REDIS_CONFIG:-/etc/redis/redis.conf}

password=$(cat "$secret")
if [ -z "$password" ]; then
    echo "redis: the secret file $secret is empty" >&2
    exit 1
fi
hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)

# operator: who changes the password of the others while they run (ipam-orch secrets rotate). Its own
# is new with every start, and only what runs in here, as this user, can read it.
operator=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf %s "$operator" >"${REDIS_RUN_DIR:-/tmp}/operator"
operator_hash=$(printf %s "$operator" | sha256sum | cut -d ' ' -f 1)

# default: probes, monitoring and backups. ipam: the application, its own keys only.
cat >"$users" <<EOF
user default on #$hash ~* &* +@all -@dangerous +info +config|get +bgsave +lastsave +client|list +slowlog|get +latency|latest
user operator on #$operator_hash resetchannels -@all +acl|list +acl|setuser
user ipam on #$hash ~ipam:* resetchannels -@all +@read +@write +@connection +@transaction -@dangerous
EOF

exec redis-server "$config" --dir "$data" --aclfile "$users" "$@"
