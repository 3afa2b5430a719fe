#!/bin/sh
# No committed file names the machine it was written on, and nothing looks like a key.
set -eu
cd "$(dirname "$0")/../.."

git rev-parse --git-dir >/dev/null 2>&1 || exit 0
bad=0
if git grep --untracked -nIE '(^|[^a-z.])/work/|/tmp/w/' -- . \
    ':!tests/lint/personal.sh' ':!*/package-lock.json'; then
    echo "paths of one machine"
    bad=1
fi
if git grep --untracked -nI -e '-----BEGIN .*PRIVATE KEY' -- . ':!tests/lint/personal.sh'; then
    echo "a private key"
    bad=1
fi
exit $bad
