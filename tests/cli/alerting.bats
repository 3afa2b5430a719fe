# What the start script of Alertmanager makes of settings, before anybody is told anything.
load command

# receivers: amtool about what the script wrote, with a program that only looks at it
receivers() {
    mkdir -p bin given
    # shellcheck disable=SC2016 # of that script
    printf '#!/bin/sh\nexec amtool check-config "${1#--config.file=}"\n' >bin/alertmanager
    chmod +x bin/alertmanager
    PATH=$PWD/bin:$PATH ALERTMANAGER_RUN_DIR=$PWD ALERTMANAGER_GIVEN_DIR=$PWD/given \
        sh "$IPAM_ORCH_SOURCE/examples/ipam/monitoring/alertmanager/start.sh"
}

# given WEBHOOK PASSWORD
given() {
    command -v amtool >/dev/null || skip "prometheus-alertmanager is not installed"
    mkdir -p given
    printf %s "$1" >given/webhook
    printf %s "$2" >given/smtp_password
}

@test "nothing is set: a valid configuration that tells nobody" {
    given '' ''
    run -0 receivers
    echo "$output"
    [[ $output == *"- 1 receivers"* ]]
}

@test "mail and webhook, each with what YAML could take for something else" {
    given "http://example.org/a'b#c: d" "it's: \"#secret"
    ALERT_EMAIL_TO='a@example.org, b@example.org' ALERT_SMTP_HOST=mail.example.org:587 ALERT_SMTP_USER="o'hara" \
        run -0 receivers
    echo "$output"
    [[ $output == *"- 3 receivers"* ]]
    [ "$(stat -c %a alertmanager.yml)" = 600 ]
    python3 - <<-'EOF'
		import yaml

		config = yaml.safe_load(open("alertmanager.yml"))
		_, email, webhook = config["receivers"]
		assert email["email_configs"][0]["auth_password"] == "it's: \"#secret"
		assert email["email_configs"][0]["auth_username"] == "o'hara"
		assert email["email_configs"][0]["from"] == "a@example.org"
		assert email["email_configs"][0]["to"] == "a@example.org, b@example.org"
		assert webhook["webhook_configs"][0]["url"] == "http://example.org/a'b#c: d"
		assert [r["receiver"] for r in config["route"]["routes"]] == ["email", "webhook"]
	EOF
}

@test "mail without a server: which setting is missing" {
    given '' ''
    ALERT_EMAIL_TO=a@example.org run ! receivers
    [[ $output == *"ALERT_SMTP_HOST"* ]]
}

@test "the dashboards of Grafana are those that their script writes" {
    mkdir new
    "$IPAM_ORCH_SOURCE/examples/ipam/monitoring/grafana/make-dashboards" new
    [ "$(find new -name "*.json" | wc -l)" -eq 6 ]
    diff -r new "$IPAM_ORCH_SOURCE/examples/ipam/monitoring/grafana/dashboards"
}
