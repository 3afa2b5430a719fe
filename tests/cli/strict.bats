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
    remarks "PASSWORD is not set; secret 's' needs it" -- config --check
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
