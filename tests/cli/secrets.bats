#!/usr/bin/env bats
# secrets without a manager: what is listed, refused, made and kept.

load command

# a project of its own for each test, in p
project() {
    mkdir p
    cd p || return
    # shellcheck disable=SC2016 # for compose to expand
    compose 'name: p
services:
  web: {image: a, secrets: [token, {source: file}], environment: {URL: "x://${WEB_KEY}@y"}}
  job: {image: b, secrets: [token]}
secrets:
  token: {environment: TOKEN}
  file: {file: ./file}'
    echo content >file
    printf '%s\n' '# Who may.' '#: type=secret required=yes generate=40 previous=TOKEN_OLD' 'TOKEN=' '' \
        '# For the address.' '#: type=secret required=yes generate=24' 'WEB_KEY=' '' \
        '# Later perhaps.' '#: type=secret required=no' 'SPARE=' '' \
        '# First one.' '#: type=secret required=yes generate=24 once' 'ADMIN=' >env.template
    orch init --generate >/dev/null
}

value() {
    sed -n "s/^$1=//p" .env.prod
}

@test "what is no action, a name too few, one too many, an unknown one: exit 2 and a next step" {
    project
    fails 2 "nothing is nothing that can be done" "next: ipam-orch secrets --help" -- secrets
    fails 2 "'lst' is nothing" -- secrets lst
    fails 2 "set: of which secret?" "next: ipam-orch secrets ls" -- secrets set
    fails 2 "'B' is one name too many" -- secrets get A B
    fails 2 "'ls'" -- secrets ls ls
    fails 2 "no secret 'TOKN', did you mean 'TOKEN'?" -- secrets get TOKN --reveal
    fails 2 "did you mean 'token'?" -- secrets get tken --reveal
}

@test "ls: names, age, strength, who reads them; as JSON; no value" {
    project
    run -0 orch secrets ls
    echo "$output"
    grep -qE '^TOKEN +token +0 d +2[0-9]{2} bits +web, job$' <<<"$output"
    grep -qE '^WEB_KEY +- +0 d +1[0-9]{2} bits +web$' <<<"$output"
    grep -qE '^SPARE +- +unknown +empty +-$' <<<"$output"
    grep -qE '^file +file +0 d +file +web$' <<<"$output"
    [[ $output != *"$(value TOKEN)"* ]]
    run -0 orch secrets ls --format json
    [ "$(jq -r '[.schema, .mode, .project, (.secrets | length)] | join(" ")' <<<"$output")" = "1 native p 5" ]
    [ "$(jq -r '.secrets[] | select(.name == "TOKEN") | [.secret, .set, .age_days, (.consumers | join("+"))] | join(" ")' <<<"$output")" = "token true 0 web+job" ]
    [[ $output != *"$(value TOKEN)"* ]]
}

@test "a value that was changed by hand has no age any more" {
    project
    sed -i 's/^TOKEN=.*/TOKEN=Corner-Hat-Bicycle-42/' .env.prod
    run -0 orch secrets ls
    grep -qE '^TOKEN +token +unknown ' <<<"$output"
}

@test "get shows nothing unless it is told to; a file is none" {
    project
    fails 15 "not shown" "next: ipam-orch secrets get TOKEN --reveal" -- secrets get TOKEN
    run -0 orch secrets get token --reveal
    [ "$output" = "$(value TOKEN)" ]
    fails 3 "is the file" -- secrets get file --reveal
}

@test "generate makes what is empty, strong and harmless, and nothing else" {
    local made
    project
    cp .env.prod before
    run -0 orch secrets generate
    [[ $output == *"nothing to do"* ]]
    cmp before .env.prod
    sed -i 's/^TOKEN=.*/TOKEN=/' .env.prod
    run -0 orch secrets generate
    [[ $output == *"1 value made"* ]]
    made=$(value TOKEN)
    [ "${#made}" -eq 40 ]
    [[ $made =~ ^[A-Za-z0-9]+$ ]]
    [ "$(value SPARE)" = "" ]
    [ "$(grep -v -e '^TOKEN=' -e '^#:' before)" = "$(grep -v -e '^TOKEN=' -e '^#:' .env.prod)" ]
    [ "$(stat -c %a .env.prod)" = 600 ]
    rm .env.prod
    fails 3 ".env.prod is missing" "next: ipam-orch init" -- secrets generate
}

@test "set takes a value from stdin, keeps the file's other lines, mode and owner" {
    project
    [ "$(id -u)" -ne 0 ] || chown 65534:65533 .env.prod
    chmod 640 .env.prod
    stat -c '%u %g %a' .env.prod >owner
    cp .env.prod before
    run -0 orch secrets set TOKEN <<<Corner-Hat-Bicycle-42
    echo "$output"
    [[ $output == *"read by: web, job"*"next: ipam-orch up"* ]]
    [ "$(value TOKEN)" = Corner-Hat-Bicycle-42 ]
    [ "$(stat -c '%u %g %a' .env.prod)" = "$(cat owner)" ]
    [ "$(grep -v -e '^TOKEN=' -e '^#:' before)" = "$(grep -v -e '^TOKEN=' -e '^#:' .env.prod)" ]
    run -0 orch secrets ls
    grep -qE '^TOKEN +token +0 d ' <<<"$output"
    # nothing of the way there is left
    [ -z "$(find . -name '*.tmp')" ]
}

@test "set follows a link to the file" {
    project
    mkdir ../elsewhere
    mv .env.prod ../elsewhere/real
    ln -s ../elsewhere/real .env.prod
    run -0 orch secrets set TOKEN <<<Corner-Hat-Bicycle-42
    [ -L .env.prod ]
    grep -qx TOKEN=Corner-Hat-Bicycle-42 ../elsewhere/real
}

@test "set refuses what is short, weak, dangerous, used already, empty; an argument is no value" {
    local before bad why
    project
    before=$(sha256sum .env.prod)
    while read -r bad why; do
        run -3 --separate-stderr orch secrets set TOKEN <<<"$bad"
        echo "$bad: $stderr"
        [[ $stderr == *"the value for TOKEN $why"* ]]
    done <<'END'
short has 5 characters, at least 12
changeme is a placeholder
aaaaaaaaaaaaaaaaaaaaaaaa is worth 0 bits
correct$horse-battery has a '$'
correct'horse-battery has a '''
correct@horse-battery has a '@'
END
    run -3 --separate-stderr orch secrets set TOKEN <<<"$(value WEB_KEY)"
    [[ $stderr == *"is that of WEB_KEY too"* ]]
    run -2 --separate-stderr orch secrets set TOKEN </dev/null
    [[ $stderr == *"no value was given"* ]]
    run -2 --separate-stderr orch secrets set TOKEN <<<"$(printf 'x%.0s' {1..600})"
    [[ $stderr == *"more than 512 characters"* ]]
    fails 2 "one name too many" -- secrets set TOKEN Corner-Hat-Bicycle-42
    TOKEN=Corner-Hat-Bicycle-43 fails 3 "comes from the environment" -- secrets set TOKEN
    [ "$(sha256sum .env.prod)" = "$before" ]
}

@test "at a terminal the value is asked for twice and not echoed" {
    project
    run python3 - "$IPAM_ORCH_BUILD/ipam-orch" <<'PYTHON'
import os, pty, sys
def run(*answers):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], [sys.argv[1], "secrets", "set", "TOKEN"])
    shown = b""
    answers = list(answers)
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
        if answers and shown.endswith(b": "):
            os.write(terminal, answers.pop(0) + b"\n")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()
print(run(b"Corner-Hat-Bicycle-42", b"Corner-Hat-Bicycle-43"))
print(run(b"Corner-Hat-Bicycle-42", b"Corner-Hat-Bicycle-42"))
PYTHON
    echo "$output"
    [[ ${lines[0]} == "(2, "*"TOKEN again"*"two different values"* ]]
    [[ ${lines[1]} == "(0, "* ]]
    [[ $output != *Corner-Hat* ]]
    [ "$(value TOKEN)" = Corner-Hat-Bicycle-42 ]
}

@test "check: every weakness with its name, exit 3" {
    project
    run -0 orch secrets check
    echo "$output"
    [ "$(grep -c '^ok ' <<<"$output")" -eq 5 ]
    sed -i "s/^TOKEN=.*/TOKEN=changeme/; s/^ADMIN=.*/ADMIN=$(value WEB_KEY)/" .env.prod
    rm file
    run -3 orch secrets check
    echo "$output"
    [[ $output == *"fail TOKEN "*"is a placeholder"* ]]
    [[ $output == *"fail ADMIN "*"is that of WEB_KEY too"* ]]
    [[ $output == *"fail WEB_KEY "*"is that of ADMIN too"* ]]
    [[ $output == *"fail file "*"No such file"* ]]
    [[ $output == *"ok   SPARE "* ]]
    run -3 --separate-stderr orch secrets check --format json
    [ "$(jq -r '[.checks[] | select(.ok | not) | .name] | sort | join(" ")' <<<"$output")" = "ADMIN TOKEN WEB_KEY file" ]
}

@test "rotate says what cannot be rotated, and that nothing runs" {
    project
    fails 15 "ADMIN is used at the first start only" "next:" -- secrets rotate ADMIN
    fails 3 "is the file" "next: replace it" -- secrets rotate file
    fails 3 "WEB_KEY is no secret of the compose file" "next:" -- secrets rotate WEB_KEY
    fails 14 "the manager is not running" -- secrets rotate TOKEN
}

@test "export: encrypted, into a new file of its own, readable by openssl alone" {
    project
    fails 15 "secrets leave encrypted" "next:" -- secrets export
    run -3 --separate-stderr orch secrets export --encrypt -o out <<<weak
    [[ $stderr == *"the passphrase is worth"* ]]
    [ ! -e out ]
    run -0 --separate-stderr orch secrets export --encrypt -o out <<<"four words of my own 77"
    [[ $stderr == *"openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -in out"* ]]
    [ "$(stat -c %a out)" = 600 ]
    run ! grep -qaF "$(value TOKEN)" out
    openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -in out -pass stdin <<<"four words of my own 77" >plain
    grep -qx "TOKEN=$(value TOKEN)" plain
    [ "$(sed -n 's/^# sha256 //p' plain)" = "$(head -n -1 plain | sha256sum | cut -d ' ' -f 1)" ]
    fails 1 "out: File exists" -- secrets export --encrypt -o out <<<"four words of my own 77"
}

@test "who may not read .env.prod is told so: exit 13" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    local dir
    project
    # where others may go
    dir=$(mktemp -d)
    chmod 755 "$dir"
    cp -a . "$IPAM_ORCH_BUILD/ipam-orch" "$dir"
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/ipam-orch" -f "$dir/compose.yaml" secrets ls
    rm -r "$dir"
    echo "exit $status: $output"
    [ "$status" -eq 13 ]
    [[ $output == *".env.prod"* ]]
}
