// A device that tells one reading in two encodings, by MQTT and by HTTP, and junk of each encoding between: a reading counts once
// whatever it came in, and junk is a reject with its reason.
import { encode as encodeMessagePack } from "@msgpack/msgpack";
import { encode as encodeCbor } from "cborg";
import type { RejectReason } from "../../../../contracts/messages/reject.ts";
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import type { Fate } from "../sent.ts";
import { machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}encodings`;
const REGION = "us";
const EVERY_MS = 700;
const DROP_EVERY = 9;

type Bytes = Buffer | string;
interface Reading {
  readonly ts: number;
  readonly temperature: number;
}

const SENML_LABELS: Readonly<Record<string, number>> = { bn: -2, bt: -3, n: 0, v: 2, t: 6 };
const labelled = (record: Readonly<Record<string, unknown>>): Map<number, unknown> =>
  new Map(Object.entries(record).map(([name, value]) => [SENML_LABELS[name]!, value]));
const senml = ({ ts, temperature }: Reading) => [
  { bn: "urn:dev:x:", bt: ts / 1_000, n: "temperature", v: temperature },
];

/** Readings in each encoding that takes several, and one in those that take one. */
export const ENCODINGS: Readonly<Record<string, (of: readonly Reading[]) => Bytes>> = {
  "application/json": (of) => JSON.stringify(of[0]),
  "text/plain": (of) => JSON.stringify(of[0]),
  "application/cbor": (of) => Buffer.from(encodeCbor(of)),
  "application/msgpack": (of) => Buffer.from(encodeMessagePack(of)),
  "application/senml+json": (of) => JSON.stringify(of.flatMap(senml)),
  "application/senml+cbor": (of) => Buffer.from(encodeCbor(of.flatMap(senml).map(labelled))),
  "text/csv": (of) =>
    `ts,temperature\r\n${of.map(({ ts, temperature }) => `${ts},${temperature}`).join("\r\n")}`,
  "application/x-www-form-urlencoded": ([one]) => `ts=${one!.ts}&temperature=${one!.temperature}`,
  "application/vnd.influx.line-protocol": (of) =>
    of.map(({ ts, temperature }) => `m temperature=${temperature} ${ts}000000`).join("\n"),
};

const ALONE = /json$|plain|form/;
export const takesSeveral = (contentType: string): boolean =>
  contentType === "application/senml+json" || !ALONE.test(contentType);

interface Junk {
  readonly contentType: string;
  readonly payload: Bytes;
  readonly reason: RejectReason;
}

const cbor = (value: unknown): Buffer => Buffer.from(encodeCbor(value));
const junk = (contentType: string, payload: Bytes, reason: RejectReason = "undecodable"): Junk => ({
  contentType,
  payload,
  reason,
});
const id = (n: number): Buffer =>
  Buffer.from([n >> 24, n >> 16, n >> 8, n].map((byte) => byte & 255));

/** By name; `n` tells equal junk apart. */
export const ENCODED_JUNK: Readonly<Record<string, (n: number) => Junk>> = {
  "CBOR cut off": (n) => junk("application/cbor", cbor({ n, temperature: 1.5 }).subarray(0, -3)),
  "CBOR of half the address space": (n) =>
    junk("application/cbor", Buffer.concat([Buffer.from([0x9b, 127, 255, 0, 0]), id(n)])),
  "CBOR without an end": (n) =>
    junk("application/cbor", Buffer.concat([Buffer.from([0x9f, 0x1a]), id(n)])),
  "CBOR nested deeply": (n) =>
    junk("application/cbor", Buffer.concat([Buffer.alloc(5_000, 0x81), id(n)])),
  "CBOR with a key twice": (n) =>
    junk(
      "application/cbor",
      Buffer.concat([Buffer.from([0xa2, 0x61, 0x61, 0x1a]), id(n), Buffer.from([0x61, 0x61, 1])]),
    ),
  "CBOR with NaN": (n) => junk("application/cbor", cbor({ n, temperature: NaN })),
  "CBOR with bytes": (n) => junk("application/cbor", cbor({ temperature: new Uint8Array(id(n)) })),
  "CBOR with text that is none": (n) =>
    junk("application/cbor", Buffer.concat([Buffer.from([0xa1, 0x61, 0x61, 0x65, 0xff]), id(n)])),
  "CBOR with the name of a prototype": (n) =>
    junk(
      "application/cbor",
      Buffer.from(encodeCbor(new Map([["__proto__", n]]))),
      "contract_violation",
    ),
  "MessagePack of 30 million values, forty times": (n) =>
    junk(
      "application/msgpack",
      Buffer.concat([Buffer.alloc(200, Buffer.from([0xdd, 1, 0xc9, 0xc3, 0x80])), id(n)]),
    ),
  "MessagePack with text that is none": (n) =>
    junk(
      "application/msgpack",
      Buffer.concat([Buffer.from([0x81, 0xa1, 0x61, 0xa5, 0xff]), id(n)]),
    ),
  "MessagePack with a date": (n) =>
    junk("application/msgpack", Buffer.from(encodeMessagePack({ a: new Date(n * 1_000) }))),
  "SenML relative to now": (n) =>
    junk("application/senml+json", `[{"n":"temperature","t":-${n + 1},"v":1}]`),
  "SenML with a sum": (n) => junk("application/senml+json", `[{"n":"temperature","s":${n}}]`),
  "CSV with a quotation mark that never closes": (n) => junk("text/csv", `ts,temperature\n${n},"1`),
  "CSV of 10,000 columns": (n) => junk("text/csv", `c${n}${",c".repeat(10_000)}\n1`),
  "a form with bytes that are no text": (n) =>
    junk("application/x-www-form-urlencoded", `n=${n}&temperature=%FF`),
  "words for a number": (n) => junk("text/plain", `warm, ${n}`),
  "JSON that is said to be CBOR": (n) => junk("application/cbor", `{"temperature":${n}}`),
};

export const encodings = (): Stranger => ({
  send: async ({ client, http, random, pause, over }) => {
    const link = client({ region: REGION, id: DEVICE });
    const web = http(REGION);
    const names = Object.keys(ENCODINGS);
    const kinds = Object.values(ENCODED_JUNK);
    const topic = telemetryTopic(DEVICE, "machine");
    const any = (): string => names[Math.floor(random() * names.length)]!;
    const request = (contentType: string, payload: Bytes, fates: readonly Fate[]): void => {
      const parts = [{ payload, fates }];
      void web.send({ device: DEVICE, contract: "machine", contentType, body: payload, parts });
    };
    for (let made = 0, lastMs = 0; !over.aborted; made++) {
      const ms = Math.max(lastMs + 2, Date.now());
      lastMs = ms;
      const both = [ms - 1, ms].map((at) =>
        machineReading(DEVICE, at, Math.round(random() * 9_000 + 1) / 100),
      );
      for (const send of [
        (contentType: string, payload: Bytes, fates: readonly Fate[]) =>
          link.send({ topic, payload, contentType, fates }),
        request,
      ]) {
        const contentType = any();
        const told = takesSeveral(contentType) ? both : both.slice(0, 1);
        const payload = ENCODINGS[contentType]!(told.map((one) => one.payload));
        send(
          contentType,
          payload,
          told.map(({ fate }) => fate),
        );
        const { reason, ...rest } = kinds[made % kinds.length]!(
          2 * made + (send === request ? 1 : 0),
        );
        send(rest.contentType, rest.payload, [{ becomes: "reject", device: DEVICE, reason }]);
      }
      if (made % DROP_EVERY === 0) link.drop();
      await pause(EVERY_MS);
    }
  },
});
