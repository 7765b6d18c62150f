// The ways a batch of readings of the contract `environment` is written (pure).

/** An array on the address of a device; one JSON a line; line protocol as Telegraf sends it. */
export const FORMAT_NAMES = ["json", "ndjson", "line"] as const;
export type Format = (typeof FORMAT_NAMES)[number];

interface Writing {
  readonly contentType: string;
  /** What says that all of it is stored. */
  readonly status: number;
  path(device: string): string;
  reading(sequence: number, nowMs: number, device: string): string;
  body(readings: readonly string[]): string;
}

const json = (sequence: number, nowMs: number): string => {
  const digit = sequence % 10;
  return `{"seq":${sequence},"ts":${nowMs},"temperature":2${digit}.0${digit},"humidity":3${digit}.00,"light":40${digit}.00,"co2":50${digit}.00,"occupancy":${digit & 1}}`;
};
const address = (device: string): string => `/v1/devices/${device}/telemetry/environment`;

export const FORMATS: Readonly<Record<Format, Writing>> = {
  json: {
    contentType: "application/json",
    status: 200,
    path: address,
    reading: json,
    body: (readings) => `[${readings.join(",")}]`,
  },
  ndjson: {
    contentType: "application/x-ndjson",
    status: 200,
    path: address,
    reading: json,
    body: (readings) => readings.join("\n"),
  },
  line: {
    contentType: "text/plain",
    status: 204,
    path: () => "/api/v2/write?precision=ms",
    reading: (sequence, nowMs, device) => {
      const digit = sequence % 10;
      return `environment,device=${device} seq=${sequence}i,temperature=2${digit}.0${digit},humidity=3${digit},light=40${digit},co2=50${digit},occupancy=${digit & 1}i ${nowMs}`;
    },
    body: (readings) => readings.join("\n"),
  },
};
