# config --check, and what is masked.
load command

# remarks TEXT... -- ARGUMENT...: exit 3 and these texts on standard output
remarks() {
    local text
    local -a texts=()
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run -3 --separate-stderr orch "$@"
    echo "out: $output, err: $stderr"
    for text in "${texts[@]}"; do
        [[ $output == *"$text"* ]] || {
            echo "lacks: $text"
            return 1
        }
    done
}

@test "check: nothing to remark" {
    # shellcheck disable=SC2016 # for compose to expand
    compose 'services: {a: {image: "a:${TAG}"}}'
    echo TAG=1 >.env.prod
    chmod 600 .env.prod
    run -0 orch config --check
    [ "$output" = "nothing to remark" ]
}

@test "check: a variable that is not set, at its place" {
    # shellcheck disable=SC2016 # for compose to expand
    compose 'services: {a: {image: "a:${TAG}"}}'
    remarks compose.yaml:1:23: TAG -- config --check
}

@test "check: placeholders, variables set twice, dollars that are lost" {
    compose 'services: {a: {image: a}}'
    # shellcheck disable=SC2016 # for dotenv to expand
    printf '%s\n' 'A=changeme' 'B=1' 'B=2' 'C=pa$word' "D='pa\$word'" 'E=<secret>' >.env.prod
    chmod 600 .env.prod
    # shellcheck disable=SC2016
    remarks '.env.prod:1: A has a placeholder' '.env.prod:3: B is set a second time, line 2' \
        ".env.prod:4: C: '\$word'" '.env.prod:6: E has a placeholder' -- config --check
    [[ $output != *".env.prod:5:"* ]]
}

@test "check: carriage returns, and files that others can read" {
    printf 'services: {a: {image: a, secrets: [s]}}\r\nsecrets: {s: {file: ./s}}\r\n' >compose.yaml
    printf 'A=1\r\n' >.env.prod
    echo x >s
    chmod 644 .env.prod s
    remarks "compose.yaml:1: lines end with a carriage return" ".env.prod:1: lines end" \
        ".env.prod: others can read" "/s: others can read this secret" -- config --check
}

@test "check: a secret without a value" {
    compose 'services: {a: {image: a, secrets: [s]}}
secrets: {s: {environment: PASSWORD}}'
    remarks "/.env.prod: PASSWORD is required by a" -- config --check
    : >.env.prod
    chmod 600 .env.prod
    remarks "/.env.prod: PASSWORD is required by a" -- config --check
    echo PASSWORD= >.env.prod
    remarks "/.env.prod:1: PASSWORD is empty, and required by a" -- config --check
}

@test "check: every required variable that is missing, with who needs it, not only the first" {
    # shellcheck disable=SC2016 # for compose to expand
    compose 'services:
  a: {image: "a:${ONE:?}", environment: {X: "${TWO:?}", Y: "${THREE:-3}"}}
  b: {image: "b:${ONE:?}"}
  c: {image: "c:${ONE?}"}'
    run -3 --separate-stderr orch config --check
    echo "out: $output, err: $stderr"
    [[ $output == *"/.env.prod: ONE is required by a, b and c"* ]]
    [[ $output == *"/.env.prod: TWO is required by a"* ]]
    [[ $output != *THREE* ]]
}

@test "check: what env.template calls required, and values that are not of its types" {
    compose 'services: {a: {image: a}}'
    printf '%s\n' '#: type=string required=yes' 'NAME=' '#: type=secret required=no' 'SECRET=' \
        '#: type=port required=no' 'PORT=80' '#: type=domain required=no' 'DOMAIN=' \
        '#: type=email required=no' 'EMAIL=' '#: type=boolean required=no' 'DEBUG=' >env.template
    printf '%s\n' SECRET=short PORT=80x DOMAIN=a..b EMAIL=me DEBUG=maybe >.env.prod
    chmod 600 .env.prod
    remarks "/.env.prod: NAME is required by env.template" \
        "/.env.prod:1: SECRET has 5 characters, at least 12" \
        "/.env.prod:2: PORT: '80x' is no port" "/.env.prod:3: DOMAIN: 'a..b' is no name" \
        "/.env.prod:4: EMAIL: 'me' is no e-mail address" "/.env.prod:5: DEBUG: 'maybe' is neither" -- config --check
    printf '%s\n' NAME=x SECRET= PORT=81 DOMAIN=a.b EMAIL=me@a.b DEBUG=no >.env.prod
    run -0 orch config --check
}

@test "check: blanks at the end of a value" {
    compose 'services: {a: {image: a}}'
    printf 'A=1\nB=2 \nC=3\t\n' >.env.prod
    chmod 600 .env.prod
    remarks ".env.prod:2: B ends with a blank" ".env.prod:3: C ends with a blank" -- config --check
    [[ $output != *": A ends"* ]]
}

@test "check: files that _FILE variables name and that are not there" {
    compose 'services:
  a:
    image: a
    secrets: [s]
    volumes: ["./there:/there", "./gone:/gone"]
    environment: {A_FILE: /run/secrets/s, B_FILE: /run/secrets/t, C_FILE: /there/x, D_FILE: /gone/y, E_FILE: /etc/of/the/image}
secrets: {s: {environment: PASSWORD}}'
    mkdir there
    : >there/x
    PASSWORD=x remarks "compose.yaml:6:" "service 'a': B_FILE: nothing is at /run/secrets/t" \
        "D_FILE: $PWD/gone/y: No such file" -- config --check
    [[ $output != *A_FILE* && $output != *C_FILE* && $output != *E_FILE* ]]
}

@test "check: what the recipe of a service needs" {
    compose 'services:
  db: {image: "mariadb:10.11", environment: {MYSQL_USER: u}}
  ok: {image: "mysql:8", environment: {MYSQL_RANDOM_ROOT_PASSWORD: "yes"}}
  own: {image: "mysql:8", x-native: {command: [/bin/sleep, "1"], user: nobody}}'
    remarks "compose.yaml:2:" "service 'db': mariadb needs one of MARIADB_ROOT_PASSWORD" \
        "service 'db': mariadb needs one of MARIADB_PASSWORD" -- config --check
    [[ $output != *"'ok'"* && $output != *"'own'"* ]]
}

@test "config masks what secrets are made of, unless it is told to show it" {
    # shellcheck disable=SC2016 # for compose to expand
    compose 'services: {a: {image: a, secrets: [s], environment: {URL: "x://u:${PASSWORD}@h"}}}
secrets: {s: {environment: PASSWORD}}'
    echo PASSWORD=correct-horse >.env.prod
    run -0 orch config
    [[ $output == *"x://u:********@h"* && $output != *correct-horse* ]]
    run -0 orch config --format json
    [[ $output != *correct-horse* ]]
    run -0 orch config --show-secrets
    [[ $output == *correct-horse* ]]
}

@test "check: a database on every address of the host" {
    compose 'services: {db: {image: mysql, ports: ["3306:3306", "127.0.0.1:3307:3306"]}, web: {image: nginx, ports: ["80:80"]}}'
    remarks "compose.yaml:1:" "'db' publishes MySQL (port 3306) on every address" "write 127.0.0.1:3306:3306" -- config --check
    [[ $output != *3307* && $output != *web* ]]
}
