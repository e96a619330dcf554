#!/bin/sh
# Alertmanager with one receiver: ALERT_WEBHOOK_URL, or nobody, where alerts are only shown.
set -eu
configuration=/tmp/alertmanager.yml
{
    cat <<'YAML'
route:
  receiver: studio
  group_by: [alertname]
  group_wait: 15s
  group_interval: 2m
  repeat_interval: 4h
inhibit_rules:
  # Who knows that PostgreSQL or Redis is gone need not hear what follows from it.
  - source_matchers: [alertname =~ "PostgresGone|RedisGone|GatewayGone"]
    target_matchers: [severity = "warning"]
receivers:
  - name: studio
YAML
    if [ -n "${ALERT_WEBHOOK_URL:-}" ]; then
        # JSON's strings are YAML's: quotes and backslashes alone are to be escaped.
        printf '    webhook_configs:\n      - url: "%s"\n' "$(printf '%s' "$ALERT_WEBHOOK_URL" | sed 's/["\\]/\\&/g')"
    fi
} >"$configuration"
exec prometheus-alertmanager --config.file="$configuration" --storage.path=/data --cluster.listen-address=
