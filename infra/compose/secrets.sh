#!/bin/sh
# A password for each user of each nats-server and of InfluxDB, a token for each role of the console, and the keys by which
# records and commands of alerts are signed, as an env file for compose. With the argument keys: these alone, for an
# installation from before them (docs/guides/containers.md).
set -e
secret() { echo "s$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
# A private key and its public half; values of several lines are between single quotes.
key() {
  private=$(openssl genpkey -algorithm ed25519)
  printf "%s='%s\n'\n" "$1" "$private"
  printf "%s='%s\n'\n" "$2" "$(printf '%s\n' "$private" | openssl pkey -pubout)"
}
keys() {
  key SIGNING_KEY TRUSTED_KEYS
  for region in EU US; do key "ENGINE_KEY_${region}" "ENGINE_KEYS_${region}"; done
}
if [ "$1" = keys ]; then
  keys
  exit
fi
for user in HUB_ADMIN HUB_SYS HUB_AGGREGATOR HUB_STEWARD HUB_NOTIFIER HUB_CONSOLE HUB_OPERATOR HUB_VIEWER; do
  echo "NATS_${user}_PASSWORD=$(secret)"
done
for region in EU US; do
  for user in ADMIN SYS GATEWAY ALERTING NOTIFIER; do
    echo "NATS_${region}_${user}_PASSWORD=$(secret)"
  done
  echo "NATS_LEAF_${region}_PASSWORD=$(secret)"
done
for user in ADMINISTRATOR WRITER READER; do
  echo "INFLUX_${user}_PASSWORD=$(secret)"
done
for role in OPERATOR VIEWER; do
  echo "CONSOLE_${role}_TOKEN=$(secret)"
done
keys
