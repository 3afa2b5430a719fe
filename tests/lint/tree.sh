#!/bin/sh
# Compares the tree in docs/ARCHITECTURE.md with the files of the repository, in both directions.
# A line of the tree: two spaces per level, a name, two or more spaces, what it is.
# "err.c .h" is err.c and err.h; a name with * is a pattern; a folder without lines below it stands
# for everything in it.
set -eu
cd "$(dirname "$0")/../.."

if ! git rev-parse --git-dir >/dev/null 2>&1; then
    echo "tree: not a git checkout, nothing to compare"
    exit 0
fi
# with files that are new and not yet added, without files that are deleted
git ls-files --cached --others --exclude-standard | while IFS= read -r path; do
    [ ! -e "$path" ] || echo "$path"
done | sort -u |
    awk '
    function leave(level) { while (depth > level) depth-- }

    # turns a name with * into a regular expression
    function pattern(name) {
        gsub(/[.]/, "[.]", name)
        gsub(/[*]/, "[^/]*", name)
        return "^" name "$"
    }

    function entry(path, line) {
        entries++
        name_of[entries] = path
        line_of[entries] = line
    }

    FILENAME == ARGV[1] {
        if ($0 == "<!-- tree -->") { on = 1; next }
        if ($0 == "<!-- /tree -->") on = 0
        if (!on || $0 ~ /^```/ || $0 ~ /^ *$/) next
        match($0, /^ */)
        level = int(RLENGTH / 2)
        rest = substr($0, RLENGTH + 1)
        if (match(rest, /  /)) rest = substr(rest, 1, RSTART - 1)
        base = level ? parent[level - 1] : ""
        if (level) children[base]++
        n = split(rest, names, " ")
        stem = names[1]
        sub(/[.][a-z]+$/, "", stem)
        for (i = 1; i <= n; i++) {
            name = i > 1 && names[i] ~ /^[.][a-z]$/ ? stem names[i] : names[i]
            entry(base name, FNR)
            if (name ~ /\/$/) parent[level] = base name
        }
        next
    }

    { file[++files] = $0 }

    END {
        if (!entries) { print "docs/ARCHITECTURE.md: no tree found"; exit 1 }
        for (f = 1; f <= files; f++) {
            found = 0
            for (e = 1; e <= entries; e++) {
                name = name_of[e]
                if (name ~ /\/$/) {
                    if (index(file[f], name) != 1) continue
                    used[e] = 1
                    if (!children[name]) found = 1
                } else if (file[f] ~ pattern(name)) {
                    used[e] = found = 1
                }
            }
            if (!found) { print "docs/ARCHITECTURE.md: the tree lacks " file[f]; bad = 1 }
        }
        for (e = 1; e <= entries; e++)
            if (!used[e]) {
                print "docs/ARCHITECTURE.md:" line_of[e] ": " name_of[e] " does not exist"
                bad = 1
            }
        exit bad
    }' docs/ARCHITECTURE.md -
