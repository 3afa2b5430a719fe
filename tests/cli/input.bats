# Input that is hostile, broken or strange: a clear error, exit 3, and no hanging.
load command

# refused TEXT... -- ARGUMENT...: exit 3 with the texts; the limit of time is against hanging only
refused() {
    fails 3 "$@"
}

orch() {
    timeout 20 "$IPAM_ORCH_BUILD/ipam-orch" "$@"
}

# text EXPRESSION: what a Python expression is
text() {
    python3 -c "print($1)"
}

@test "an alias bomb" {
    {
        echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
        for i in 1 2 3 4 5 6 7 8 9; do
            b="*a$((i - 1))"
            echo "a$i: &a$i [$b, $b, $b, $b, $b, $b, $b, $b, $b, $b]"
        done
        echo 'services: {a: {image: a}}'
    } >compose.yaml
    refused compose.yaml: aliases "100 times" -- config -q
}

@test "many anchors and aliases are no bomb" {
    {
        echo 'x-all: &all {image: a, environment: {A: 1}}'
        echo 'services:'
        text "'\n'.join('  s%d: *all' % i for i in range(2000))"
    } >compose.yaml
    run -0 orch config -q
}

@test "a file of 100 MiB" {
    truncate -s 100M compose.yaml
    refused compose.yaml "16 MiB" -- config -q
}

@test "10,000 maps in one another" {
    text "'a: ' + '{a: ' * 10000 + '1' + '}' * 10000" >compose.yaml
    refused compose.yaml:1: "nested too deeply" 64 -- config -q
}

@test "a NUL byte, a control character, invalid UTF-8" {
    printf 'services:\n  a: {image: "a\000b"}\n' >compose.yaml
    refused compose.yaml:2: -- config -q
    printf 'services:\n  a: {image: "a\\0b"}\n' >compose.yaml
    refused compose.yaml:2: NUL -- config -q
    printf 'services:\n  a: {image: "a\001b"}\n' >compose.yaml
    refused compose.yaml:2: "control characters" -- config -q
    printf 'services:\n  a: {image: "a\377b"}\n' >compose.yaml
    refused compose.yaml:2: UTF-8 -- config -q
}

@test "a directory, a FIFO, a device or a loop of links instead of a compose file" {
    mkdir d.yaml
    mkfifo f.yaml
    ln -s l.yaml l.yaml
    refused d.yaml directory -- -f d.yaml config -q
    refused f.yaml "not a regular file" -- -f f.yaml config -q
    refused /dev/null "not a regular file" -- -f /dev/null config -q
    refused l.yaml links -- -f l.yaml config -q
}

@test "a directory, a FIFO or 2 MiB instead of an env file" {
    compose 'services: {a: {image: a}}'
    mkdir d.env
    mkfifo f.env
    truncate -s 2M l.env
    refused d.env directory -- --env-file d.env config -q
    refused f.env "not a regular file" -- --env-file f.env config -q
    refused l.env "1 MiB" -- --env-file l.env config -q
    printf 'A=x\000y\n' >n.env
    refused n.env NUL -- --env-file n.env config -q
}

@test "an env file of a service that is a FIFO" {
    compose 'services: {a: {image: a, env_file: f.env}}'
    mkfifo f.env
    refused f.env "not a regular file" -- config -q
}

@test "a file that nobody may read" {
    compose 'services: {a: {image: a}}'
    chmod 000 compose.yaml
    [ "$(id -u)" -ne 0 ] || run_as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 755 .
    run "${run_as[@]}" timeout 20 "$IPAM_ORCH_BUILD/ipam-orch" -f "$PWD/compose.yaml" config -q
    [ "$status" -eq 3 ] || [ "$status" -eq 126 ] # 126: not even the program may be reached
}

@test "files without anything in them" {
    : >compose.yaml
    refused compose.yaml empty -- config -q
    echo '# only a comment' >compose.yaml
    refused compose.yaml empty -- config -q
    echo '---' >compose.yaml
    refused compose.yaml map -- config -q
}

@test "a file that grows and shrinks while it is read" {
    compose 'services: {a: {image: a}}'
    (
        for _ in $(seq 200); do
            cp compose.yaml b.yaml
            seq -f '  s%g: {image: a}' 500 >>b.yaml
            : >b.yaml
        done
    ) &
    for _ in $(seq 50); do
        run orch -f b.yaml config -q
        [ "$status" -eq 0 ] || [ "$status" -eq 3 ]
    done
    wait
}

@test "chains of extends and include that are too long" {
    {
        echo 'services:'
        echo '  s0: {extends: s1}'
        text "'\n'.join('  s%d: {extends: s%d}' % (i, i + 1) for i in range(1, 201))"
        echo '  s201: {image: a}'
    } >compose.yaml
    refused compose.yaml: extend 100 -- config -q
    for i in $(seq 120); do
        echo "include: [c$((i + 1)).yaml]" >"c$i.yaml"
    done
    echo 'services: {a: {image: a}}' >c121.yaml
    refused include 100 -- -f c1.yaml config -q
}

@test "variables in one another without end" {
    # shellcheck disable=SC2016 # for compose to expand
    text "'services: {a: {image: a, command: [\"' + '\${A:-' * 20000 + '}' * 20000 + '\"]}}'" >compose.yaml
    refused compose.yaml:1: variable -- config -q
}

@test "very large, and right" {
    text "'services: {a: {image: a, command: [\"' + 'x' * 5000000 + '\"], ports: [' +
        ','.join('\"%d:%d\"' % (i, i) for i in range(1, 60000)) + ']}}'" >compose.yaml
    run -0 orch config -q
    text "'services:\n' + '\n'.join('  s%d: {image: a}' % i for i in range(50000))" >compose.yaml
    run -0 orch config -q
}
