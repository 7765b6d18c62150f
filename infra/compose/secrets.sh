#!/bin/sh
# A password for each user of NATS and InfluxDB, and a token for each role of the console, as an env file for compose.
secret() { echo "s$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
for user in ADMIN GATEWAY ALERTING AGGREGATOR STEWARD NOTIFIER CONSOLE LEAF; do
  echo "NATS_${user}_PASSWORD=$(secret)"
done
for user in ADMINISTRATOR WRITER READER; do
  echo "INFLUX_${user}_PASSWORD=$(secret)"
done
for role in OPERATOR VIEWER; do
  echo "CONSOLE_${role}_TOKEN=$(secret)"
done
