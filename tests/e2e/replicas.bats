#!/usr/bin/env bats
# Several instances of one service: each has its place, all have the name.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cp "$BATS_TEST_DIRNAME/replicas.yaml" "$PROJECT/compose.yaml"
    orch up
}

teardown_file() { world_close; }

teardown() { explain_failure; }

# named NAME KEY: of one instance
named() {
    orch ps --format json | jq -r --arg name "$1" --arg key "$2" '.services[] | select(.name == $name) | .[$key]'
}

# answers: what `web` gets for the name of `app`, each address once
answers() {
    orch exec -T web getent ahostsv4 app | awk '{ print $1 }' | sort -u
}

# own_address INDEX
own_address() {
    orch exec -T --index "$1" app cat /told/address | awk '{ print $1 }'
}

# is_another NAME PID: it runs, as another process than that
is_another() {
    local pid
    pid=$(named "$1" pid)
    [ "$pid" -gt 0 ] && [ "$pid" -ne "$2" ]
}

@test "deploy.replicas and scale: so many instances, each with its address, port and log" {
    local n
    [ "$(orch ps --services | tr '\n' ' ')" = "app scaled web " ]
    [ "$(orch ps --format json | jq -r '.services[].name' | tr '\n' ' ')" = "app app@2 app@3 scaled scaled@2 web " ]
    for n in 1 2 3; do
        [[ $(own_address "$n") == 10.* ]]
        [[ $(in_net curl -fsS "http://$(orch port --index "$n" app 8000)/address") == "$(own_address "$n")"* ]]
    done
    [ "$(for n in 1 2 3; do orch port --index "$n" app 8000; done | sort -u | wc -l)" -eq 3 ]
    run orch exec --index 4 app true
    [ "$status" -eq 125 ]
    [[ $output == *"no instance 4"* ]]
}

@test "the name of a service leads to all of its instances, their own names to one" {
    [ "$(answers)" = "$(for n in 1 2 3; do own_address "$n"; done | sort -u)" ]
    [[ $(orch exec -T web getent ahostsv4 replicas-app-2) == "$(own_address 2)"* ]]
}

@test "scale: what runs stays as it is and learns the new names; \`up\` goes back to the file" {
    local app web
    app=$(named app pid)
    web=$(named web pid)
    orch scale app=4
    [ "$(answers | wc -l)" -eq 4 ]
    [[ $(answers) == *"$(own_address 4)"* ]]
    orch scale app=1
    [ "$(answers)" = "$(own_address 1)" ]
    [ "$(orch exec -T --index 1 app getent ahostsv4 app | awk '{ print $1 }' | sort -u)" = "$(own_address 1)" ]
    orch up
    [ "$(answers | wc -l)" -eq 3 ]
    [ "$(named app pid)" -eq "$app" ]
    [ "$(named web pid)" -eq "$web" ]
}

@test "one that crashes is started again, the others go on; a new manager knows them all" {
    local first second third
    first=$(named app pid)
    second=$(named app@2 pid)
    third=$(named app@3 pid)
    kill -KILL "$second"
    wait_until 20 is_another app@2 "$second"
    kill -KILL "$(daemon_pid ipam-orchd)"
    run orch ps
    [ "$(named app pid)" -eq "$first" ]
    [ "$(named app@3 pid)" -eq "$third" ]
    [ "$(named app@2 restarts)" -eq 1 ]
}

@test "what exists once is refused for several, at its line" {
    mkdir -p "$WORLD/refused"
    refused() {
        printf 'name: refused\nservices:\n  web:\n    image: local/none\n    %s\n    <<: { x-native: { user: nobody, command: [/bin/true] } }\n' \
            "$1" >"$WORLD/refused/compose.yaml"
        run orch_in "$WORLD/refused" up
        [ "$status" -ne 0 ]
        [[ $output == *"compose.yaml:5:"*"$2"* ]]
    }
    refused $'scale: 2\n    ports: ["8080:80"]' "port 8080 of the host is for one"
    refused $'deploy: { replicas: 2 }\n    networks: { default: { mac_address: "02:00:00:00:00:01" } }' "is for one"
    refused "scale: 300" "the limit is 256"
    refused "deploy: { mode: global }" mode
    run orch scale app=11
    [ "$status" -eq 2 ]
    [[ $output == *"port 18100 of the host is for one"* ]]
    run orch scale nothing=2
    [ "$status" -eq 2 ]
}
