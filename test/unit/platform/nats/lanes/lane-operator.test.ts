// Goal: every operator on a lane treats unreadable frames, holes, losses and unknown contracts alike.
// Method: frames as gateways number them, and a port that notes what it is asked to apply.
import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { Catalog } from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { LOSSES_KEPT } from "../../../../../contracts/messages/status.ts";
import { EMPTY_LANE } from "../../../../../platform/nats/lanes/lane.ts";
import {
  APPLIED,
  type Applied,
  type Filling,
  type Gap,
  type JudgedFrame,
  LaneOperator,
  type LanePort,
  Losses,
} from "../../../../../platform/nats/lanes/lane-operator.ts";
import type { LogEntry } from "../../../../../platform/nats/client/log-entry.ts";
import { AppError } from "../../../../../platform/runtime/errors.ts";
import { SetAsideInMemory } from "../../../../support/set-aside.ts";
import { FrameWriter } from "../../../../support/nats-frames.ts";

const LANE = { region: "eu", partition: 0 };
const START_MS = 1_700_000_000_000;

/** A port that applies everything and notes it, unless told otherwise. */
class NotingPort implements LanePort {
  readonly entries: LogEntry[];
  readonly applied: JudgedFrame[] = [];
  readonly gaps: Gap[] = [];
  answer: (frame: JudgedFrame) => Applied = () => APPLIED;
  filling: (gap: Gap) => Filling = () => ({ kind: "ended" });

  constructor(frames: readonly Uint8Array[]) {
    this.entries = frames.map((data, at) => entryOf(at + 1, data));
  }

  get acknowledged(): number {
    return this.applied.at(-1)?.entry.seq ?? 0;
  }

  async *read(fromSeq: number): AsyncGenerator<LogEntry> {
    yield* this.entries.filter(({ seq }) => seq >= fromSeq);
    await Promise.resolve();
  }

  prepare(): Promise<boolean> {
    return Promise.resolve(true);
  }

  joinsAt(): boolean {
    return false;
  }

  apply(frame: JudgedFrame): Promise<Applied> {
    const answer = this.answer(frame);
    if (answer.kind === "applied") this.applied.push(frame);
    return Promise.resolve(answer);
  }

  fill(gap: Gap): Promise<Filling> {
    this.gaps.push(gap);
    return Promise.resolve(this.filling(gap));
  }

  get appliedSeqs(): number[] {
    return this.applied.map(({ entry }) => entry.seq);
  }
}

const entryOf = (seq: number, data: Uint8Array): LogEntry => ({
  seq,
  storeMs: START_MS + seq,
  subject: "telemetry",
  data,
});

function world(port: LanePort, catalog = new Catalog([]), isPublished = true) {
  const losses = new Losses();
  const setAside = new SetAsideInMemory();
  const controller = new AbortController();
  const operator = new LaneOperator(LANE, {
    port,
    catalog,
    isPublished: () => Promise.resolve(isPublished),
    losses,
    setAside,
    logger: pino({ level: "silent" }),
  });
  const run = () => operator.run({ fromSeq: 1, state: EMPTY_LANE }, controller.signal);
  return { operator, losses, setAside, controller, run };
}

const writer = (): FrameWriter => new FrameWriter(LANE);

test("frames are applied in order, each with the lane before and after it", async () => {
  const frames = writer();
  const port = new NotingPort([1, 2, 3].map((n) => frames.encode([], START_MS + n)));
  const { operator, run } = world(port);
  await run();
  expect(port.appliedSeqs).toEqual([1, 2, 3]);
  expect(port.applied[0]!.before).toBe(EMPTY_LANE);
  expect(port.applied[1]!.before).toBe(port.applied[0]!.after);
  expect(port.applied[2]!.before).toBe(port.applied[1]!.after);
  expect(operator.status).toMatchObject({ doneSeq: 3, stoppedBy: null });
});

test("a repeat is named as one and leaves the lane as it was", async () => {
  const frame = writer().encode([], START_MS);
  const port = new NotingPort([frame, frame]);
  await world(port).run();
  expect(port.applied.map(({ repeated }) => repeated)).toEqual([false, true]);
  expect(port.applied[1]!.after).toBe(port.applied[1]!.before);
});

const POISONS: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ["text", Buffer.from("nonsense")],
  ["nothing", Buffer.alloc(0)],
  ["damaged zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])],
  ["no array", Buffer.from("{}")],
  ["a header that is null", Buffer.from("[null]")],
  ["a header without names", Buffer.from('[{"v":1,"n":1,"count":0}]')],
  ["a newer format of nobody", Buffer.from('[{"v":2,"anything":"else"}]')],
  ["a format that is far ahead", Buffer.from('[{"v":999,"gateway":"g","epoch":"e","n":1}]')],
  ["an older format", Buffer.from('[{"v":0,"n":1,"count":0}]')],
  [
    "another count",
    Buffer.from('[{"v":1,"gateway":"g","epoch":"e","n":1,"count":3,"total":3,"clock":1},1]'),
  ],
  [
    "a payload that is null",
    Buffer.from(
      '[{"v":1,"gateway":"g","epoch":"e","n":1,"count":1,"total":1,"clock":1},["d","c",1,1,null,null]]',
    ),
  ],
];

test.for(POISONS)("%s is set aside, and the frames around it are applied", async ([, bytes]) => {
  const frames = writer();
  const [first, last] = [1, 2].map((n) => frames.encode([], START_MS + n));
  const port = new NotingPort([first!, bytes, last!]);
  const { operator, setAside, run } = world(port);
  await run();
  expect(port.appliedSeqs).toEqual([1, 3]);
  expect(operator.status.stoppedBy).toBeNull();
  expect(setAside.brief).toEqual([
    expect.stringMatching(/^frame unreadable: frame 2 cannot be read/),
  ]);
  expect(setAside.all[0]).toMatchObject({
    place: { stream: "TELEMETRY_eu", subject: "telemetry", seq: 2 },
    data: bytes,
  });
});

test("a frame of a newer format stops the lane before it and what follows", async () => {
  const frames = writer();
  const first = frames.encode([], START_MS);
  const newer = Buffer.from('[{"v":2,"gateway":"g","epoch":"e","n":1,"anything":"else"}]');
  const port = new NotingPort([first, newer, frames.encode([], START_MS)]);
  const { operator, setAside, run } = world(port);
  await run();
  expect(port.appliedSeqs).toEqual([1]);
  expect(setAside.all).toEqual([]);
  expect(operator.status.stoppedBy).toBe(
    "frame 2 cannot be read: the frame has format version 2; this program reads 1: upgrade it",
  );
});

test("a damaged frame of a gateway leaves a hole that is named as lost", async () => {
  const frames = writer();
  const [first, , last] = [1, 2, 3].map((n) => frames.encode([], START_MS + n));
  const port = new NotingPort([first!, Buffer.from("damaged"), last!]);
  port.filling = ({ hole }) => ({ kind: "filled", entries: [], lost: hole });
  const { losses, setAside, run } = world(port);
  await run();
  expect(port.appliedSeqs).toEqual([1, 3]);
  expect(setAside.all).toHaveLength(1);
  expect(losses.all.map(({ what }) => what)).toEqual([
    expect.stringMatching(/^frames 2 to 2 of gateway/),
  ]);
});

test("a frame whose handling throws is set aside; an outage and a conflict are not", async () => {
  const frames = writer();
  const all = [1, 2, 3].map((n) => frames.encode([], START_MS + n));
  const port = new NotingPort(all);
  port.answer = ({ entry }) => {
    if (entry.seq === 2) throw new TypeError("cannot read properties of undefined");
    return APPLIED;
  };
  const { setAside, run } = world(port);
  await run();
  expect(port.appliedSeqs).toEqual([1, 3]);
  expect(setAside.brief).toEqual(["frame failed: cannot read properties of undefined"]);
  for (const disposition of ["retry", "fatal"] as const) {
    const away = new NotingPort(all);
    away.answer = () => {
      throw new AppError("NATS_UNAVAILABLE", disposition, "away");
    };
    const other = world(away);
    await expect(other.run()).rejects.toThrow("away");
    expect(other.setAside.all).toEqual([]);
  }
});

describe("a hole", () => {
  test("is filled: what was found comes before the frame that came", async () => {
    const frames = writer();
    const [first, missing, last] = [1, 2, 3].map((n) => frames.encode([], START_MS + n));
    const port = new NotingPort([first!, last!]);
    port.filling = () => ({ kind: "filled", entries: [entryOf(1.5, missing!)], lost: null });
    const { losses, run } = world(port);
    await run();
    expect(port.appliedSeqs).toEqual([1, 1.5, 2]);
    expect(port.gaps).toHaveLength(1);
    expect(losses.all).toEqual([]);
  });

  test("that is lost for good is recorded, and the lane goes on behind it", async () => {
    const frames = writer();
    const port = new NotingPort([frames.encode([], START_MS), frames.encode([], START_MS, 2)]);
    port.filling = ({ hole }) => ({ kind: "filled", entries: [], lost: hole });
    const { losses, operator, run } = world(port);
    await run();
    expect(port.appliedSeqs).toEqual([1, 2]);
    expect(losses.all).toEqual([
      {
        ...LANE,
        what: "frames 2 to 3 of gateway g1, epoch e1, 0 readings",
        readings: 0,
        sinceMs: START_MS + 1,
        untilMs: START_MS + 2,
      },
    ]);
    expect(operator.status.stoppedBy).toBeNull();
  });

  test("that nobody can explain stops the lane", async () => {
    const port = new NotingPort([writer().encode([], START_MS, 1)]);
    port.filling = ({ entry }) => ({ kind: "stopped", reason: `no frame before ${entry.seq}` });
    const { operator, run } = world(port);
    await run();
    expect(port.appliedSeqs).toEqual([]);
    expect(operator.status.stoppedBy).toBe("no frame before 1");
  });

  test("is shown while it is waited for, and the lane ends when the port ends it", async () => {
    const port = new NotingPort([writer().encode([], START_MS, 1)]);
    const { operator, run } = world(port);
    port.filling = () => {
      operator.showWaiting("waits for the region");
      expect(operator.status.stoppedBy).toBe("waits for the region");
      return { kind: "ended" };
    };
    await run();
    expect(port.appliedSeqs).toEqual([]);
    expect(operator.stopped).toBe(false);
  });
});

describe("a frame of an unknown contract version", () => {
  const PUMP = compileContract(
    { name: "pump", version: 2 },
    { type: "object", properties: { flow: { type: "number", "x-role": "field" } } },
  );
  const awaiting = (catalog: Catalog): NotingPort => {
    const port = new NotingPort([writer().encode([], START_MS)]);
    port.answer = () =>
      catalog.get("pump", 2)
        ? APPLIED
        : { kind: "awaits", version: { contract: "pump", version: 2 } };
    return port;
  };

  test("waits, is shown, and is applied once the version is known", async () => {
    const catalog = new Catalog([]);
    const port = awaiting(catalog);
    const { operator, run } = world(port, catalog);
    const ended = run();
    await expect
      .poll(() => operator.status.stoppedBy)
      .toBe("waits for contract pump v2, which frame 1 holds");
    expect(operator.stopped).toBe(false);
    catalog.add(PUMP);
    await ended;
    expect(port.appliedSeqs).toEqual([1]);
    expect(operator.status.stoppedBy).toBeNull();
  });

  test("is set aside if nobody has published it, and the frames behind it are applied", async () => {
    const frames = writer();
    const port = new NotingPort([1, 2, 3].map((n) => frames.encode([], START_MS + n)));
    port.answer = ({ entry }) =>
      entry.seq < 3 ? { kind: "awaits", version: { contract: "pump", version: 2 } } : APPLIED;
    const { operator, setAside, run } = world(port, new Catalog([]), false);
    await run();
    expect(port.appliedSeqs).toEqual([3]);
    expect(operator.status.stoppedBy).toBeNull();
    expect(setAside.brief).toEqual([
      expect.stringMatching(/^frame unknown: frame 1 holds readings of contract pump v2/),
      expect.stringMatching(/^frame unknown: frame 2 holds/),
    ]);
  });

  test("is set aside if what is published cannot be used here", async () => {
    vi.useFakeTimers();
    try {
      const port = awaiting(new Catalog([]));
      const { setAside, run } = world(port);
      const ended = run();
      await vi.advanceTimersByTimeAsync(10_000);
      await ended;
      expect(setAside.all).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test("waits after a hundred of them: that is no stray frame, but a contract to publish", async () => {
    const frames = writer();
    const all = Array.from({ length: 105 }, (_, n) => frames.encode([], START_MS + n));
    const port = new NotingPort(all);
    const catalog = new Catalog([]);
    port.answer = () =>
      catalog.get("pump", 2)
        ? APPLIED
        : { kind: "awaits", version: { contract: "pump", version: 2 } };
    const { operator, setAside, run } = world(port, catalog, false);
    const ended = run();
    await expect
      .poll(() => operator.status.stoppedBy)
      .toBe("waits for contract pump v2, which frame 101 holds");
    expect(setAside.all).toHaveLength(100);
    catalog.add(PUMP);
    await ended;
    expect(port.appliedSeqs).toEqual([101, 102, 103, 104, 105]);
  });

  test("is left to the next run if the signal aborts first", async () => {
    const catalog = new Catalog([]);
    const port = awaiting(catalog);
    const { operator, controller, run } = world(port, catalog);
    const ended = run();
    await expect.poll(() => operator.status.stoppedBy).toMatch(/^waits/);
    controller.abort();
    await ended;
    expect(port.appliedSeqs).toEqual([]);
  });
});

test("only the latest losses are kept", () => {
  const losses = new Losses();
  const hole = { gateway: "g", epoch: "e", fromN: 1, untilN: 2, totalBefore: 0, sinceMs: 0 };
  for (let readings = 0; readings < LOSSES_KEPT + 3; readings++)
    losses.add(LANE, { ...hole, readings }, 1);
  expect(losses.all).toHaveLength(LOSSES_KEPT);
  expect(losses.all[0]!.readings).toBe(3);
});
