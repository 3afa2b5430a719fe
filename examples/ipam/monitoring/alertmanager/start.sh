#!/bin/sh
# Starts Alertmanager with receivers that settings describe. Neither the password of the
# mail server nor the address of the webhook is in an argument or a variable: both are in a private
# file that is written anew with every start.
set -eu
umask 077

config=${ALERTMANAGER_RUN_DIR:-/tmp}/alertmanager.yml
given=${ALERTMANAGER_GIVEN_DIR:-/run/alerting}

# quoted TEXT: for YAML
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

route() {
    # an alert of `ipam-orch alert test` says for whom it is
    printf "    - receiver: %s\n      matchers: ['receiver=~\"%s|\"']\n      continue: true\n" "$1" "$1"
}

webhook=$(cat "$given/webhook")
{
    cat <<EOF
route:
  receiver: nobody
  group_by: [alertname, service]
  group_wait: ${ALERT_GROUP_WAIT:-5s}
  group_interval: ${ALERT_GROUP_INTERVAL:-1m}
  repeat_interval: 4h
  routes:
EOF
    [ -z "${ALERT_EMAIL_TO-}" ] || route email
    [ -z "$webhook" ] || route webhook
    [ -n "${ALERT_EMAIL_TO-}$webhook" ] || echo "    []"
    printf 'receivers:\n  - name: nobody\n'
    if [ -n "${ALERT_EMAIL_TO-}" ]; then
        printf '  - name: email\n    email_configs:\n      - send_resolved: true\n'
        printf '        to: %s\n' "$(quoted "$ALERT_EMAIL_TO")"
        printf '        from: %s\n' "$(quoted "${ALERT_EMAIL_FROM:-${ALERT_EMAIL_TO%%,*}}")"
        printf '        smarthost: %s\n' "$(quoted "${ALERT_SMTP_HOST:?set ALERT_SMTP_HOST}")"
        printf '        require_tls: %s\n' "${ALERT_SMTP_TLS:-true}"
        if [ -n "${ALERT_SMTP_USER-}" ]; then
            printf '        auth_username: %s\n' "$(quoted "$ALERT_SMTP_USER")"
            printf '        auth_password: %s\n' "$(quoted "$(cat "$given/smtp_password")")"
        fi
    fi
    if [ -n "$webhook" ]; then
        printf '  - name: webhook\n    webhook_configs:\n      - send_resolved: true\n'
        printf '        url: %s\n' "$(quoted "$webhook")"
    fi
} >"$config"

# Debian has it under a longer name
program=$(command -v alertmanager || command -v prometheus-alertmanager)
exec "$program" --config.file="$config" --storage.path="${ALERTMANAGER_DATA_DIR:-/alertmanager}" \
    --cluster.listen-address= "$@"
