import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import {
  RECORDS_PER_REQUEST,
  RECORDS_WAITING_MAX,
} from "../../../../../cloud/sinks/group-commit.ts";
import { UNANSWERED } from "../../../../../cloud/sinks/influx/client.ts";
import { InfluxSink } from "../../../../../cloud/sinks/influx/influx-sink.ts";
import type { Answer, SinkItem } from "../../../../../cloud/sinks/sink.ts";
import { AppError } from "../../../../../platform/runtime/errors.ts";
import { CATALOG, environment } from "../../../../support/lane-log.ts";

const SILENT = pino({ level: "silent" });

const [CONTRACT] = CATALOG.versions("environment");

/** An item with one reading of each device. */
const itemOf = (
  devices: readonly string[],
  acknowledged: SinkItem["acknowledged"] = () => undefined,
): SinkItem => ({
  region: "eu",
  readings: devices.map((device) => ({
    contract: CONTRACT!,
    reading: environment(device, 1, 0),
    eventMs: 0,
    slot: 1,
  })),
  rollups: [],
  acknowledged,
});

const deviceOf = (line: string): string => /,device=([^ ]+) /.exec(line)![1]!;

type Outcome = "accept" | AppError;

const away = new AppError("INFLUX_UNAVAILABLE", "retry", "away");
const refused = new AppError("INFLUX_REFUSED", "reject", "400");
const missing = new AppError("INFLUX_REFUSED", "fatal", 'database not found: "skerry"');

/** An InfluxDB that answers as told, remembers the devices of what it took, and can hold a request open. */
class FakeInflux {
  readonly requests: (readonly string[])[] = [];
  readonly taken: string[] = [];
  databasesCreated = 0;
  answer: (devices: readonly string[]) => Outcome = () => "accept";
  hold: Promise<void> | null = null;

  async write(lines: readonly string[]): Promise<void> {
    const devices = lines.map(deviceOf);
    this.requests.push(devices);
    await this.hold;
    const answer = this.answer(devices);
    if (answer !== "accept") throw answer;
    this.taken.push(...devices);
  }

  lacking: () => Promise<string | null> = () => Promise.resolve(null);

  join(): Promise<string | null> {
    return this.lacking();
  }

  query(): Promise<never[]> {
    return Promise.resolve([]);
  }

  mayCreate = true;

  ping(): Promise<void> {
    return Promise.resolve();
  }

  createDatabase(): Promise<boolean> {
    if (this.mayCreate) this.databasesCreated += 1;
    return Promise.resolve(this.mayCreate);
  }
}

function world(
  nowMs?: () => number,
  prepare: (influx: FakeInflux) => void = () => undefined,
): {
  influx: FakeInflux;
  sink: InfluxSink;
  put: (...devices: string[]) => Promise<void>;
  controller: AbortController;
  writer: { signal: AbortSignal; held: boolean };
  ended: Promise<void>;
} {
  const influx = new FakeInflux();
  prepare(influx);
  const sink = new InfluxSink(influx, SILENT, nowMs);
  const controller = new AbortController();
  const writer = { signal: controller.signal, held: true };
  const ended = sink.run(controller.signal);
  const put = (...devices: string[]): Promise<void> =>
    new Promise(
      (resolve) =>
        void sink.put(
          itemOf(devices, () => resolve()),
          writer,
        ),
    );
  return { influx, sink, put, controller, writer, ended };
}

test("what arrives during a write goes out together in the next, in order", async () => {
  const { influx, put, controller, ended } = world();
  const gate = Promise.withResolvers<void>();
  influx.hold = gate.promise;
  const puts = [put("a"), put("b", "c"), put("d")];
  await Promise.resolve();
  const more = [put("e"), put()];
  gate.resolve();
  await Promise.all([...puts, ...more]);
  expect(influx.taken).toEqual(["a", "b", "c", "d", "e"]);
  expect(influx.requests.length).toBeLessThanOrEqual(2);
  controller.abort();
  await ended;
});

test("an outage is waited out without losing or reordering a line", async () => {
  const { influx, sink, put, controller, ended } = world();
  let failures = 3;
  influx.answer = () => (failures-- > 0 ? away : "accept");
  await Promise.all([put("a"), put("b")]);
  expect(influx.taken).toEqual(["a", "b"]);
  expect(sink.status.state).toBe("ok");
  controller.abort();
  await ended;
});

test("a store that does not answer is told before the request is given up, and is well once it answers", async () => {
  let nowMs = 0;
  const { influx, sink, put, controller, ended } = world(() => nowMs);
  await put("a");
  const gate = Promise.withResolvers<void>();
  influx.hold = gate.promise;
  const second = put("b");
  await vi.waitFor(() => expect(influx.requests).toHaveLength(2));
  nowMs = 3_000;
  expect(sink.status.state).toBe("ok");
  nowMs = 5_500;
  expect(sink.status).toEqual({
    ...{ state: "refusing", detail: "InfluxDB has not answered for 5 s", sinceMs: 0 },
  });
  gate.resolve();
  await second;
  expect(sink.status.state).toBe("ok");
  controller.abort();
  await ended;
});

test("an aggregator that was stopped itself does not blame the store for the time", async () => {
  let nowMs = 0;
  const { influx, sink, put, controller, ended } = world(() => nowMs);
  await put("a");
  const gate = Promise.withResolvers<void>();
  influx.hold = gate.promise;
  const second = put("b");
  await vi.waitFor(() => expect(influx.requests).toHaveLength(2));
  const states = [1_000, 2_000, 62_000, 63_000, 66_000].map((atMs) => {
    nowMs = atMs;
    return sink.status.detail;
  });
  expect(states).toEqual(["", "", "", "", "InfluxDB has not answered for 4 s"]);
  gate.resolve();
  await second;
  controller.abort();
  await ended;
});

test("since when a store does not answer is told through all tries, and what it says once it does", async () => {
  let nowMs = 1_000;
  const { influx, sink, put, controller, ended } = world(() => nowMs);
  await put("a");
  influx.answer = () => new AppError("INFLUX_UNAVAILABLE", "retry", UNANSWERED);
  const second = put("b");
  await vi.waitFor(() => expect(sink.status.state).toBe("refusing"));
  nowMs = 43_000;
  expect(sink.status).toEqual({
    ...{ state: "refusing", detail: "InfluxDB has not answered for 42 s", sinceMs: 1_000 },
  });
  influx.answer = () => away;
  await vi.waitFor(() => expect(sink.status.detail).toContain("away"));
  expect(sink.status.sinceMs).toBe(1_000);
  influx.answer = () => "accept";
  await second;
  expect(sink.status).toEqual({ state: "ok", detail: "", sinceMs: null });
  controller.abort();
  await ended;
});

test("a missing database is created", async () => {
  const { influx, put, controller, ended } = world();
  let failures = 1;
  influx.answer = () => (failures-- > 0 ? missing : "accept");
  await put("a");
  expect(influx.databasesCreated).toBe(2);
  controller.abort();
  await ended;
});

test("bad lines are found by bisection and counted; the good ones around them are stored", async () => {
  const { influx, sink, controller, writer, ended } = world();
  influx.answer = (all) => (all.some((device) => device.startsWith("bad")) ? refused : "accept");
  const devices = Array.from({ length: 100 }, (_, at) =>
    at % 33 === 5 ? `bad${at}` : `good${at}`,
  );
  const before = new Promise<Answer["refused"]>((resolve) => {
    void sink.put(
      itemOf(["x"], (answer) => resolve(answer.refused)),
      writer,
    );
  });
  const refusedAt = await new Promise<Answer["refused"]>((resolve) => {
    void sink.put(
      itemOf(devices, (answer) => resolve(answer.refused)),
      writer,
    );
  });
  expect(await before).toEqual([]);
  expect(refusedAt).toEqual([5, 38, 71].map((place) => ({ place, detail: "400" })));
  expect(influx.taken.filter((device) => device !== "x")).toEqual(
    devices.filter((device) => device.startsWith("good")),
  );
  expect(sink.refused).toBe(3);
  controller.abort();
  await ended;
});

describe("a writer that lost its lane", () => {
  const putBy = (
    sink: InfluxSink,
    writer: { signal: AbortSignal; held: boolean },
    device: string,
  ) =>
    new Promise<void>(
      (resolve) =>
        void sink.put(
          itemOf([device], () => resolve()),
          writer,
        ),
    );

  test("what waits is dropped, what others put is written", async () => {
    const { influx, sink, writer, put, controller, ended } = world();
    const other = { signal: controller.signal, held: true };
    const gate = Promise.withResolvers<void>();
    influx.hold = gate.promise;
    const first = put("a");
    await new Promise((resolve) => setImmediate(resolve));
    void put("lost");
    const kept = putBy(sink, other, "kept");
    writer.held = false;
    gate.resolve();
    await Promise.all([first, kept]);
    expect(influx.taken).toEqual(["a", "kept"]);
    controller.abort();
    await ended;
  });

  test("a batch under retry goes on without it, the others in order", async () => {
    const { influx, sink, writer, put, controller, ended } = world();
    const other = { signal: controller.signal, held: true };
    influx.answer = () => away;
    void put("lost");
    const kept = Promise.all([putBy(sink, other, "b"), putBy(sink, other, "c")]);
    await vi.waitFor(() => expect(influx.requests.length).toBeGreaterThan(1));
    writer.held = false;
    influx.answer = () => "accept";
    await kept;
    expect(influx.taken).toEqual(["b", "c"]);
    controller.abort();
    await ended;
  });
});

describe("bounds", () => {
  test("put waits while too many lines wait, and requests stay within their bound", async () => {
    const { influx, sink, controller, writer, ended } = world();
    const gate = Promise.withResolvers<void>();
    influx.hold = gate.promise;
    const frame = Array<string>(1_000).fill("x");
    let queued = 0;
    const feeding = (async () => {
      for (; queued < 60; queued++) await sink.put(itemOf(frame), writer);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(queued * 1_000).toBeLessThanOrEqual(RECORDS_WAITING_MAX + 2 * RECORDS_PER_REQUEST);
    gate.resolve();
    await feeding;
    await new Promise<void>((resolve) => {
      void sink.put(
        itemOf([], () => resolve()),
        writer,
      );
    });
    expect(influx.taken).toHaveLength(60_000);
    expect(Math.max(...influx.requests.map(({ length }) => length))).toBe(RECORDS_PER_REQUEST);
    controller.abort();
    await ended;
  });

  test("an abort finishes the write in flight and leaves the rest", async () => {
    const { influx, put, controller, ended } = world();
    const gate = Promise.withResolvers<void>();
    const first = put("a");
    influx.hold = gate.promise;
    await new Promise((resolve) => setImmediate(resolve));
    void put("b");
    controller.abort();
    gate.resolve();
    await Promise.all([first, ended]);
    expect(influx.taken).toEqual(["a"]);
  });
});

test("a database that is missing, and that its user may not create, is told with what to do", async () => {
  const { influx, sink, put, controller, ended } = world();
  influx.mayCreate = false;
  let tries = 0;
  let told = "";
  influx.answer = () => {
    if (tries++ === 0) return missing;
    told = sink.status.detail;
    return "accept";
  };
  await put("a");
  expect(told).toMatch(/database not found: "skerry"; its user may not .*npx skerry influx apply/);
  expect(sink.status.state).toBe("ok");
  controller.abort();
  await ended;
});

test("lines older than what is kept are refused by their number: one more request stores the others", async () => {
  const { influx, sink, controller, writer, ended } = world();
  const isOld = (device: string): boolean => device.startsWith("old");
  influx.answer = (devices) => {
    const dropped = devices.filter(isOld).length;
    const words = `{"error":"partial write: points beyond retention policy dropped=${dropped}"}`;
    return dropped === 0 ? "accept" : new AppError("INFLUX_REFUSED", "reject", words);
  };
  const readings = Array.from({ length: 1_000 }, (_, at) => ({
    contract: CONTRACT!,
    reading: environment(at % 3 === 0 ? `old${at}` : `new${at}`, at, 0),
    eventMs: at % 3 === 0 ? at : 1_000_000 + at,
    slot: 1,
  }));
  const { promise, resolve } = Promise.withResolvers<Answer>();
  void sink.put({ region: "eu", readings, rollups: [], acknowledged: resolve }, writer);
  const { refused } = await promise;
  expect(refused.map(({ place }) => place)).toEqual(
    readings.flatMap(({ reading }, at) => (isOld(reading.device) ? at : [])),
  );
  expect(refused[0]!.detail).toMatch(/^older than InfluxDB keeps its kind/);
  expect([influx.taken.length, influx.requests.length]).toEqual([666, 2]);
  expect([sink.refused, sink.beyondRetention]).toEqual([0, 334]);
  controller.abort();
  await ended;
});

test("an InfluxDB that is not supported gets nothing, and the status says why; another one in its place is taken", async () => {
  let isNewer = true;
  const newer = new AppError("INFLUX_REFUSED", "fatal", "InfluxDB 3.2.0 is not supported");
  vi.useFakeTimers();
  const { influx, sink, put, controller, ended } = world(undefined, (of) => {
    of.lacking = () => (isNewer ? Promise.reject(newer) : Promise.resolve(null));
  });
  try {
    const done = put("a");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sink.status).toMatchObject({ state: "refusing", detail: newer.message });
    expect(influx.requests).toEqual([]);
    isNewer = false;
    await vi.advanceTimersByTimeAsync(20_000);
    await done;
    expect(influx.taken).toEqual(["a"]);
    controller.abort();
    await vi.advanceTimersByTimeAsync(20_000);
    await ended;
  } finally {
    vi.useRealTimers();
  }
});
