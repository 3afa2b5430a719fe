load command

@test "explain: every attribute of a project has its line" {
    compose 'services: {web: {image: nginx:1.22, labels: {a: b}, privileged: true}}'
    run -0 orch config --explain
    [[ $output == *"honoured   services.web.image"* ]]
    [[ $output == *"no effect  services.web.labels"* ]]
    [[ $output == *"refused    services.web.privileged"* ]]
}

@test "explain one attribute by its name or path; a name nobody has: exit 2 and the nearest" {
    compose 'services: {web: {image: nginx:1.22}}'
    run -0 orch config --explain=services.ports
    [[ $output == "services.ports: honoured"* ]]
    fails 2 prots "'ports'" -- config --explain=prots
}

@test "docs/COMPOSE-SUPPORT.md is what the tables say (make docs)" {
    compose 'services: {web: {image: nginx:1.22}}'
    run -0 orch config --explain=markdown
    diff "$IPAM_ORCH_SOURCE/docs/COMPOSE-SUPPORT.md" - <<<"$output"
}

@test "up refuses an attribute that native mode cannot honour, at its place, before anything starts" {
    compose 'services:
  web:
    image: nginx:1.22
    privileged: true'
    fails 3 compose.yaml:4:5 services.web.privileged "next: ipam-orch config --explain=privileged" -- up
    [ ! -e .env.prod ]
}

@test "a system call profile that is not shipped is refused at its place" {
    compose 'name: p
services:
  web:
    image: a
    x-native:
      command: [/bin/true]
      user: nobody
      seccomp: ../x'
    fails 3 compose.yaml:8:16 "no system call profile '../x'" -- up
}
