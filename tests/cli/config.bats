#!/usr/bin/env bats
# Configuration: what is made, what is accepted, and how an error is shown.

load command

@test "the shipped project is accepted, and its canonical form is accepted again" {
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" ipam
    cd ipam
    run -0 orch init
    orch config >../canonical.yaml
    orch config --format json | jq -e '.services | length == 5'
    run -0 orch config --services
    [ "$(sort <<<"$output" | xargs)" = "backend frontend mysql nginx redis" ]
    run orch -f ../canonical.yaml --project-directory . config -q
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "config shows no secret" {
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" ipam
    cd ipam
    run -0 orch init
    orch config >../shown
    orch config --format json >>../shown
    run ! grep -qFf <(sed -n 's/^.*\(PASSWORD\|KEY\)=\(..*\)$/\2/p' .env.prod) ../shown
}

@test "no compose file: exit 3 and how to make one" {
    fails 3 "no compose file" "next:" --project-directory -- config
}

@test "a YAML error has file:line:column" {
    compose 'services:
  web:
    image: [nginx'
    run --separate-stderr orch config
    [ "$status" -eq 3 ]
    [[ $stderr =~ compose\.yaml:[0-9]+:[0-9]+:\  ]]
}

@test "a wrong value has the position of the value, with the line and a caret" {
    compose 'services:
  web:
    image: nginx:1.22
    stop_grace_period: soon'
    fails 3 "compose.yaml:4:24:" "soon" "stop_grace_period: soon" "^" -- config
}

@test "an unknown attribute is refused by name" {
    compose 'services:
  web:
    image: nginx:1.22
    imagee: x'
    fails 3 "compose.yaml:4:5:" imagee -- config
}

@test "a dependency on a service that does not exist, and a cycle" {
    compose 'services:
  web: {image: nginx:1.22, depends_on: [db]}'
    fails 3 web db -- config
    compose 'services:
  a: {image: nginx:1.22, depends_on: [b]}
  b: {image: nginx:1.22, depends_on: [a]}'
    fails 3 a b -- config
}

@test "a required variable that is missing: exit 3 with its message" {
    # shellcheck disable=SC2016 # for compose to expand
    compose 'services:
  web: {image: "nginx:${TAG:?set TAG in .env.prod}"}'
    fails 3 TAG "set TAG in .env.prod" -- config
    echo TAG=1.22 >.env.prod
    run -0 orch config
    [[ $output == *nginx:1.22* ]]
}

@test "an empty required secret of the template: exit 3, variable and file" {
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" ipam
    cd ipam
    run -0 orch init
    run -0 orch config --check
    sed -i 's/^REDIS_PASSWORD=.*/REDIS_PASSWORD=/' .env.prod
    run -3 orch config --check
    [[ $output == *".env.prod:"*"REDIS_PASSWORD is empty"* ]]
}

@test "a required secret of the template that is gone: exit 3, file, variable and service" {
    cp -r "$IPAM_ORCH_SOURCE/examples/ipam" ipam
    cd ipam
    run -0 orch init --generate
    run -0 orch config --check
    sed -i '/^JWT_SECRET_KEY=/d' .env.prod
    run -3 orch config --check
    [[ $output == *".env.prod: JWT_SECRET_KEY is required by backend"* ]]
}

@test "errors as JSON have what, where and next" {
    compose 'services: []'
    fails 3 '"code":"config"' '"what":' '"where":' '"next":' -- --format json config
    jq -e '.error.exit == 3' <<<"$stderr"
}
