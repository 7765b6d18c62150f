import { type OptionTable, type Resolved, as } from "../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../platform/runtime/status-server.ts";
import { TRACING_OPTIONS } from "../otel/options.ts";
import type { Gateway } from "./device-specs.ts";

const PROTOCOLS = ["mqtt:", "mqtts:", "ws:", "wss:"];

/** `eu=mqtt://host:1883,us=mqtt://host:1884` */
export function parseGateways(raw: string): Gateway[] {
  const gateways = as.list(raw).map((item) => {
    const at = item.indexOf("=");
    if (at < 0) throw new Error(`must be region=url,region=url, not "${raw}"`);
    const [region, url] = [as.token(item.slice(0, at)), as.url(item.slice(at + 1))];
    if (!PROTOCOLS.includes(new URL(url).protocol))
      throw new Error(`must have URLs with mqtt, mqtts, ws or wss, not "${url}"`);
    return { region, url };
  });
  if (gateways.length === 0) throw new Error("must name at least one gateway");
  const regions = gateways.map(({ region }) => region);
  if (new Set(regions).size < regions.length)
    throw new Error(`must name each region once, not "${raw}"`);
  return gateways;
}

export const SIMULATOR_OPTIONS = {
  gateways: {
    env: "SKERRY_GATEWAYS",
    doc: "where each region's devices connect: eu=mqtt://host:port,us=mqtt://host:port",
    parse: parseGateways,
  },
  devices: {
    env: "SKERRY_DEVICES",
    doc: "how many devices, spread evenly over the regions; every fifth is a machine",
    fallback: "20",
    parse: as.integer(1, 100_000),
  },
  rate: {
    env: "SKERRY_RATE",
    doc: "readings per second of the whole fleet; at most 500 per device",
    fallback: "200",
    parse: as.number(0.001, 1_000_000),
  },
  keepTimes: {
    env: "SKERRY_KEEP_TIMES",
    doc: "true: rows keep the times they were recorded at, and a device stops at its last row",
    fallback: "false",
    parse: as.flag,
  },
  misbehaveEvery: {
    env: "SKERRY_MISBEHAVE_EVERY",
    doc: "every so many readings a room repeats one and then has a clock that is hours off; 0: never",
    fallback: "0",
    parse: as.integer(0, 1_000_000),
  },
  ledger: {
    env: "SKERRY_LEDGER",
    doc: "file that every acknowledged reading is appended to, as JSON lines",
    parse: as.text,
  },
  inFlightMax: {
    env: "SKERRY_IN_FLIGHT_MAX",
    doc: "a device with this many unacknowledged readings makes no more",
    fallback: "500",
    parse: as.integer(1, 10_000),
  },
  drainTimeout: {
    env: "SKERRY_DRAIN_TIMEOUT",
    doc: "at a stop, how long to wait for acknowledgements",
    fallback: "20s",
    parse: as.durationMs,
  },
  ...STATUS_OPTIONS,
  ...TRACING_OPTIONS,
} satisfies OptionTable;

export type SimulatorConfig = Resolved<typeof SIMULATOR_OPTIONS>;
