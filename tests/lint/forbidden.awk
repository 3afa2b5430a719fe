# awk -f forbidden.awk forbidden.txt FILE...: calls we do not make, line comments, open ends.
# forbidden.txt: "CALL reason" forbids; "FILE CALL reason" is an exception with its reason.
# Strings and comments are taken out first, so that only code is looked at.
function strip(line,   out, at) {
    out = ""
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            if (!at)
                return out
            line = substr(line, at + 2)
            in_comment = 0
        } else if (match(line, /^[^"'\/]+/)) {
            out = out substr(line, 1, RLENGTH)
            line = substr(line, RLENGTH + 1)
        } else if (substr(line, 1, 2) == "/*") {
            line = substr(line, 3)
            in_comment = 1
        } else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^'([^'\\]|\\.)*'/)) {
            out = out "\"\""
            line = substr(line, RLENGTH + 1)
        } else {
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
    }
    return out
}

function say(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text
    bad = 1
}

FILENAME == ARGV[1] {
    if ($1 ~ /\//)
        excepted[$1, $2] = 1
    else if ($1 != "" && $1 !~ /^#/) {
        call = $1
        sub(/^[^ ]+ +/, "")
        reason[call] = $0
    }
    next
}

FNR == 1 { in_comment = 0 }

/(TODO|FIXME|XXX)/ && !/(TODO|FIXME|XXX)\(#[0-9]+\)/ { say("an open end without an issue number") }

{
    code = strip($0)
    if (code ~ /\/\//)
        say("// comments are not used here")
    while (match(code, /[A-Za-z_][A-Za-z_0-9]*[ ]*\(/)) {
        call = substr(code, RSTART, RLENGTH - 1)
        sub(/ +$/, "", call)
        before = substr(code, 1, RSTART - 1)
        code = substr(code, RSTART + RLENGTH)
        if (!(call in reason) || (FILENAME, call) in excepted || before ~ /(->|\.)$/)
            continue
        if (call == "exit" && FILENAME ~ /(^|\/)main_[a-z]+\.c$/)
            continue
        say(call "() is not used here: " reason[call])
    }
}

END { exit bad }
