// A client that sends junk of many kinds between its good readings. Each is kept as a reject with its reason, and harms nothing.
import type { RejectReason } from "../../../../contracts/messages/reject.ts";
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}junk`;
const REGION = "us";
const EVERY_MS = 200;
const DEEP = 3_000;

interface Junk {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly reason: RejectReason;
  /** The device that its reject is kept for; default: the sender. */
  readonly device?: string;
}

const MACHINE = telemetryTopic(DEVICE, "machine");
const ROOM = telemetryTopic(DEVICE, "environment");

const machine = (payload: string | Buffer, reason: RejectReason): Junk => ({
  topic: MACHINE,
  payload,
  reason,
});

const broken = (payload: string): Junk => machine(payload, "contract_violation");

/** @param n tells equal junk apart. @param now epoch ms. */
type Make = (n: number, now: number) => Junk;

/** Each kind of junk, by name. */
export const JUNK: Readonly<Record<string, Make>> = {
  "cut off": (n, now) => machine(`{"ts":${now},"n":${n},"temperature":2`, "not_json"),
  "plain text": (n) => machine(`temperature is fine, ${n}`, "not_json"),
  "another format": (n) =>
    machine(`<reading n="${n}"><temperature>21</temperature></reading>`, "not_json"),
  "bytes that are no UTF-8": (n) =>
    machine(
      Buffer.concat([Buffer.from(`{"n":${n},"x":"`), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]),
      "not_json",
    ),
  "UTF-16": (n, now) =>
    machine(Buffer.from(`{"ts":${now},"temperature":${n}}`, "utf16le"), "not_json"),
  "bytes of nothing": (n) => machine(Buffer.from([0, 1, 2, 3, n >> 8, n & 255]), "not_json"),
  "an array": (n, now) => machine(`[${now},${n}]`, "not_json"),
  "a number": (n) => machine(`${n}`, "not_json"),
  NaN: (n, now) => machine(`{"ts":${now},"n":${n},"temperature":NaN}`, "not_json"),
  "NaN on a mapped topic": (n) => ({
    topic: `sensors/${DEVICE}/nan-${n}`,
    payload: "NaN",
    reason: "not_json",
  }),
  nothing: (n) => ({ topic: `sensors/${DEVICE}/empty-${n}`, payload: "", reason: "not_json" }),
  "half of a surrogate pair": (n, now) => ({
    topic: telemetryTopic(DEVICE, "measurement"),
    payload: `{"ts":${now},"value":${n},"sensor":"\\ud83d"}`,
    reason: "contract_violation",
  }),
  "text for a number": (n, now) => broken(`{"ts":${now},"temperature":"${n}"}`),
  "null for a number": (_, now) => broken(`{"ts":${now},"temperature":null}`),
  "nothing of the contract": (n) => broken(`{"n":${n}}`),
  "a number beyond a double": (n, now) => broken(`{"ts":${now},"temperature":${n + 1}e400}`),
  "a sequence beyond 2^53": (n) => ({
    topic: ROOM,
    payload: `{"seq":${9_007_199_254_740_993n + 2n * BigInt(n)},"temperature":21,"humidity":40,"light":0,"co2":400,"occupancy":0}`,
    reason: "contract_violation",
  }),
  "a negative sequence": (n) => ({
    topic: ROOM,
    payload: `{"seq":-${n + 1},"temperature":21,"humidity":40,"light":0,"co2":400,"occupancy":0}`,
    reason: "contract_violation",
  }),
  "deep nesting": (_, now) =>
    broken(`{"ts":${now},"temperature":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`),
  "names that are the store's": (n, now) =>
    broken(`{"ts":${now},"temperature":${n},"time":1,"device":"other","region":"mars"}`),
  "the name of a prototype": (n, now) =>
    broken(`{"ts":${now},"temperature":${n},"__proto__":{"x":1}}`),
  "an impossible date": (n) =>
    broken(`{"ts":"2026-02-30T10:00:${String(n % 60).padStart(2, "0")}Z","temperature":${n}}`),
  "a time without a zone": (n) => broken(`{"ts":"yesterday at noon","temperature":${n}}`),
  "a time ahead": (n, now) =>
    machine(`{"ts":${now + 3_600_000},"temperature":${n}}`, "clock_ahead"),
  "a clock that was never set": (n) =>
    machine(`{"ts":${n + 1_000},"temperature":${n}}`, "clock_behind"),
  "seconds for milliseconds": (n, now) =>
    machine(`{"ts":${Math.floor(now / 1_000)},"temperature":${n}}`, "clock_behind"),
  "another contract": (n) => ({
    topic: telemetryTopic(DEVICE, "no-such"),
    payload: `{"n":${n}}`,
    reason: "unknown_contract",
  }),
  "a version that is none": (n, now) => ({
    topic: telemetryTopic(DEVICE, "machine", 99),
    payload: `{"ts":${now},"temperature":${n}}`,
    reason: "unknown_contract",
  }),
  "a topic of nobody's": (n) => ({
    topic: `devices/${DEVICE}/things/${n}`,
    payload: `{"n":${n}}`,
    reason: "unmapped_topic",
  }),
  "a mapped topic with no JSON": (n) => ({
    topic: `tele/${DEVICE}/SENSOR`,
    payload: `n=${n}`,
    reason: "not_json",
  }),
  "a tag that is too long": (n, now) => ({
    topic: telemetryTopic(DEVICE, "measurement"),
    payload: `{"ts":${now},"value":${n},"sensor":"${"k".repeat(300)}"}`,
    reason: "contract_violation",
  }),
  "a device id that is too long": (n, now) => ({
    topic: telemetryTopic("d".repeat(200), "machine"),
    payload: `{"ts":${now},"temperature":${n}}`,
    reason: "too_large",
  }),
};

export const junk = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const link = client({ region: REGION, id: DEVICE });
    const kinds = Object.values(JUNK);
    for (let made = 0, lastMs = 0; !over.aborted; made++) {
      lastMs = Math.max(lastMs + 1, Date.now());
      const { topic, payload, reason, device = DEVICE } = kinds[made % kinds.length]!(made, lastMs);
      link.send({ topic, payload, fates: [{ becomes: "reject", device, reason }] });
      const good = machineReading(DEVICE, lastMs, random());
      link.send({ topic: MACHINE, payload: JSON.stringify(good.payload), fates: [good.fate] });
      link.send(halfGoodBatch(made, lastMs));
      await pause(EVERY_MS);
    }
  },
});

/** An array whose second reading is none: the first is stored, and the message is kept for the second. */
function halfGoodBatch(n: number, now: number) {
  const seconds = Math.floor(now / 1_000);
  const readings = [
    { t: seconds, v: n },
    { t: seconds, v: "none" },
  ];
  return {
    topic: `batches/${DEVICE}`,
    payload: JSON.stringify({ n, readings }),
    fates: [
      {
        becomes: "reading",
        device: DEVICE,
        contract: "measurement",
        ms: seconds * 1_000,
        values: { value: n },
        by: "content",
      },
      { becomes: "reject", device: DEVICE, reason: "contract_violation" },
    ],
  } as const;
}
