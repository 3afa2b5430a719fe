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
    fails 2 compose filebeat -- export
    fails 2 quadlet compose -- export quadlet
    fails 3 "'a'" x-native.command -- export compose
}

@test "export filebeat: each log of the project is of one input, a rotated or compressed one and those of others of none" {
    compose 'name: small
services:
  web: {image: a}
  web.api: {image: a}
  quiet: {image: a, logging: {driver: none}}
  extra: {image: a, profiles: [more]}'
    run -0 orch export filebeat -o beat.yml
    [ -z "$output" ]
    python3 - "$IPAM_ORCH_LOG_DIR" <<-'EOF'
	import fnmatch, re, sys, yaml

	top = sys.argv[1]
	inputs = yaml.safe_load(open("beat.yml"))["filebeat.inputs"]
	assert len({i["id"] for i in inputs}) == len(inputs) == 3
	assert {i["fields"]["service.name"] for i in inputs} == {"web", "web.api", "extra"}
	assert all(i["type"] == "filestream" and i["file_identity.fingerprint"] is None for i in inputs)
	assert all(i["prospector.scanner"]["fingerprint"]["enabled"] for i in inputs)

	def readers(name):
	    path = f"{top}/{name}"
	    return [i["fields"]["service.name"] for i in inputs
	            if any(fnmatch.fnmatchcase(path, g) for g in i["paths"])
	            and not any(re.search(x, path) for x in i["prospector.scanner"]["exclude_files"])]

	for name, service in {"web.log": "web", "web@2.log": "web", "web@12.log": "web", "web.run-a1.log": "web",
	                      "web.api.log": "web.api", "web.api@3.log": "web.api", "extra.log": "extra"}.items():
	    assert readers(f"small/{name}") == [service], (name, readers(f"small/{name}"))
	for name in ["small/web.log.1", "small/web.log.12", "small/web.log.1.gz", "small/web@2.log.3", "small/quiet.log",
	             "small/web.log.3.stdout", "small/@events.json", "small/@failure.web.json", "smaller/web.log", "web.log",
	             "small/webx.log", "small/sub/web.log", "ipam-orchd.log"]:
	    assert readers(name) == [], (name, readers(name))
	EOF
}
