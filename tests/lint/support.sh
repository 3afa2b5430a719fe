#!/bin/sh
# Every attribute that native mode honours names a test that shows it, and the test is there.
set -eu

awk -F'|' '
function trim(s) { gsub(/^[ \t`]+|[ \t`]+$/, "", s); return s }
# shell patterns of attributes as an expression
function expression(p) { gsub(/\./, "\\.", p); gsub(/\*/, ".*", p); gsub(/\?/, ".", p); return "^" p "$" }

FILENAME == ARGV[1] {
    if ($0 ~ /^\| `/ && $3 ~ /honoured/ && $4 !~ /see (its|their) attributes/)
        honoured[trim($2)] = 1
    next
}
/^#/ || NF != 3 { next }
{
    n = split(trim($1), patterns, /[ \t]+/)
    file = trim($2); test = trim($3)
    for (i = 1; i <= n; i++) {
        used = 0
        for (a in honoured)
            if (a ~ expression(patterns[i])) { shown[a] = 1; used = 1 }
        if (!used) { print FILENAME ":" FNR ": nothing honoured is called " patterns[i]; bad = 1 }
    }
    if (!((file, test) in known)) {
        known[file, test] = 1
        found = 0
        while ((getline line < file) > 0)
            if (line == "@test \"" test "\" {" || line == "= " test) found = 1
        close(file)
        if (!found) { print FILENAME ":" FNR ": " file " has no test \"" test "\""; bad = 1 }
    }
}
END {
    for (a in honoured)
        if (!(a in shown)) { print "docs/COMPOSE-SUPPORT.md: no test shows " a; bad = 1 }
    exit bad
}' docs/COMPOSE-SUPPORT.md tests/support.txt
