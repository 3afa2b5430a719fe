#!/usr/bin/env bats
# init: what is made, for whom, what is asked, and that nothing is ever overwritten.

load command

# project [DIR]: the example as a user gets it
project() {
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" "${1:-ipam}"
    rm -f "${1:-ipam}/.env.prod"
}

# answers TEXT ARGUMENT...: ipam-orch at a terminal where TEXT is typed; what the terminal shows is $output
answers() {
    run python3 - "$IPAM_ORCH_BUILD/ipam-orch" "$@" <<'PYTHON'
import os, pty, sys
program, text, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(program, [program] + arguments)
os.write(terminal, text.encode())
shown = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    shown += more
print(shown.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
    echo "exit $status: $output"
}

@test "init makes .env.prod with secrets for its owner only, and never overwrites" {
    local first
    project
    cd ipam
    run orch init
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(stat -c %a .env.prod)" = 600 ]
    # that of a mail server is none of ours
    [ -z "$(sed -n '/^ALERT_SMTP/d; s/^\(.*PASSWORD\|JWT_SECRET_KEY\)=$/\1/p' .env.prod)" ]
    run ! grep -E '^(.*PASSWORD|JWT_SECRET_KEY)=.*[$"'\''#\\%@:/]' .env.prod
    first=$(sha256sum .env.prod)
    run orch init
    [ "$status" -eq 0 ]
    [[ $output == *"nothing to do"* ]]
    [ "$(sha256sum .env.prod)" = "$first" ]
}

@test "two inits give different secrets" {
    project a
    project b
    run -0 env -C a "$IPAM_ORCH_BUILD/ipam-orch" init
    run -0 env -C b "$IPAM_ORCH_BUILD/ipam-orch" init
    run ! grep -qxFf <(grep -E '(PASSWORD|KEY)=.' a/.env.prod) b/.env.prod
}

@test "every key has a comment, a type and whether it is required, in .env.prod too" {
    project
    cd ipam
    run -0 orch init --generate
    run -0 orch config --check
    local key keys=0
    while read -r key; do
        keys=$((keys + 1))
        echo "$key"
        grep -B1 "^$key=" .env.prod | grep -qE '^#: type=[a-z]+ required=(yes|no)'
        grep -B2 "^$key=" .env.prod | head -1 | grep -qE '^# [A-Za-z]'
    done < <(sed -n 's/^\([A-Z_]*\)=.*/\1/p' .env.prod)
    [ "$keys" -ge 10 ]
}

@test "behind sudo .env.prod belongs to who has called it" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    project
    SUDO_UID=65534 SUDO_GID=65533 run -0 orch --project-directory ipam -f ipam/compose.yaml init
    [ "$(stat -c '%u %g %a' ipam/.env.prod)" = "65534 65533 600" ]
}

@test "domain and e-mail are taken from the command line, when they are such" {
    project
    cd ipam
    fails 2 "--domain: 'a..b' is no name of a host" -- init --domain a..b
    fails 2 "--email: 'nobody' is no e-mail address" -- init --email nobody
    [ ! -e .env.prod ]
    run -0 orch init --non-interactive --domain ipam.example.org --email ops@example.org
    grep -qx DOMAIN=ipam.example.org .env.prod
    grep -qx ACME_EMAIL=ops@example.org .env.prod
    fails 15 ".env.prod is there" "next:" -- init --domain other.example.org
    grep -qx DOMAIN=ipam.example.org .env.prod
}

@test "at a terminal it asks, takes Enter for what stands in brackets, and asks again when it is wrong" {
    project
    cd ipam
    answers $'not..one\nipam.example.org\n\n80x\n8080\n\n' init
    [ "$status" -eq 0 ]
    [[ $output == *"Name under which people reach the application"* ]]
    [[ $output == *"DOMAIN (domain, optional) [localhost]:"*"'not..one' is no name of a host"* ]]
    [[ $output == *"HTTP_PORT (port, optional) [80]:"*"'80x' is no port"* ]]
    [[ $output != *MYSQL_PASSWORD* ]]
    grep -qx DOMAIN=ipam.example.org .env.prod
    grep -qx HTTP_PORT=8080 .env.prod
    grep -qx HTTPS_PORT=443 .env.prod
    run -0 orch config --check
    # nothing is echoed that is secret
    run ! grep -qF "$(sed -n 's/^MYSQL_PASSWORD=//p' .env.prod)" <<<"$output"
}

@test "who answers wrongly for ever, or goes away, gets nothing written" {
    project
    cd ipam
    answers $'a..\nb..\nc..\nd..\ne..\n' init
    [ "$status" -eq 3 ]
    [[ $output == *"no value for DOMAIN: nothing was written"* ]]
    [ ! -e .env.prod ]
    answers $'\004' init
    [ "$status" -eq 3 ]
    [ ! -e .env.prod ]
}

@test "on a terminal nothing is asked with --non-interactive" {
    project
    cd ipam
    answers '' init --non-interactive
    [ "$status" -eq 0 ]
    [[ $output != *"[localhost]"* ]]
    [ -s .env.prod ]
}

@test "a newer template: a second run shows what it adds, beside what there was and what there is; nothing is written" {
    local before
    project
    cd ipam
    run -0 orch init
    run -0 orch init --diff
    [[ $output == *"says nothing new"* ]]
    sed -i 's/^HTTPS_PORT=443/HTTPS_PORT=8443/' .env.prod
    # the newer one: another default, one key more, one secret more, one key less
    sed -i 's/^HTTP_PORT=80/HTTP_PORT=8080/; s/^HTTPS_PORT=443/HTTPS_PORT=4433/; /^IPAM_ADMIN_USER=/d' env.template
    printf '\n# How many.\n#: type=number required=no\nMANY=7\n\n# Sign.\n#: type=secret required=yes generate=40\nSIGN=\n' >>env.template
    before=$(sha256sum .env.prod)
    for verb in "init" "init --diff"; do
        # shellcheck disable=SC2086 # words
        run -0 orch $verb
        echo "$output"
        [[ $output == *"~ HTTP_PORT "*"default 80 -> 8080; yours is 80, the old default"* ]]
        [[ $output == *"~ HTTPS_PORT "*"default 443 -> 4433; yours is 8443"* ]]
        [[ $output == *"- IPAM_ADMIN_USER "*"does not have it any more"* ]]
        [[ $output == *"+ MANY "*"optional number, 7: How many."* ]]
        [[ $output == *"+ SIGN "*"required secret, made for you"* ]]
        [[ $output == *"next: ipam-orch init --generate"* ]]
        [ "$(sha256sum .env.prod)" = "$before" ]
    done
    run -0 orch init --diff --format json
    [ "$(jq -r '[.changes[] | "\(.change) \(.key)"] | sort | join(", ")' <<<"$output")" = \
        "added MANY, added SIGN, changed HTTPS_PORT, changed HTTP_PORT, removed IPAM_ADMIN_USER" ]
}

@test "init --generate adds what is missing and changes no value" {
    project
    cd ipam
    run -0 orch init
    printf '\n# Sign.\n#: type=secret required=yes generate=40\nSIGN=\n' >>env.template
    sed -i 's/^REDIS_PASSWORD=.*/REDIS_PASSWORD=/; s/^DOMAIN=.*/DOMAIN=mine.example.org/' .env.prod
    cp .env.prod ../before
    run -0 orch init --generate
    [[ $output == *"2 values added"* ]]
    grep -qx 'DOMAIN=mine.example.org' .env.prod
    [ "$(sed -n 's/^SIGN=//p' .env.prod | wc -c)" -eq 41 ]
    [ "$(sed -n 's/^REDIS_PASSWORD=//p' .env.prod | wc -c)" -eq 33 ]
    [ "$(stat -c %a .env.prod)" = 600 ]
    # of what was there only the empty secret and its date are others
    [ "$(diff ../before .env.prod | grep -c '^<')" -le 2 ]
    run -0 orch init --diff
    [[ $output == *"says nothing new"* ]]
}

@test "a project made from the shipped template hears of a newer shipped one" {
    mkdir -p share/examples share/units
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" share/examples/
    cp -r "$IPAM_ORCH_SOURCE/units/catalog" share/units/
    rm -rf share/examples/ipam/frontend/node_modules
    export IPAM_ORCH_DATA_DIR=$PWD/share
    run -0 orch init srv
    [[ $output == *"the IPAM project"* ]]
    printf '\n# Later.\n#: type=number required=no\nLATER=1\n' >>share/examples/ipam/env.template
    run -0 orch --project-directory srv -f srv/compose.yaml init
    [[ $output == *"+ LATER "* ]]
    # of other files too: a new one, one that was left as it came, one that was changed in both places
    [[ $output != *migrations* && $output != *redis.conf* ]]
    (cd srv && sha256sum --quiet -c .ipam-orch.base)
    echo 'select 1;' >share/examples/ipam/migrations/0099_later.up.sql
    echo '# newer' >>share/examples/ipam/redis/redis.conf
    echo '# newer' >>share/examples/ipam/nginx/proxy.conf
    echo '# mine' >>srv/nginx/proxy.conf
    echo '# mine' >>srv/nginx/frontend.conf
    run -0 orch --project-directory srv -f srv/compose.yaml init --diff
    echo "$output"
    [[ $output == *"+ migrations/0099_later.up.sql "* ]]
    [[ $output == *"~ redis/redis.conf "*"can be replaced"* ]]
    [[ $output == *"! nginx/proxy.conf "*"merged by hand"* ]]
    [[ $output != *frontend.conf* ]]
    [ ! -e srv/migrations/0099_later.up.sql ]
    run ! grep -q newer srv/redis/redis.conf srv/nginx/proxy.conf
}

@test "up without .env.prod: exit 3, names the file and init; nothing is made" {
    project
    cd ipam
    run -3 --separate-stderr orch up </dev/null
    echo "$stderr"
    [[ $stderr == *"/ipam/.env.prod is missing"* ]]
    [[ $stderr == *"next: ipam-orch init"* ]]
    [ ! -e .env.prod ]
    [ ! -e "$IPAM_ORCH_RUN_DIR/manager" ]
}

@test "up without any project: exit 3 and init" {
    run -3 --separate-stderr orch up </dev/null
    echo "$stderr"
    [[ $stderr == *"no project yet"*"srv/.env.prod"* ]]
    [[ $stderr == *"next: ipam-orch init"* ]]
    [ ! -e srv ]
}

@test "up without .env.prod on a terminal offers to make it; no is an answer" {
    project
    cd ipam
    answers $'n\n' up
    [ "$status" -eq 3 ]
    [[ $output == *".env.prod is missing"*"Make it now? [Y/n]"*"next: ipam-orch init"* ]]
    [ ! -e .env.prod ]
    # a service that is not there: it ends before anything is started
    answers $'y\nipam.example.org\n\n\n\n' up nosuch
    [ "$status" -eq 2 ]
    grep -qx DOMAIN=ipam.example.org .env.prod
}
