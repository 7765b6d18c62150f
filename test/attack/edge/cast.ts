// Whoever is in the arena, what they are registered as, and the settings of its gateways (pure).
import type { Device } from "../../../contracts/device.ts";

/** Attackers, by the record that each has. */
export const ATTACKERS = ["mallory", "relay", "plug"] as const;
/** Those who must not notice anything. */
export const VICTIMS = ["victim", "boiler"];
/** The records of everybody, by id. */
export const RECORDS: Readonly<Record<string, Partial<Device>>> = {
  mallory: { relay: { publish: ["home/mallory/#"], subscribe: ["home/mallory/#"] } },
  alice: { relay: { publish: ["home/alice/#"], subscribe: ["home/alice/#"] } },
  relay: { role: "bridge", topics: ["tele/#"], speaksFor: ["room-*"] },
  plug: { topics: ["tele/#"] },
  victim: { alerts: true },
  boiler: {},
  op: { role: "operator" },
  obs: { role: "observer" },
  gone: { revokedAtMs: 1 },
};

/** One sensor that a bridge speaks for. */
export const MAPPINGS = {
  mappings: [
    {
      ...{ name: "sensor", topic: "tele/{device}/SENSOR", contract: "measurement" },
      ...{ fields: { value: { pointer: "/value" } }, time: "arrival" },
    },
  ],
};
/** Bounds as wide as they can be. */
export const WITHOUT_BOUNDS = {
  SKERRY_HTTP_BODY_BYTES_MAX: String(64 * 1024 ** 2),
  SKERRY_HTTP_ELEMENTS_MAX: "100000",
  SKERRY_HTTP_HELD_BYTES_MAX: String(64 * 1024 ** 3),
  SKERRY_HTTP_CONNECTIONS_MAX: "100000",
  SKERRY_HTTP_ADDRESS_CONNECTIONS_MAX: "100000",
  SKERRY_HTTP_REQUEST_WITHIN: "1h",
  SKERRY_LIMIT_PUBLISH_RATE_PER_SECOND: "100000000",
  SKERRY_LIMIT_PUBLISH_BURST: "100000000",
  SKERRY_LIMIT_REJECT_RATE_PER_SECOND: "100000000",
  SKERRY_LIMIT_REJECT_BURST: "100000000",
};
