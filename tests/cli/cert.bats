#!/usr/bin/env bats
# What cert and reload say without a manager, and about wrong use.

load command

project() {
    compose 'name: shop
x-ipam-orch:
  certificate: { certificate: ./certs/a.crt, key: ./certs/a.key, names: [localhost] }
services: { web: { image: local/none, x-native: { command: [/bin/true], user: nobody } } }'
}

@test "cert: a word that is none, one too many, options that go together" {
    fails 2 "cert has no 'stauts'" "next: ipam-orch cert status" -- cert stauts
    fails 2 "cert has no 'qqqq'" "cert --help" -- cert qqqq
    fails 2 "cert status takes no further word" -- cert status now
    fails 2 "too many words" -- cert import a b c
    fails 2 --no-such -- cert --no-such
}

@test "a project that names no certificate: exit 3, and where to name one" {
    compose 'services: { web: { image: local/none, x-native: { command: [/bin/true], user: nobody } } }'
    fails 3 "names no certificate" "x-ipam-orch.certificate" -- cert status
}

@test "a certificate that is not there: exit 1, the file, and what makes one" {
    project
    run orch cert status
    [ "$status" -eq 1 ]
    [[ $output == *"fail"*"certs/a.crt: No such file"*"next: ipam-orch cert self-signed, or ipam-orch cert issue"* ]]
    run --separate-stderr orch --format json cert status
    [ "$status" -eq 1 ]
    [ "$(jq -r '"\(.schema) \(.mode) \(.project) \(.checks[0].id) \(.checks[0].status)"' <<<"$output")" = "1 native shop certificate fail" ]
    [[ $stderr == *"checks of the certificate failed"* ]]
}

@test "a pair without a manager: what it is, and that nobody serves it" {
    project
    mkdir certs
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout certs/a.key -out certs/a.crt 2>/dev/null
    run --separate-stderr orch --format json cert
    [ "$status" -eq 0 ]
    [ "$(jq -r '"\(.days_left > 88) \(.served_matches_file) \(.self_signed) \(.names[0])"' <<<"$output")" = "true null true localhost" ]
    [ ! -e state ]
}

@test "reload without a manager says what to do" {
    project
    run orch reload
    [ "$status" -ne 0 ]
    [[ $output == *"next: "* ]]
}
