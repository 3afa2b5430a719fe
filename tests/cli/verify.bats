# verify: its words, without anything that runs.
load command

@test "verify --list names every check with its criterion; one that there is not is refused with 2" {
    run -0 orch verify --list
    [[ $output == *"frontend.assets "*"R9.2"* ]] && [[ $output == *"redis.acl "*"R8.3"* ]]
    [ "${#lines[@]}" -ge 30 ]
    fails 2 "'colour' is no check" "ipam-orch verify --list" -- verify --only colour
    fails 2 "'front' is no check" -- verify front
    fails 2 "unknown format 'pdf'" -- verify --format pdf
    fails 2 "no score" -- verify --min-score 101
    fails 2 "from 1 to" -- verify --repeat 0
}

@test "verify without a manager: 14 or 13, and how to start" {
    compose 'services: { a: { image: a, x-native: { user: nobody, command: [/bin/true] } } }'
    run orch verify
    echo "exit $status: $output"
    [ "$status" -eq 14 ] || [ "$status" -eq 13 ] || [ "$status" -eq 1 ]
    [[ $output == *"next: "* ]]
}

@test "x-ipam-orch.verify: what it names must be there" {
    local base='services: { a: { image: a, x-native: { user: nobody, command: [/bin/true] } } }'
    printf '%s\nx-ipam-orch: { verify: { proxy: b } }\n' "$base" >compose.yaml
    fails 3 "compose.yaml:2:" "proxy: 'b' is not a service of this file" -- up --no-wait
    printf '%s\nx-ipam-orch: { verify: { cache_secret: s } }\n' "$base" >compose.yaml
    fails 3 "secret 's' is not defined" -- up --no-wait
    printf '%s\nx-ipam-orch: { verify: { url: "http://a/" } }\n' "$base" >compose.yaml
    fails 3 "'url' must be https://" -- up --no-wait
    printf '%s\nx-ipam-orch: { verify: { backend_port: 70000 } }\n' "$base" >compose.yaml
    fails 3 "'backend_port' must be a port" -- up --no-wait
}

@test "exec takes -- before its command, and completion knows the verb" {
    run -0 orch help verify
    [[ $output == *--criteria* && $output == *--min-score* ]]
    run -0 orch help codes
    [[ $output == *"  7  a check of what runs failed"* ]]
}

@test "maintenance: its words, and a project without a page" {
    fails 2 "'maybe' is none of on, off, status" -- maintenance maybe
    fails 2 "one of on, off, status" -- maintenance
    fails 2 "belong to" -- maintenance off --allow 10.0.0.0/8
    printf 'services: { a: { image: a, x-native: { user: nobody, command: [/bin/true] } } }\nx-ipam-orch: { maintenance: { service: b } }\n' >compose.yaml
    fails 3 "'b' is not a service of this file" -- up --no-wait
    printf 'services: { a: { image: a, x-native: { user: nobody, command: [/bin/true] } } }\nx-ipam-orch: { maintenance: { service: a, directory: here } }\n' >compose.yaml
    fails 3 "must be a path inside the service" -- up --no-wait
}
