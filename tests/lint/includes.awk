# awk -f includes.awk deps.txt FILE...: prints every include that the table of folders forbids.
# A line of deps.txt: FOLDER WHAT IT MAY INCLUDE, where what is a folder or FOLDER/STEM.
function folder(path,   part) {
    sub(/^\.\//, "", path)
    sub(/^orchestrator\//, "", path)
    split(path, part, "/")
    return part[1]
}

FILENAME == ARGV[1] {
    known[$1] = may[$1, $1] = 1
    for (i = 2; i <= NF; i++)
        may[$1, $i] = 1
    next
}

/^#[ \t]*include "/ {
    split($0, quoted, "\"")
    header = stem = quoted[2]
    sub(/\.h$/, "", stem)
    from = folder(FILENAME)
    to = folder(header)
    if (header !~ /\//)
        why = "names no folder"
    else if (!(to in known))
        why = "is in a folder that deps.txt does not know"
    else if (!may[from, to] && !may[from, stem])
        why = "may not be included from " from
    else
        next
    printf "%s:%d: %s %s\n", FILENAME, FNR, header, why
    bad = 1
}

END { exit bad }
