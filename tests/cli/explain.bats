load command

@test "explain: every attribute of a project has its line" {
    compose 'services: {web: {image: nginx:1.22, labels: {a: b}, cap_add: [NET_ADMIN]}}'
    run -0 orch config --explain
    [[ $output == *"honoured   services.web.image"* ]]
    [[ $output == *"no effect  services.web.labels"* ]]
    [[ $output == *"refused    services.web.cap_add"* ]]
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
    cap_add: [NET_ADMIN]'
    fails 3 compose.yaml:4:5 services.web.cap_add "next: ipam-orch config --explain=cap_add" -- up
    [ ! -e .env.prod ]
}
