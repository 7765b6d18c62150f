#!/bin/sh
# A password for each NATS user, as an env file for compose.
for user in ADMIN GATEWAY ALERTING AGGREGATOR STEWARD NOTIFIER CONSOLE LEAF; do
  echo "NATS_${user}_PASSWORD=s$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"
done
