#!/bin/sh
# mosquitto_pub, mosquitto_sub as in a shell script of somebody's: one process for each message, again until it was taken.
set -eu
base=$(($(date +%s%3N) - SKERRY_COUNT))
as="-h $SKERRY_HOST -p $SKERRY_PORT -u $SKERRY_DEVICE -P $SKERRY_SECRET -q 1"
n=0
while [ "$n" -lt "$SKERRY_COUNT" ]; do
  until mosquitto_pub $as -i "$SKERRY_DEVICE/pub" -t "devices/$SKERRY_DEVICE/telemetry/measurement" \
    -m "{\"ts\":$((base + n)),\"value\":$n}" 2> /dev/null; do sleep 0.5; done
  n=$((n + 1))
  echo "acknowledged $n"
done
until topic=$(mosquitto_sub $as -i "$SKERRY_DEVICE/sub" -t "devices/$SKERRY_DEVICE/commands/+" -F %t -C 1 -W 20) && [ -n "$topic" ]; do sleep 0.5; done
echo command
until mosquitto_pub $as -i "$SKERRY_DEVICE/pub" -t "$topic/reply" -m '{}'; do sleep 0.5; done
