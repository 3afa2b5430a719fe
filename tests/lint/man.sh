#!/bin/sh
# Every manual page is one that scdoc can make.
status=0
for page in docs/man/*.scd; do
    scdoc <"$page" >/dev/null || { echo "$page" && status=1; }
done
exit $status
