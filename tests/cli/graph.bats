# The graph of a project that does not run.
load command

diamond() {
    compose 'name: gem
services:
  top: {image: a, depends_on: {left: {condition: service_healthy, restart: true}, right: {condition: service_completed_successfully}}}
  left: {image: a, depends_on: [base], ports: ["8080:80"], healthcheck: {test: [CMD, "true"]}}
  right: {image: a, depends_on: {base: {condition: service_started, required: false}}}
  base: {image: a, networks: [back], depends_on: [ground]}
  ground: {image: a, networks: [back]}
  alone: {image: a, network_mode: "service:base"}
  hidden: {image: a, profiles: [never]}
networks: {back: }'
}

@test "graph: a tree, with conditions; what comes again is not drawn again" {
    diamond
    run -0 orch graph
    diff - <(echo "$output") <<'TREE'
alone
`-- base (started, restart)
    `-- ground (started)
top
|-- left (healthy, restart)
|   `-- base (started)  ...
`-- right (completed)
    `-- base (started, optional)  ...
TREE
    [ "$(orch viz)" = "$output" ]
}

@test "graph: some services only, networks and ports beside the names" {
    diamond
    run -0 orch graph --networks --ports left
    diff - <(echo "$output") <<'TREE'
left  on default, 8080->80/tcp
`-- base (started)  on back
    `-- ground (started)  on back
TREE
    fails 2 "no such service" -- graph nobody
}

@test "graph: for Graphviz, for Mermaid, as JSON in either way to ask for it" {
    diamond
    run -0 orch graph --format dot
    [[ ${lines[0]} == 'digraph "gem" {' && ${lines[-1]} == '}' ]]
    grep -qxF '  "top" -> "left" [label="healthy, restart"];' <<<"$output"
    grep -qxF '  "right" -> "base" [label="started, optional", style=dashed];' <<<"$output"
    run -0 orch graph --format mermaid top
    [ "${lines[0]}" = "flowchart LR" ]
    grep -qF -- '-->|"completed"|' <<<"$output"
    run -0 orch graph --format json
    jq -e '.project == "gem" and (.services | length) == 6 and (.services[0] | has("instances") | not) and
        (.dependencies[] | select(.service == "top" and .needs == "right")
         | .condition == "service_completed_successfully" and .required and (.restart | not))' <<<"$output"
    [ "$(orch --format json graph)" = "$output" ]
    fails 2 "'svg' is not tree, dot" -- graph --format svg
}

@test "graph: a cycle is an error with its path" {
    compose 'services: {a: {image: a, depends_on: [b]}, b: {image: a, depends_on: [a]}}'
    fails 3 "a -> b -> a" -- graph
}
