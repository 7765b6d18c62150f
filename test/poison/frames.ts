// Frames that no gateway writes, straight into the region's log.
import { zstdCompressSync } from "node:zlib";
import { compressed } from "../../contracts/messages/compression.ts";
import { telemetrySubject } from "../../contracts/names/subjects.ts";
import { type Listed, type Poison, rejectedAs, setAsideBy, store, harmless } from "./poison.ts";

const BOTH = ["eu alerting frame unreadable", "hub aggregator frame unreadable"];

const header = (id: string, more: object = {}): object => ({
  v: 1,
  gateway: id,
  epoch: "poison",
  n: 1,
  count: 1,
  total: 1,
  clock: Date.now(),
  ...more,
});

const reading = (device: string, more: Readonly<Record<string, unknown>> = {}): unknown[] => {
  const of = { device, contract: "environment", version: 1, receivedAtMs: Date.now(), trace: null };
  const payload = { seq: 1, temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 1 };
  return Object.values({ ...of, payload, ...more });
};

type Bytes = (id: string) => string | Uint8Array;

/** Bytes that no program reads: both operators of the lane set them aside. */
const unreadable = (name: string, bytes: Bytes): Poison => ({
  name: `a frame: ${name}`,
  deliver: async ({ regionNats, region }, id) => {
    const frame = await store(regionNats, telemetrySubject(region, 0), bytes(id));
    return setAsideBy(frame, ...BOTH);
  },
});

const lying = (name: string, more: object, readings = (id: string) => [reading(id)]): Poison =>
  unreadable(name, (id) => JSON.stringify([header(id, more), ...readings(id)]));

const whole = (id: string): string => JSON.stringify([header(id), reading(id)]);

/** What says how long it is, and a block as in LZ4's description of blocks. */
const lz4 = (length: number, block: readonly number[]): Buffer => {
  const head = Buffer.from("LZ4B\0\0\0\0", "latin1");
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, Buffer.from(block)]);
};

export const FRAMES: readonly Poison[] = [
  unreadable("bytes at random", () => Buffer.from([7, 200, 13, 0, 255, 254])),
  unreadable("nothing at all", () => ""),
  unreadable("bytes 0", () => Buffer.alloc(1_000)),
  unreadable("zstd that is none", () => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 9])),
  unreadable("zstd cut off", (id) => zstdCompressSync(whole(id).repeat(50)).subarray(0, 60)),
  unreadable("zstd of bytes at random", () => zstdCompressSync(Buffer.from([1, 2, 3, 255]))),
  unreadable("LZ4 that is none", () => Buffer.from("LZ4B")),
  unreadable("LZ4 of 4 GB that are not there", () => lz4(4_294_967_295, [0])),
  unreadable("LZ4 that says too little", () => lz4(3, [0x70, ...Buffer.from("[[[[[[[")])),
  unreadable("LZ4 that repeats what came before it", () => lz4(1_000, [0x0f, 9, 9, 255, 255, 0])),
  unreadable("2 MB of brackets in LZ4", () => compressed(Buffer.alloc(2 * 1024 ** 2, "["))),
  unreadable("LZ4 cut off", (id) => compressed(Buffer.from(whole(id).repeat(50))).subarray(0, 60)),
  unreadable("80 MB of zeros, compressed", () => zstdCompressSync(Buffer.alloc(80 * 1024 ** 2))),
  unreadable("60 MB of brackets, compressed", () =>
    zstdCompressSync(Buffer.alloc(60 * 1024 ** 2, "[")),
  ),
  unreadable("JSON cut off", (id) => whole(id).slice(0, -5)),
  unreadable("an object", () => '{"v":1}'),
  unreadable("an empty array", () => "[]"),
  unreadable("a header that is null", () => "[null]"),
  unreadable("ill-formed UTF-8", (id) => Buffer.from(whole(id).replace(id, "\xff\xff"), "latin1")),
  unreadable("700 KB of brackets", () => "[".repeat(700_000)),
  lying("no version", { v: undefined }),
  lying("version 0", { v: 0 }),
  lying("version 1e9", { v: 1e9 }),
  lying("version 2 and nothing else", { v: 2, gateway: undefined, epoch: undefined, n: undefined }),
  lying("a version that is text", { v: "1" }),
  lying("a count of 2 for one reading", { count: 2 }),
  lying("a count below 0", { count: -1 }),
  lying("a count of 1e9", { count: 1e9 }),
  lying("a total below its count", { total: 0 }),
  lying("number 0", { n: 0 }),
  lying("number -5", { n: -5 }),
  lying("a number with a fraction", { n: 1.5 }),
  lying("a gateway that is a number", { gateway: 7 }),
  lying("a gateway without a name", { gateway: "" }),
  lying("a gateway of 500 KB", { gateway: "g".repeat(500_000) }),
  lying("an epoch of 500 KB", { epoch: "e".repeat(500_000) }),
  lying("a clock that is text", { clock: "now" }),
  lying("a clock before 1970", { clock: -1e15 }),
  lying("a reading that is null", {}, () => [null as unknown as unknown[]]),
  lying("a reading of five parts", {}, (id) => [reading(id).slice(0, 5)]),
  lying("a payload that is an array", {}, (id) => [reading(id, { payload: [1] })]),
  lying("a payload that is text", {}, (id) => [reading(id, { payload: "20" })]),
  lying("a device that is a number", {}, (id) => [reading(id, { device: 5 })]),
  lying("a version that is no integer", {}, (id) => [reading(id, { version: 1.5 })]),
  lying("a trace that is an object", {}, (id) => [reading(id, { trace: { a: 1 } })]),
];

/** A frame that can be read, with readings that no gateway admits. */
const inside = (
  name: string,
  more: Readonly<Record<string, unknown>> | ((id: string) => Readonly<Record<string, unknown>>),
  listed: (id: string, frame: { subject: string; data: Uint8Array }) => Listed,
): Poison => ({
  name: `a reading in a frame: ${name}`,
  deliver: async ({ regionNats, region }, id) => {
    const of = typeof more === "function" ? more(id) : more;
    const bytes = JSON.stringify([header(id), reading(id, of)]);
    const frame = await store(regionNats, telemetrySubject(region, 0), bytes);
    return listed(id, frame);
  },
});

const unwritable =
  (device?: (id: string) => string) =>
  (id: string): Listed =>
    rejectedAs("unwritable", device ? device(id) : id, "hub");

const room = { temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 1 };

export const FRAMED_READINGS: readonly Poison[] = [
  inside("no values", { payload: {} }, unwritable()),
  inside("values that are text", { payload: { temperature: "hot" } }, unwritable()),
  inside("received at 1e300", { receivedAtMs: 1e300 }, unwritable()),
  inside("a time in the year 275760", { payload: { seq: 1, ts: 8.64e15, ...room } }, unwritable()),
  inside("a time that is an object", { payload: { seq: 1, ts: {}, ...room } }, unwritable()),
  inside(
    "a device without a name",
    { device: "" },
    unwritable(() => ""),
  ),
  inside(
    "a device of 70,000 characters",
    (id) => ({ device: `${id}${"d".repeat(70_000)}` }),
    unwritable((id) => `${id}${"d".repeat(70_000)}`),
  ),
  inside(
    "half of a surrogate pair in the device",
    (id) => ({ device: `${id}\ud800` }),
    (id) => rejectedAs("unwritable", (device) => device.startsWith(id), "hub"),
  ),
  inside("a contract that nobody knows", { contract: "nobody-s" }, (_id, frame) =>
    setAsideBy(frame, "hub aggregator frame unknown"),
  ),
  inside("a contract called __proto__", { contract: "__proto__" }, (_id, frame) =>
    setAsideBy(frame, "hub aggregator frame unknown"),
  ),
  inside("a contract that a rule waits for", { contract: "nothing-like-it" }, (_id, frame) =>
    setAsideBy(frame, "eu alerting frame unknown", "hub aggregator frame unknown"),
  ),
  inside("a version that nobody knows", { version: 99 }, (_id, frame) =>
    setAsideBy(frame, "eu alerting frame unknown", "hub aggregator frame unknown"),
  ),
];

export const ODD_FRAMES: readonly Poison[] = [
  {
    name: "a frame of another partition's reading",
    deliver: async ({ regionNats, region, partitions }, id) => {
      const bytes = JSON.stringify([header(id), reading(id)]);
      await store(regionNats, telemetrySubject(region, partitions - 1), bytes);
      await store(
        regionNats,
        telemetrySubject(region, 0),
        bytes.replace(`"gateway":"${id}"`, `"gateway":"${id}b"`),
      );
      return harmless("the same reading in two lanes");
    },
  },
  {
    name: "a frame whose number jumps by a billion",
    deliver: async ({ regionNats, region }, id) => {
      const send = (n: number, total: number) =>
        store(
          regionNats,
          telemetrySubject(region, 0),
          JSON.stringify([header(id, { n, total }), reading(id)]),
        );
      await send(1, 1);
      await send(1e9, 1e9);
      return ({ losses }) => losses.find((what) => what.includes(id)) ?? null;
    },
  },
];
