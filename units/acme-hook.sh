#!/bin/sh
# What uacme(1) runs for each challenge: METHOD TYPE NAME TOKEN AUTHORISATION.  http-01 is answered by
# a file below the directory that nginx serves, dns-01 by the program that the project names for it.
set -eu
umask 022

type=$2 token=$4
if [ "$type" = dns-01 ] && [ -n "${IPAM_ACME_DNS_HOOK:-}" ]; then
    exec "$IPAM_ACME_DNS_HOOK" "$@"
fi
# with a program for dns-01 that is the challenge that was chosen
[ "$type" = http-01 ] && [ -z "${IPAM_ACME_DNS_HOOK:-}" ] && [ -n "${IPAM_ACME_WEBROOT:-}" ] || exit 1
# a name that the server chose becomes one of a file
case $token in
    '' | *[!A-Za-z0-9_-]*)
        echo "acme-hook: the server sent a token that is none" >&2
        exit 1
        ;;
esac
dir=$IPAM_ACME_WEBROOT/.well-known/acme-challenge
case $1 in
    begin)
        mkdir -p "$dir"
        printf '%s' "$5" >"$dir/$token.new"
        mv -f "$dir/$token.new" "$dir/$token"
        ;;
    *) rm -f "$dir/$token" ;;
esac
