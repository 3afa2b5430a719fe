load command

@test "export compose: what only native mode reads is gone, the rest means the same" {
    compose 'name: small
x-ipam-orch: {release: "1.0"}
services:
  web: {image: nginx:1.22, x-native: {user: www-data}, ports: ["8080:80"]}'
    run -0 orch export compose
    [[ $output == *"image: nginx:1.22"* && $output != *x-native* && $output != *x-ipam-orch* ]]
    echo "$output" >again.yaml
    run -0 orch -f again.yaml config --format json
    jq -e '.services.web.ports[0].published == "8080"' <<<"$output"
}

@test "export compose: a service of x-native alone gets a build with its packages" {
    compose 'services:
  job: {x-native: {command: [sleep, "9"], user: 65534, packages: [coreutils], environment: {A: b}}}'
    run -0 orch export compose
    echo "$output" >again.yaml
    run -0 orch -f again.yaml config --format json
    jq -e '.services.job | .user == "65534" and .command == ["sleep", "9"] and .environment.A == "b"
        and (.build.dockerfile_inline | contains("apt-get install") and contains("coreutils"))' \
        <<<"$output"
}

@test "export compose: dollars are doubled, files are private" {
    # shellcheck disable=SC2016 # a literal dollar
    compose 'services: {a: {image: a, environment: {P: "x$$y"}}}'
    run -0 orch export compose -o out.yaml
    [ -z "$output" ]
    [ "$(stat -c %a out.yaml)" = 600 ]
    # shellcheck disable=SC2016
    grep -qF 'P: x$$y' out.yaml
}

@test "export: no form, an unknown form, a service that says nothing: exit 2, 2 and 3" {
    compose 'services: {a: {x-native: {user: nobody}}}'
    fails 2 compose -- export
    fails 2 quadlet compose -- export quadlet
    fails 3 "'a'" x-native.command -- export compose
}
