// Goal: whoever reads one sentence knows whether data flows, whether something is lost, and what is wrong.
// Method: an installation that runs well for a minute, and is spoilt in one way after a while.
import { expect, test } from "vitest";
import type { RegionFacts } from "../../../../cloud/insight/facts.ts";
import type { GatewayStatus, ProcessStatus } from "../../../../contracts/messages/status.ts";
import type { HeardProcess } from "../../../../platform/nats/live/live-view.ts";
import {
  BALANCED,
  type Moment,
  START_MS,
  type Spoilt,
  run,
} from "../../../support/insight-facts.ts";
import { openBalance } from "../../../support/open-balance.ts";

const SPOILT_MS = START_MS + 40_000;
const sentenceOf = (spoilt: Spoilt = {}, seconds = 80): string => {
  const { state, sentence } = run(seconds, spoilt).at(-1)!;
  return `${state}: ${sentence}`;
};
const isSpoilt = ({ nowMs }: Moment): boolean => nowMs >= SPOILT_MS;
const ALL = "all 8,412,776 acknowledged readings are accounted for";
const KNOWN = "All 8,412,776 acknowledged readings that the hub knows of are accounted for";
const All = "All 8,412,776 acknowledged readings are accounted for";

/** The link of us is down from a moment on, and so is nothing heard of it. */
const CUT: Spoilt = {
  process: (one, moment) =>
    one.domain === "us" && isSpoilt(moment) ? { ...one, heardMs: SPOILT_MS - 300 } : one,
  region: (of, moment) => (of.region === "us" && isSpoilt(moment) ? cutOff(of, moment) : of),
};
function cutOff(of: RegionFacts, { nowMs }: Moment): RegionFacts {
  const seq = 1_040;
  const place = { doneSeq: seq, doneMs: SPOILT_MS - 800, nextMs: null };
  return {
    ...of,
    link: { up: false, sinceMs: SPOILT_MS, seenMs: nowMs, outages: [] },
    log: null,
    copy: { ...of.copy!, lastSeq: seq },
    lanes: of.lanes.map((lane) => ({
      ...{ ...lane, newestSeq: seq, newestMs: SPOILT_MS - 800 },
      ...{ aggregator: place, alerting: place },
    })),
  };
}

test("healthy, with a ledger and without", () => {
  expect(sentenceOf()).toBe(`ok: ${All}; what is stored is 1 s old at most.`);
  expect(sentenceOf({ ledger: null })).toBe(
    "ok: Everything runs; what is stored is 1 s old at most.",
  );
});

test("a hub that is fenced is told before the account of readings, which go on", () => {
  const why =
    "its store is older than what region eu has seen of it, and lacks 2 records of devices";
  const fence = { foundAtMs: SPOILT_MS, region: "eu", why };
  expect(sentenceOf({ fence })).toBe(`wrong: The hub is fenced: ${why}; ${ALL}.`);
});

test("nothing that waits is older than what is stored is told to be", () => {
  const [eu, us] = BALANCED.rows;
  // The ledger is some seconds old: what it says waits has become older since.
  const ledgerAt = ({ nowMs }: Moment) => {
    const rows = [eu!, { ...us!, oldestMs: nowMs - 33_500 }];
    return { ...BALANCED, rows, atMs: nowMs - 3_000 };
  };
  expect(sentenceOf({ ledgerAt })).toBe(`ok: ${All}; what is stored is 34 s old at most.`);
});

test("a WAN that is cut", () => {
  expect(sentenceOf(CUT)).toBe(
    `degraded: ${KNOWN}; region us waits for the WAN, down for 39 s, and keeps its readings meanwhile.`,
  );
  const [lane] = run(80, CUT).at(-1)!.regions[1]!.lanes;
  expect([lane!.aggregator.state, lane!.alerting.state]).toEqual([
    "waiting_for_wan",
    "waiting_for_wan",
  ]);
  const [other] = run(80, CUT).at(-1)!.regions[0]!.lanes;
  expect(other!.aggregator.state).toBe("ok");
});

test("draining, with the time that is left", () => {
  const drains: Spoilt = {
    region: (of, { nowMs, seq }) =>
      of.region !== "us"
        ? of
        : {
            ...of,
            copy: { ...of.copy!, lastSeq: seq + 5_000 },
            log: { ...of.log!, lastSeq: seq + 5_000 },
            lanes: of.lanes.map((lane) => {
              const doneSeq = 1_000 + (nowMs - START_MS) / 50;
              const place = { doneSeq, doneMs: nowMs - 300_000, nextMs: nowMs - 299_000 };
              return { ...lane, newestSeq: seq + 5_000, aggregator: place };
            }),
          },
  };
  expect(sentenceOf(drains)).toBe(
    `degraded: ${All}; region us is catching up, done in about 3 min.`,
  );
});

const aggregator = (one: HeardProcess, over: object): HeardProcess =>
  one.kind === "aggregator"
    ? ({ ...one, status: { ...one.status, ...over } } as HeardProcess)
    : one;

test("a sink that takes nothing", () => {
  const influx = { state: "refusing", detail: "connection refused" };
  const refuses: Spoilt = {
    process: (one, moment) => (isSpoilt(moment) ? aggregator(one, { influx }) : one),
    region: (of, moment) => (isSpoilt(moment) ? standing(of) : of),
    ledger: {
      ...BALANCED,
      rows: BALANCED.rows.map((row) => ({
        ...row,
        waiting: { region: 0, hub: 1_000, aggregator: 200 },
      })),
    },
  };
  const expected =
    "wrong: The store does not take what is written: connection refused; " +
    `${ALL}, and 2,400 of them wait, most at the hub.`;
  expect(sentenceOf(refuses)).toBe(expected);
  expect(sentenceOf(refuses, 42)).toBe(expected);
});

test("whoever waits for the store is not said to catch up: the store is named, and nothing else", () => {
  const influx = { state: "refusing", detail: "InfluxDB has not answered for 5 s" };
  const refuses: Spoilt = {
    process: (one, moment) => (isSpoilt(moment) ? aggregator(one, { influx }) : one),
    region: (of, moment) => (isSpoilt(moment) ? standing(of) : of),
  };
  const spoilt = run(80, refuses).slice(41);
  expect(new Set(spoilt.flatMap(({ problems }) => problems.map(({ kind }) => kind)))).toEqual(
    new Set(["sink_refuses"]),
  );
  const paths = spoilt.map(({ regions: [eu] }) => eu!.path.state);
  expect(paths).not.toContain("catching_up");
  expect(paths[4]).toBe("stuck");
});

/** The aggregator's lanes do not get on. */
const standing = (of: RegionFacts): RegionFacts => ({
  ...of,
  lanes: of.lanes.map((lane) => ({
    ...lane,
    aggregator: { doneSeq: 1_040, doneMs: SPOILT_MS - 800, nextMs: SPOILT_MS + 200 },
  })),
});

test("an aggregator that is gone, within 30 s", () => {
  const gone: Spoilt = {
    process: (one, moment) =>
      one.kind === "aggregator" && isSpoilt(moment) ? { ...one, heardMs: SPOILT_MS - 300 } : one,
    region: (of, moment) => (isSpoilt(moment) ? standing(of) : of),
  };
  expect(sentenceOf(gone, 56)).toMatch(
    /^wrong: Nothing of eu and us is stored, because all 4 lanes are stuck: the aggregator has not been heard for 1\d s; all /,
  );
  expect(sentenceOf(gone, 45)).not.toContain("stuck");
});

test("an aggregator that stops is told within seconds, and never as one that catches up", () => {
  const gone: Spoilt = {
    process: (one, moment) =>
      one.kind === "aggregator" && isSpoilt(moment) ? { ...one, heardMs: SPOILT_MS - 300 } : one,
    region: (of, moment) => (isSpoilt(moment) ? standing(of) : of),
  };
  const states = run(80, gone).map(({ regions: [eu] }) => eu!.path.state);
  expect(states).not.toContain("catching_up");
  expect(states.slice(47)).toEqual(states.slice(47).map(() => "stuck"));
});

test("whoever runs and stands is told to stand until it is called stuck", () => {
  const stands: Spoilt = { region: (of, moment) => (isSpoilt(moment) ? standing(of) : of) };
  expect(sentenceOf(stands, 49)).toMatch(
    /^degraded: .*; nothing of eu and us is being stored at the moment, and what waits is \d s old\.$/,
  );
  expect(sentenceOf(stands, 60)).toContain("stuck");
});

test("a lane of few readings is not behind for the time in which none came", () => {
  const sparse: Spoilt = {
    region: (of, { nowMs }) => ({
      ...of,
      lanes: of.lanes.map((lane) => {
        const place = { doneSeq: 990, doneMs: nowMs - 600_000, nextMs: nowMs - 800 };
        return { ...lane, aggregator: place };
      }),
    }),
  };
  expect(run(2, sparse).at(-1)!.regions[0]!.path.state).toBe("ok");
});

test("no aggregator is up to date while the ledger has readings that wait for it", () => {
  const lane = (settledSeq: number, oldestMs: number) => ({
    ...{ ...BALANCED.rows[0]!, partition: 0, regionSeq: 2_000, settledSeq, oldestMs },
    waiting: { region: 0, hub: 900, aggregator: 100 },
  });
  const waits: Spoilt = {
    ledgerAt: ({ nowMs }) => ({
      ...BALANCED,
      ...{ atMs: nowMs, lanes: [lane(900 + (nowMs - START_MS) / 1_000, nowMs - 34_000)] },
    }),
  };
  const [eu, us] = run(30, waits).at(-1)!.regions;
  expect(eu!.path.state).toBe("catching_up");
  expect(eu!.path.behindMs).toBeGreaterThan(20_000);
  expect(us!.path.state).toBe("ok");
  const stands: Spoilt = {
    ledgerAt: ({ nowMs }) => ({ ...BALANCED, ...{ atMs: nowMs, lanes: [lane(900, START_MS)] } }),
  };
  expect(run(9, stands).at(-1)!.regions[0]!.path.state).toBe("standing");
  expect(run(30, stands).at(-1)!.regions[0]!.path.state).toBe("stuck");
});

test("one stuck lane of several is named, because the others store", () => {
  const stands: Spoilt = {
    region: (of, moment) => {
      if (!isSpoilt(moment) || of.region !== "eu") return of;
      const [stuck] = standing(of).lanes;
      return { ...of, lanes: [stuck!, ...of.lanes.slice(1)] };
    },
  };
  expect(sentenceOf(stands)).toMatch(
    /^wrong: Lane eu\/0 is stuck: the aggregator does not get on;/,
  );
});

test("an aggregator that runs and does not get on", () => {
  const stands: Spoilt = { region: (of, moment) => (isSpoilt(moment) ? standing(of) : of) };
  expect(sentenceOf(stands)).toBe(
    `wrong: Nothing of eu and us is stored, because all 4 lanes are stuck: the aggregator does not get on; ${ALL}.`,
  );
});

const gatewayOf = (region: string, over: Partial<GatewayStatus>): Spoilt => ({
  process: (one) =>
    one.kind === "gateway" && one.domain === region
      ? ({ ...one, status: { ...one.status, ...over } } as HeardProcess)
      : one,
});

test("a log that is full, and one that fills up", () => {
  const log = { state: "refusing", detail: "maximum bytes exceeded" } as const;
  expect(sentenceOf(gatewayOf("eu", { log }))).toBe(
    `wrong: The log of eu is full (1.0 of 100 MiB), so nothing that devices send there is acknowledged; ${ALL}.`,
  );
  const full: Spoilt = {
    ...gatewayOf("eu", { log }),
    region: (of) => ({ ...of, log: { ...of.log!, bytes: of.log!.bytesMax! } }),
  };
  expect(
    run(80, full)
      .at(-1)!
      .problems.filter(({ region }) => region === "eu"),
  ).toHaveLength(1);
  const away = { state: "refusing", detail: "no answer" } as const;
  expect(sentenceOf(gatewayOf("eu", { log: away }))).toContain(
    "The log of eu is away (no answer), so nothing",
  );
  const fills: Spoilt = {
    region: (of) => ({ ...of, log: { ...of.log!, bytes: 0.85 * of.log!.bytesMax! } }),
  };
  expect(sentenceOf(fills)).toContain("the log of eu is 85 % full (85.0 of 100 MiB)");
});

test("every problem says what to do next, and for how long nothing is lost meanwhile", () => {
  const influx = { state: "refusing", detail: "InfluxDB has not answered for 5 s" };
  const away: Spoilt = { process: (one) => aggregator(one, { influx }) };
  const [problem] = run(80, away).at(-1)!.problems;
  // Each region's frames are a thousandth of a MiB, and one comes each second.
  expect(problem).toMatchObject({
    ...{ kind: "sink_refuses", state: "wrong", region: null, runBook: "skerrystorerefuses" },
    next: "Start InfluxDB, or look at its disk and its log: what waits is stored by itself then. Nothing is lost meanwhile: readings wait in the logs, as long as the hub's disk has room: about 6.7 MiB more an hour.",
  });
  const [cut] = run(80, CUT).at(-1)!.problems;
  expect(cut!.next).toMatch(
    /^Mend the network between region us and the hub\. Nothing is lost meanwhile: the region keeps its readings \(there is room for about \d+ h\), raises/,
  );
});

test("a device that floods", () => {
  const slowed = [{ clientId: "boiler-7", device: "boiler-7", why: "rate" }] as const;
  expect(sentenceOf(gatewayOf("us", { slowed }))).toBe(
    `degraded: ${All}; client boiler-7 in us publishes more than it may and is read more slowly.`,
  );
});

test("a device that suddenly sends most of what comes, all of which is taken", () => {
  const surge = { sender: "noisy-1", perSecond: 1_415, times: 15.3, share: 0.934 };
  const text =
    "suddenly 93 % of what eu gets is from noisy-1, 1,415 messages a second; in all it gets 15 times as much as usual";
  expect(sentenceOf(gatewayOf("eu", { surge }))).toBe(`degraded: ${All}; ${text}.`);
  const slowed = [{ clientId: "noisy-1", device: "noisy-1", why: "rate" }] as const;
  expect(sentenceOf(gatewayOf("eu", { surge, slowed }))).not.toContain("suddenly");
});

test("nothing that runs, and nothing known yet", () => {
  const nobody: Spoilt = { process: () => null };
  expect(sentenceOf(nobody)).toBe(
    "wrong: Nothing runs: no process has been heard, of any region or of the hub.",
  );
  expect(sentenceOf(nobody, 3)).toBe(
    "unknown: Nothing is known yet: processes are being listened to.",
  );
});

test("a ledger that does not balance, and readings that are lost", () => {
  const why = "the region counts 12 more than the hub";
  const at = { region: "eu", partition: 1, frames: [7, 9], sinceMs: START_MS } as const;
  const open = [openBalance({ ...at, readings: -12, why })];
  expect(sentenceOf({ ledger: { ...BALANCED, open } })).toBe(
    `wrong: 12 readings of lane eu/1 are not accounted for: ${why}.`,
  );
  const [first, second] = BALANCED.rows;
  expect(
    sentenceOf({ ledger: { ...BALANCED, rows: [{ ...first!, lost: 40 }, second!] } }),
  ).toContain("40 of 8,412,776 acknowledged readings are lost, each by name");
});

test("a gateway that is gone, and several things at once", () => {
  const gone: Spoilt = {
    process: (one) => (one.kind === "gateway" ? { ...one, heardMs: START_MS } : one),
  };
  expect(sentenceOf(gone)).toBe(
    `wrong: ${All}; the gateway of eu has not been heard for 79 s, and the gateway of us has not been heard for 79 s.`,
  );
  const both: Spoilt = { ...gone, region: CUT.region! };
  expect(sentenceOf(both)).toContain(
    "region us waits for the WAN, down for 39 s, and keeps its readings meanwhile, and the gateway of eu",
  );
});

test("how long draining takes is told during an outage, once it has been seen", () => {
  const outage = (nowMs: number): boolean => nowMs >= START_MS + 200_000;
  const drained: Spoilt = {
    region: (of, moment) => {
      const { nowMs, seq } = moment;
      if (of.region !== "us") return of;
      if (outage(nowMs))
        return {
          ...of,
          link: { up: false, sinceMs: START_MS + 200_000, seenMs: nowMs, outages: [] },
        };
      const second = (nowMs - START_MS) / 1_000;
      const doneSeq = Math.min(seq, 1_000 + Math.max(0, second - 100) * 11);
      const behindMs = (seq - doneSeq) * 1_000;
      const doneMs = nowMs - 800 - behindMs;
      const place = { doneSeq, doneMs, nextMs: doneMs + 1_000 };
      return { ...of, lanes: of.lanes.map((lane) => ({ ...lane, aggregator: place })) };
    },
  };
  const insight = run(300, drained).at(-1)!;
  const { drainAfterMs } = insight.regions[1]!;
  expect(drainAfterMs).toBeGreaterThan(5_000);
  expect(drainAfterMs).toBeLessThan(20_000);
  expect(insight.sentence).toContain("after it returns");
});

test("nothing that was acknowledged has no age", () => {
  const rows = BALANCED.rows.map((row) => ({ ...row, acknowledged: 0 }));
  expect(sentenceOf({ ledger: { ...BALANCED, rows } })).toBe(
    "ok: No reading has been acknowledged yet.",
  );
});

test("a channel whose group gathers gets on; one that does not tell what is due is stuck", () => {
  const verdictOf = (gathering: number): string | undefined => {
    const channel = { channel: "mail", region: "eu", doneSeq: 3, sent: 1, waiting: 2, gathering };
    const also = {
      process: "notifier",
      setAside: 0,
      channels: [{ ...channel, deadLetters: 0, skipped: 0, lastError: null }],
    } as unknown as ProcessStatus;
    const region = (of: RegionFacts): RegionFacts => ({ ...of, alertsSeq: 5 });
    const [eu] = run(30, { also, region }).at(-1)!.regions;
    return eu!.channels[0]?.verdict.state;
  };
  expect(verdictOf(2)).toBe("ok");
  expect(verdictOf(1)).toBe("stuck");
});
