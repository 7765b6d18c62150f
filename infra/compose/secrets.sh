#!/bin/sh
# A password for each user of each nats-server and of InfluxDB, and a token for each role of the console, as an env file for compose.
secret() { echo "s$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
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
