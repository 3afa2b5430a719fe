#!/bin/sh
# Every limit of base/limits.h is used: a limit that nothing enforces is a wish.
set -eu
cd "$(dirname "$0")/../.."

sed -n 's/^ *\(LIMIT_[A-Z_]*\) *=.*/\1/p' orchestrator/base/limits.h | {
    bad=0
    while IFS= read -r limit; do
        if ! grep -rqw "$limit" --include='*.c' orchestrator units sandbox; then
            echo "orchestrator/base/limits.h: $limit is enforced nowhere"
            bad=1
        fi
    done
    exit $bad
}
