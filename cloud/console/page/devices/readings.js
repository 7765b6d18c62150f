// Last readings of devices, kept up to date by the stream.
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { onEvent, useFollowDevices } from "../shell/feed.js";

const KEPT_VALUES = 40;

/** Names that number or date a reading, and are no value of it. */
const NO_VALUES = new Set(["seq", "ts", "time", "timestamp"]);

/** `[field, value]` of a reading's values; without what only numbers or dates it. */
export const fieldsOf = ({ values }) =>
  values !== null && typeof values === "object" && !Array.isArray(values)
    ? Object.entries(values).filter(
        ([name, value]) => !NO_VALUES.has(name) && (typeof value !== "object" || value === null),
      )
    : [];

export const readingOf = ([, contract, version, tsMs, receivedMs, topic, mapping, values]) => ({
  ...{ contract, version, tsMs, receivedMs, topic, mapping, values },
});

/** The contract in which gateways say whether a device is there. */
export const PRESENCE = "presence";

/**
 * What the stream says of these devices since they are shown: `of(id)` gives `{ region, readings: Map, trail }`, or
 * undefined; `trail` holds the last values of the first number field.
 */
export function useLiveReadings(ids) {
  const known = useRef(new Map());
  const [, draw] = useState(0);
  useFollowDevices(ids);
  const key = ids.join("\n");
  useEffect(
    () =>
      onEvent("values", (rows) => {
        for (const { region, row } of rows) {
          if (!ids.includes(row[0])) continue;
          const one = known.current.get(row[0]) ?? { readings: new Map(), trail: [] };
          const reading = readingOf(row);
          one.readings.set(reading.contract, reading);
          const number = fieldsOf(reading).find(([, value]) => typeof value === "number");
          if (number && reading.contract !== PRESENCE)
            one.trail = [...one.trail, number[1]].slice(-KEPT_VALUES);
          known.current.set(row[0], { ...one, region, lastMs: reading.receivedMs });
        }
        draw((count) => count + 1);
      }),
    [key],
  );
  return { of: (id) => known.current.get(id) };
}

/** A device of the API with what came since: `{ region, lastMs, readings: [newest first], trail }`, or null. */
export function heardOf(device, live) {
  const since = live.of(device.id);
  if (!device.heard && !since) return null;
  const readings = new Map((device.heard?.readings ?? []).map((one) => [one.contract, one]));
  for (const [contract, reading] of since?.readings ?? []) readings.set(contract, reading);
  return {
    region: since?.region ?? device.heard.region,
    lastMs: Math.max(since?.lastMs ?? 0, device.heard?.lastMs ?? 0),
    readings: [...readings.values()].toSorted((a, b) => b.receivedMs - a.receivedMs),
    trail: since?.trail ?? [],
  };
}
