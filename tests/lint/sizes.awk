# awk -f sizes.awk FILE...: sizes that a reader can hold.  Lines marked "warning" do not fail.
# A switch decoder (more than a third of its lines are cases) may be longer than other functions.
function say(line, kind, text) {
    printf "%s:%d: %s%s\n", file, line, kind == "warn" ? "warning: " : "", text
    if (kind != "warn")
        bad = 1
}

function judge(line, n, warn, refuse, what) {
    if (refuse && n > refuse)
        say(line, "bad", what " has " n " lines, at most " refuse)
    else if (n > warn)
        say(line, "warn", what " has " n " lines, better at most " warn)
}

function end_file() {
    if (file ~ /\.h$/)
        judge(lines, lines, 120, 200, "header")
    else if (file != "")
        judge(lines, lines, 600, 800, "file")
}

FNR == 1 {
    end_file()
    file = FILENAME
    head = ""
    inside = 0
}

{ lines = FNR }

inside && /^}/ {
    length_of = FNR - start - 1
    decoder = cases * 3 > length_of
    judge(start, length_of, decoder ? 80 : 60, decoder ? 0 : 80, "function " name)
    inside = 0
    head = ""
    next
}

inside { cases += /^ *case .*:/; next }

/^[{]/ && head ~ /\)$/ {
    inside = 1
    cases = 0
    start = FNR
    name = head
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    list = head
    sub(/^[^(]*\(/, "", list)
    gsub(/\([^()]*\)/, "", list) # parameters of a parameter that is a function
    n = gsub(/,/, ",", list) + 1
    if (n > 7)
        say(start, "bad", "function " name " has " n " parameters, at most 7")
    else if (n > 6)
        say(start, "warn", "function " name " has " n " parameters, better at most 6")
    next
}

# the head of a function may span lines
/^[A-Za-z_].*[(,]/ && !/;$/ { head = $0; next }
head != "" && /^[ \t]+[^ \t]/ && !/;$/ { head = head " " $0; next }
{ head = "" }

END { end_file(); exit bad }
