#!/usr/bin/env bats
# Files between a service and the caller, and what a hostile service tries with them.

load world

setup_file() {
    world_open
    mkdir "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<'YAML'
name: files
services:
  web:
    image: local/sleeper
    volumes: ["data:/data", "data:/again:ro"]
    environment: { TAR_OPTIONS: "--no-such-option", PATH: /data/bin }
    x-native:
      user: nobody
      command: [/bin/sleep, "3600"]
volumes:
  data:
YAML
    orch up
    sh_in 'mkdir -p /data/tree/sub /data/bin; echo one >/data/tree/one; echo two >/data/tree/sub/two; chmod 640 /data/tree/one
        ln -s one /data/tree/link; printf "#!/bin/sh\necho pwned >&2\n" >/data/bin/tar; chmod +x /data/bin/tar'
}

teardown_file() { world_close; }

teardown() { explain_failure; }

setup() {
    HERE=$BATS_TEST_TMPDIR/here
    mkdir "$HERE"
}

# sh_in SCRIPT: with the usual programs, in the service
sh_in() {
    orch exec -e PATH=/usr/bin:/bin web /bin/sh -c "$1"
}

# cp_ ARGUMENT...: from the directory of the test, with $status, $output and $stderr
cp_() {
    run --separate-stderr orch_in "$HERE" -p files cp "$@"
    echo "exit $status: $output"
    echo "errors: $stderr"
}

@test "out: a file, under its name or another, over another; a tree into a directory or as one" {
    cp_ web:/data/tree/one .
    [ "$status" -eq 0 ]
    [ "$(cat "$HERE/one") $(stat -c '%a %U' "$HERE/one")" = "one 640 root" ]
    cp_ web:/data/tree/sub/two one
    [ "$(cat "$HERE/one")" = two ]
    cp_ web:data/tree "$HERE"
    [ "$(cat "$HERE/tree/sub/two") $(readlink "$HERE/tree/link")" = "two one" ]
    cp_ web:/data/tree/ new
    [ "$(cat "$HERE/new/sub/two")" = two ]
    mkdir "$HERE/into"
    cp_ web:/data/tree/. into
    [ "$(cat "$HERE/into/sub/two")" = two ]
    cp_ -a web:/data/tree owned
    [ "$(stat -c %U:%G "$HERE/owned/sub/two")" = nobody:nogroup ]
    # the same as a stream, for whoever wants to see first
    orch cp web:/data/tree - | tar -tf - | sort | head -n 2 | tr '\n' ' ' | grep -qx 'tree/ tree/link '
}

@test "in: a file and a tree, a stream; what comes in is the service's" {
    mkdir -p "$HERE/t/u"
    echo file >"$HERE/t/u/file"
    chmod 600 "$HERE/t/u/file"
    ln -s u/file "$HERE/t/link"
    cp_ t web:/data
    [ "$status" -eq 0 ]
    [ "$(sh_in 'cat /data/t/link; stat -c "%u %a" /data/t/u/file')" = $'file\n65534 600' ]
    cp_ t/u/file web:/data/named
    [ "$(sh_in 'cat /data/named; stat -c "%u %a" /data/named')" = $'file\n65534 600' ]
    cp_ -L t/link web:/data/t
    [ "$(sh_in 'test ! -L /data/t/link && cat /data/t/link')" = file ]
    cp_ t/. web:/data/contents
    [ "$(sh_in 'cat /data/contents/u/file')" = file ]
    tar -C "$HERE/t" -cf - u | orch cp - web:/data/contents
    [ "$(sh_in 'ls /data/contents')" = $'link\nu' ]
    cp_ -a t web:/data
    [ "$status" -eq 2 ]
    [[ $stderr == *"cannot give files away"* ]]
}

@test "what is wrong is told, and nothing is half done" {
    cp_ web:/data/missing .
    [ "$status" -eq 1 ]
    [[ $stderr == *missing* ]]
    [ -z "$(ls -A "$HERE")" ]
    cp_ missing web:/data
    [ "$status" -eq 1 ]
    cp_ web:/data/tree/one nowhere/
    [ "$status" -eq 1 ]
    echo x >"$HERE/file"
    cp_ web:/data/tree file
    [ "$status" -eq 1 ]
    [ "$(cat "$HERE/file")" = x ]
    cp_ file web:/again/file
    [ "$status" -eq 1 ]
    [[ $stderr == *"ead-only"* ]]
    cp_ file web:/etc/passwd
    [ "$status" -eq 1 ]
    cp_ file other
    [ "$status" -eq 2 ]
    cp_ wbe:/x .
    [ "$status" -eq 2 ]
    [[ $stderr == *"did you mean 'web'"* ]]
    cp_ web:/data/.. .
    [ "$status" -eq 2 ]
}

@test "links of the service: copied as links, followed in its own view only" {
    sh_in 'ln -sfn /etc/shadow /data/shadow; ln -sfn /etc/passwd /data/passwd; ln -sfn / /data/root'
    cp_ web:/data/shadow .
    [ "$status" -eq 0 ]
    [ "$(readlink "$HERE/shadow")" = /etc/shadow ]
    cp_ -L web:/data/shadow followed
    [ "$status" -eq 1 ]
    [ ! -e "$HERE/followed" ]
    cp_ -L web:/data/passwd followed
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$HERE/followed")" -lt "$(wc -l </etc/passwd)" ]
    cp_ web:/data/root/etc/shadow .
    [ "$status" -eq 1 ]
    # a link where the copy goes is replaced, not written through
    echo precious >"$BATS_TEST_TMPDIR/precious"
    ln -s "$BATS_TEST_TMPDIR/precious" "$HERE/one"
    cp_ web:/data/tree/one .
    [ "$(cat "$BATS_TEST_TMPDIR/precious") $(cat "$HERE/one")" = "precious one" ]
    ln -s "$BATS_TEST_TMPDIR" "$HERE/sub"
    cp_ web:/data/tree/. .
    [ "$status" -eq 1 ]
    [ ! -e "$BATS_TEST_TMPDIR/two" ]
}

@test "into a link that the service planted: where it leads for the service, with the service's rights" {
    echo mine >"$HERE/file"
    sh_in 'ln -sfn /etc /data/etc; ln -sfn /etc/hosts /data/hosts; mkfifo /data/fifo'
    cp_ file web:/data/etc/new
    [ "$status" -eq 1 ]
    [ ! -e /etc/new ]
    cp_ file web:/data/hosts
    [ "$status" -eq 0 ]
    [ "$(sh_in 'cat /data/hosts; test ! -L /data/hosts')" = mine ]
    # nobody waits for a reader of it
    cp_ file web:/data/fifo
    [ "$status" -eq 0 ]
    [ "$(sh_in 'cat /data/fifo')" = mine ]
}

@test "devices and FIFOs are left out, set-id bits too; a FIFO alone does not hang" {
    # shellcheck disable=SC2016
    sh_in 'rm -rf /data/odd; mkdir /data/odd; mkfifo /data/odd/fifo; cp /usr/bin/id /data/odd/id; chmod 6755 /data/odd/id; echo x >"/data/odd/$(printf "e\033]0;title\007")"'
    cp_ web:/data/odd .
    [ "$status" -eq 0 ]
    [ "$(stat -c %a "$HERE/odd/id")" = 755 ]
    [ ! -e "$HERE/odd/fifo" ]
    [[ $stderr == *"fifo: left out"* ]]
    cp_ web:/data/odd/fifo .
    [ "$status" -eq 1 ]
    cp_ web:/dev/zero .
    [ "$status" -eq 1 ]
    [[ $stderr == *"nothing was copied"* && $stderr != *$'\033'* ]]
    [ ! -e "$HERE/zero" ]
}

@test "a file larger than the disk is refused before a byte of it is written" {
    sh_in 'truncate -s 8T /data/huge'
    cp_ web:/data/huge .
    sh_in 'rm /data/huge'
    [ "$status" -eq 1 ]
    [[ $stderr == *"huge: it has 8796093022208 bytes"* ]]
    [ ! -e "$HERE/huge" ]
}

@test "a file that grows or shrinks while it is read has the size it had" {
    sh_in 'dd if=/dev/zero of=/data/moving bs=1M count=64 2>/dev/null'
    orch exec -d -e PATH=/usr/bin:/bin web /bin/sh -c 'echo $$ >/data/mover; while :; do truncate -s 1K /data/moving; truncate -s 64M /data/moving; done'
    wait_until 10 sh_in 'test -s /data/mover'
    cp_ web:/data/moving .
    # shellcheck disable=SC2016
    sh_in 'kill $(cat /data/mover); rm /data/moving'
    [[ $(stat -c %s "$HERE/moving") =~ ^(1024|67108864)$ ]]
}

@test "a service that ends the copying program: the copy fails, and says so" {
    local copy killed
    sh_in 'dd if=/dev/zero of=/data/large bs=1M count=8 2>/dev/null'
    mkfifo "$HERE/slow"
    # nobody reads: the program inside waits
    exec 8<>"$HERE/slow"
    orch cp web:/data/large - >"$HERE/slow" 2>"$HERE/errors" 3>&- &
    copy=$!
    # shellcheck disable=SC2016
    killed='for p in /proc/[0-9]*; do case $(tr "\0" " " <$p/cmdline) in "tar -C"*) kill -KILL ${p#/proc/} && exit 0;; esac; done 2>/dev/null; exit 1'
    wait_until 10 sh_in "$killed"
    cat <&8 >/dev/null &
    status=0
    wait "$copy" || status=$?
    kill $!
    exec 8<&-
    sh_in 'rm /data/large'
    cat "$HERE/errors"
    [ "$status" -eq 1 ]
    grep -q "not everything" "$HERE/errors"
}

@test "the copy ends when its caller does" {
    local copy
    mkfifo "$HERE/slow"
    exec 8<>"$HERE/slow"
    orch cp - web:/data/tree <"$HERE/slow" 3>&- &
    copy=$!
    wait_until 10 sh_in 'grep -qs "^tar" /proc/[0-9]*/comm'
    kill -KILL "$(pgrep -P "$copy")"
    wait "$copy" || true
    exec 8<&-
    wait_until 10 sh_in '! grep -qs "^tar" /proc/[0-9]*/comm'
}
