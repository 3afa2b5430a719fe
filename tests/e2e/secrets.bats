#!/usr/bin/env bats
# Secrets of a running stack: rotated everywhere or nowhere, and found nowhere where they should not be.

load world

setup_file() {
    world_open
    copy_project
    # the first values belong to those that are looked for at the end
    values >"$WORLD/ever"
    orch up
    touch "$WORLD/is-up"
}

teardown_file() { world_close; }

setup() {
    [ -e "$WORLD/is-up" ] || {
        echo "the stack did not come up"
        return 1
    }
    values >>"$WORLD/ever"
}

teardown() {
    values >>"$WORLD/ever"
    explain_failure
}

# the values of all secrets, as they are now
values() {
    sed -n 's/^[A-Z_]*\(PASSWORD\|KEY\|PREVIOUS\)=\(.\)/\2/p' "$PROJECT/.env.prod"
}

# inside SERVICE SECRET: what the service reads
inside() {
    cat "/proc/$(ps_field "$1" pid)/root/run/secrets/$2"
}

# mysql_takes PASSWORD [USER]: as the backend logs in, or root through the socket
mysql_takes() {
    local -a how=(--protocol=tcp -h 127.0.0.1 -u "${2:-ipam}")
    # as another user than root, whom the socket would let in without a password
    [ "${2:-}" != root ] || how=(--protocol=socket -u root)
    nsenter -t "$(ps_field mysql pid)" -m -n setpriv --reuid nobody --clear-groups env MYSQL_PWD="$1" \
        mariadb --no-defaults "${how[@]}" -N -B -e 'select 1' >/dev/null 2>&1 3>&-
}

redis_takes() {
    [ "$(nsenter -t "$(ps_field redis pid)" -m -n env REDISCLI_AUTH="$1" redis-cli --user "${2:-default}" ping 2>/dev/null 3>&-)" = PONG ]
}

works() {
    in_net curl -sSk --max-time 10 https://127.0.0.1/api/health | jq -e '.status == "ok"' >/dev/null
}

# what went wrong in between, by the project's own account
unhealthy_events() {
    orch events --no-follow --json --since 1h | jq -r '.event | select(test("unhealthy|failed|backoff"))' | wc -l
}

all_healthy() {
    orch ps --format json | jq -e '[.services[].health] | unique == ["healthy"]' >/dev/null
}

@test "secrets ls says age, strength and who reads each; check has logged in with them" {
    run -0 orch secrets ls
    echo "$output"
    grep -qE '^MYSQL_PASSWORD +db_password +0 d +1[0-9]{2} bits +mysql, backend, mysqld-exporter$' <<<"$output"
    grep -qE '^tls_key +tls_key +0 d +file +nginx$' <<<"$output"
    run ! grep -qFf "$WORLD/ever" <<<"$output"
    run -0 orch secrets check
    echo "$output"
    grep -qx "ok   MYSQL_PASSWORD           mysql accepts it for 'ipam'" <<<"$output"
    grep -qx "ok   MYSQL_ROOT_PASSWORD      mysql accepts it for 'root'" <<<"$output"
    grep -qx "ok   REDIS_PASSWORD           redis accepts it for 'default'" <<<"$output"
    run -0 orch secrets check --format json
    [ "$(jq -r '[.checks[].ok] | all' <<<"$output")" = true ]
}

@test "rotate: the application's password of MariaDB; the old one is refused, only the backend starts again" {
    local old new before unhealthy
    old=$(env_value MYSQL_PASSWORD)
    before=$(ps_pids)
    unhealthy=$(unhealthy_events)
    run -0 orch secrets rotate MYSQL_PASSWORD
    echo "$output"
    new=$(env_value MYSQL_PASSWORD)
    [ "$new" != "$old" ]
    [ "${#new}" -eq 32 ]
    run ! grep -qF -e "$old" -e "$new" <<<"$output"
    mysql_takes "$new"
    run ! mysql_takes "$old"
    [ "$(inside backend db_password)" = "$new" ]
    [ "$(inside mysql db_password)" = "$new" ]
    [ "$(ps_pids | grep -v '^backend ')" = "$(grep -v '^backend ' <<<"$before")" ]
    all_healthy
    works
    [ "$(unhealthy_events)" = "$unhealthy" ]
    [ "$(stat -c %a "$PROJECT/.env.prod")" = 600 ]
    run -0 orch secrets check
    # what runs is what the files say: nothing is replaced
    before=$(ps_pids)
    run -0 orch up
    [ "$(ps_pids)" = "$before" ]
}

@test "rotate: the administrator's password, by its name in the compose file; nobody starts again" {
    local old before
    old=$(env_value MYSQL_ROOT_PASSWORD)
    before=$(ps_pids)
    run -0 orch secrets rotate db_root_password
    echo "$output"
    orch events --no-follow --json --since 1h | jq -es 'any(.[]; .event == "secret-rotated" and .secret == "db_root_password")'
    mysql_takes "$(env_value MYSQL_ROOT_PASSWORD)" root
    run ! mysql_takes "$old" root
    [ "$(inside mysql db_root_password)" = "$(env_value MYSQL_ROOT_PASSWORD)" ]
    [ "$(ps_pids)" = "$before" ]
}

@test "rotate: the users of Redis, whose sessions stay" {
    local old new redis
    old=$(env_value REDIS_PASSWORD)
    redis=$(ps_field redis pid)
    run -0 orch secrets rotate REDIS_PASSWORD
    echo "$output"
    new=$(env_value REDIS_PASSWORD)
    redis_takes "$new"
    redis_takes "$new" ipam
    run ! redis_takes "$old"
    run ! redis_takes "$old" ipam
    [ "$(ps_field redis pid)" = "$redis" ]
    works
    # the next life of Redis knows it too
    run -0 orch restart redis
    redis_takes "$new"
    run ! redis_takes "$old"
}

token() {
    in_net curl -sSk --max-time 10 https://127.0.0.1/api/auth/login -H 'Content-Type: application/json' \
        -d "{\"username\":\"$(env_value IPAM_ADMIN_USER)\",\"password\":\"$(env_value IPAM_ADMIN_PASSWORD)\"}" | jq -r .access_token
}

# with TOKEN: the status of a page that needs a login
with() {
    in_net curl -sSk --max-time 10 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" https://127.0.0.1/api/vrfs
}

@test "rotate: the key of tokens; sessions from before go on until the previous key is dropped" {
    local before after old
    before=$(token)
    [ "$(with "$before")" = 200 ]
    old=$(env_value JWT_SECRET_KEY)
    run -0 orch secrets rotate JWT_SECRET_KEY
    echo "$output"
    [ "$(env_value JWT_SECRET_KEY_PREVIOUS)" = "$old" ]
    [ "$(env_value JWT_SECRET_KEY)" != "$old" ]
    [ "$(with "$before")" = 200 ]
    after=$(token)
    [ "$(with "$after")" = 200 ]
    run -0 orch secrets rotate JWT_SECRET_KEY --drop-previous
    [ "$(with "$before")" = 401 ]
    [ "$(with "$after")" = 200 ]
}

# the same value everywhere, and it is $1 or $2
is_either() {
    local now
    now=$(env_value MYSQL_PASSWORD)
    [ "$now" = "$1" ] || [ "$now" = "$2" ]
}

@test "killed at every step of a rotation, it has the old or the new value everywhere, and works in between" {
    local step old new seen=''
    command -v strace >/dev/null || skip "strace is not installed"
    # fdatasync is called when a step has been written down, before it is done
    for step in 1 2 3 4 5; do
        old=$(env_value MYSQL_PASSWORD)
        new=Corner-Hat-Bicycle-1$step
        echo "$new" >>"$WORLD/ever"
        run orch_traced "inject=fdatasync:signal=KILL:when=$step" secrets rotate MYSQL_PASSWORD --stdin <<<"$new"
        echo "step $step: $status $output"
        [ "$status" -eq 137 ]
        [ -s "$WORLD/state/operations/ipam/intent" ]
        works
        run -0 orch secrets check
        echo "$output"
        [[ $output == *"was interrupted: cleaning up"* ]]
        [ ! -e "$WORLD/state/operations/ipam/intent" ]
        seen+=$([ "$(env_value MYSQL_PASSWORD)" = "$old" ] && echo old || echo new)' '
        if [ "$(env_value MYSQL_PASSWORD)" = "$new" ]; then
            run ! mysql_takes "$old"
        else
            run ! mysql_takes "$new"
        fi
        mysql_takes "$(env_value MYSQL_PASSWORD)"
        [ "$(inside backend db_password)" = "$(env_value MYSQL_PASSWORD)" ]
        all_healthy
        works
    done
    # before the env file was written it is the old one, after that the new one
    echo "$seen"
    [ "$seen" = "old old old old new " ]
}

# orch_traced WHAT ARGUMENT...: ipam-orch killed where strace is told to
orch_traced() {
    local inject=$1
    shift
    in_net env -C "$PROJECT" IPAM_ORCH_RUN_DIR="$WORLD/run" IPAM_ORCH_STATE_DIR="$WORLD/state" \
        IPAM_ORCH_LOG_DIR="$WORLD/log" IPAM_ORCH_CONF_DIR="$WORLD/root/etc/ipam-orch" \
        IPAM_ORCH_LIB_DIR="$WORLD/root/usr/lib/ipam-orch" IPAM_ORCH_DATA_DIR="$WORLD/root/usr/share/ipam-orch" \
        strace -o /dev/null -e trace=fdatasync,unlinkat -e "$inject" "$WORLD/root/usr/bin/ipam-orch" "$@"
}

@test "killed while Redis accepts both, and killed again while that is undone: still one of both" {
    local old new=Corner-Hat-Bicycle-31
    command -v strace >/dev/null || skip "strace is not installed"
    old=$(env_value REDIS_PASSWORD)
    echo "$new" >>"$WORLD/ever"
    run -137 orch_traced "inject=fdatasync:signal=KILL:when=4" secrets rotate REDIS_PASSWORD --stdin <<<"$new"
    works
    redis_takes "$old"
    redis_takes "$new"
    run -137 orch_traced "inject=unlinkat:signal=KILL:when=1" secrets check
    works
    run -0 orch secrets check
    [ "$(env_value REDIS_PASSWORD)" = "$old" ]
    redis_takes "$old"
    run ! redis_takes "$new"
    works
}

@test "a service that does not start with the new value: everything is as it was" {
    local old unhealthy main
    # what runs is a copy of the release
    main=$(find "$WORLD/state/operations/ipam/releases" -path '*/ipam/main.py')
    [ "$(wc -l <<<"$main")" -eq 1 ]
    old=$(env_value MYSQL_PASSWORD)
    unhealthy=$(unhealthy_events)
    cp "$main" "$WORLD/main.py"
    sed -i "1i import hashlib\nif hashlib.sha256(open('/run/secrets/db_password', 'rb').read()).hexdigest() != '$(printf %s "$old" | sha256sum | cut -d ' ' -f 1)': raise RuntimeError('not with this one')" \
        "$main"
    run orch secrets rotate MYSQL_PASSWORD --stdin <<<Corner-Hat-Bicycle-41
    cp "$WORLD/main.py" "$main"
    echo "exit $status: $output"
    [ "$status" -ne 0 ]
    [[ $output == *"was not changed, the old value holds everywhere"* ]]
    [[ $output == *"backend"* && $output == *"next:"* ]]
    [ "$(unhealthy_events)" -gt "$unhealthy" ]
    [ "$(env_value MYSQL_PASSWORD)" = "$old" ]
    mysql_takes "$old"
    run ! mysql_takes Corner-Hat-Bicycle-41
    [ "$(inside backend db_password)" = "$old" ]
    all_healthy
    works
    [ ! -e "$WORLD/state/operations/ipam/intent" ]
}

@test "a password that was changed in .env.prod alone: check finds it, up says what to do, rotate --adopt makes it true" {
    local before
    before=$(ps_pids)
    set_env MYSQL_PASSWORD Corner-Hat-Bicycle-51
    run orch secrets check
    echo "exit $status: $output"
    [ "$status" -eq 7 ]
    [[ $output == *"fail MYSQL_PASSWORD "*"mysql refuses it for 'ipam'"* ]]
    run orch up
    echo "exit $status: $output"
    [ "$status" -eq 3 ]
    [[ $output == *"MYSQL_PASSWORD in "*".env.prod is not the password that mysql accepts"* ]]
    [[ $output == *"next: bring the old value back, or: ipam-orch secrets rotate MYSQL_PASSWORD --adopt"* ]]
    [ "$(ps_pids)" = "$before" ]
    works
    run -0 orch secrets rotate MYSQL_PASSWORD --adopt
    mysql_takes Corner-Hat-Bicycle-51
    [ "$(env_value MYSQL_PASSWORD)" = Corner-Hat-Bicycle-51 ]
    run -0 orch secrets check
    works
}

@test "set does not change the password of an account behind its back, and refuses what is weak" {
    local before
    before=$(sha256sum "$PROJECT/.env.prod")
    # somebody else is at work
    flock "$WORLD/state/operations/ipam/lock" sleep 60 3>&- &
    local holder=$!
    lock_is_held() { ! flock -n "$WORLD/state/operations/ipam/lock" true; }
    wait_until 10 lock_is_held
    run -8 orch secrets rotate MYSQL_PASSWORD
    run -8 orch secrets set JWT_SECRET_KEY <<<Corner-Hat-Bicycle-62
    run -0 orch secrets check
    kill "$holder"
    run -15 orch secrets set MYSQL_PASSWORD <<<Corner-Hat-Bicycle-61
    echo "$output"
    [[ $output == *"next: ipam-orch secrets rotate MYSQL_PASSWORD --stdin"* ]]
    run -3 orch secrets rotate MYSQL_PASSWORD --stdin <<<changeme
    run -3 orch secrets rotate MYSQL_PASSWORD --stdin <<<"$(env_value REDIS_PASSWORD)"
    [[ $output == *"is that of REDIS_PASSWORD too"* ]]
    run -15 orch secrets rotate IPAM_ADMIN_PASSWORD
    [ "$(sha256sum "$PROJECT/.env.prod")" = "$before" ]
}

@test "no value of all that there ever were is anywhere but in .env.prod, what the manager saved, and the services' memory" {
    local file pid
    sort -u "$WORLD/ever" | grep . >"$WORLD/all"
    [ "$(wc -l <"$WORLD/all")" -ge 12 ]
    orch report -o "$WORLD/report.tar.gz" >/dev/null
    mkdir "$WORLD/report"
    tar -xf "$WORLD/report.tar.gz" -C "$WORLD/report"
    {
        orch config
        orch config --format json
        orch config --check || true
        orch ps --format json
        orch events --no-follow --json
        orch logs --all-incarnations || orch logs
        orch secrets ls --format json
        orch why || true
        orch metrics
    } >"$WORLD/shown" 2>&1
    # files of the world, those of the services' volumes too
    rm -f "$WORLD/ever"
    while read -r file; do
        case $file in
            "$WORLD/all" | "$PROJECT/.env.prod") continue ;;
            "$WORLD/state/manager/projects/ipam/project.json") ;;
            *) echo "a secret is in $file" && return 1 ;;
        esac
        [ "$(stat -c %U:%G "$file")" = ipam-orch:ipam-orch ] || [ "$(stat -c %U:%G "$file")" = root:ipam-orch ]
        [ -z "$(find "$file" -perm /007)" ]
    done < <(grep -rlaFf "$WORLD/all" "$WORLD")
    # processes: their arguments and environments, of the whole machine
    run ! grep -laFf "$WORLD/all" /proc/[0-9]*/cmdline /proc/[0-9]*/environ
    # what services see of them is theirs alone; no core is written
    for pid in $(ps_pids | cut -d ' ' -f 2); do
        [ -z "$(find "/proc/$pid/root/run/secrets" -type f -perm /077 2>/dev/null)" ]
        grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits"
    done
    grep -qE '^Max core file size +0 +0 ' "/proc/$(daemon_pid ipam-orchd)/limits"
    # what redis writes for itself is hashes, for itself
    run ! grep -rlaFf "$WORLD/all" "/proc/$(ps_field redis pid)/root/tmp" "/proc/$(ps_field mysql pid)/root/tmp" "/proc/$(ps_field mysql pid)/root/run/mysqld"
    run ! journal_has
}

journal_has() {
    command -v journalctl >/dev/null && journalctl --since -1h -q 2>/dev/null | grep -qFf "$WORLD/all"
}
