import fc from "fast-check";
import { expect, test } from "vitest";
import {
  LinkHistory,
  OUTAGES_KEPT,
  SILENT_MS,
  isDuring,
} from "../../../../cloud/link/link-history.ts";

const SECOND = 1_000;

/** Asks a mirror once a second, as LinkWatch does. */
class Mirror {
  readonly link = new LinkHistory();
  atMs = 1_000_000;
  #heardAtMs = this.atMs;
  #lastSeq = 10;

  second(what: "message" | "heartbeat" | "silence" | "try"): void {
    this.atMs += SECOND;
    if (what === "message") this.#lastSeq += 1;
    if (what !== "silence") this.#heardAtMs = this.atMs - 100;
    const heardMs = this.atMs - this.#heardAtMs;
    this.link.observe({ atMs: this.atMs, heardMs, lastSeq: this.#lastSeq });
  }

  seconds(count: number, what: Parameters<Mirror["second"]>[0]): void {
    for (let at = 0; at < count; at++) this.second(what);
  }
}

test("a region that sends nothing but heartbeats is linked", () => {
  const mirror = new Mirror();
  mirror.seconds(600, "heartbeat");
  expect(mirror.link.state).toMatchObject({ up: true, outages: [] });
});

test("a link is down within five seconds, since the region was heard last, and up with the first message", () => {
  const mirror = new Mirror();
  mirror.seconds(10, "message");
  const cutMs = mirror.atMs;
  mirror.seconds(5, "silence");
  expect(mirror.link.state).toMatchObject({ up: false, sinceMs: cutMs - 100 });
  mirror.seconds(60, "silence");
  expect(mirror.link.state!.outages).toEqual([{ fromMs: cutMs - 100, toMs: null }]);
  mirror.second("message");
  const outage = { fromMs: cutMs - 100, toMs: mirror.atMs };
  expect(mirror.link.state).toMatchObject({ up: true, sinceMs: mirror.atMs, outages: [outage] });
  expect(isDuring([outage], cutMs + 30 * SECOND)).toBe(true);
  expect(isDuring([outage], cutMs - SECOND)).toBe(false);
  expect(isDuring([outage], mirror.atMs + 1)).toBe(false);
});

test("a mirror that tries again has not heard the region", () => {
  const mirror = new Mirror();
  mirror.seconds(3, "message");
  const cutMs = mirror.atMs;
  for (let at = 0; at < 5; at++) {
    mirror.seconds(30, "silence");
    mirror.second("try");
  }
  expect(mirror.link.state).toMatchObject({ up: false, sinceMs: cutMs - 100 });
  expect(mirror.link.state!.outages).toHaveLength(1);
});

test("a link of an idle region is up again with its heartbeats", () => {
  const mirror = new Mirror();
  mirror.seconds(3, "heartbeat");
  mirror.seconds(20, "silence");
  mirror.seconds(3, "heartbeat");
  expect(mirror.link.state!.up).toBe(true);
});

test("a region that was never heard is down since somebody asked", () => {
  const link = new LinkHistory();
  link.observe({ atMs: 5_000, heardMs: Infinity, lastSeq: 0 });
  expect(link.state).toMatchObject({ up: false, sinceMs: 5_000 });
});

test("however often a link goes down, its outages are bounded, in order, and cover every moment of silence", () => {
  const times = fc.integer({ min: 5, max: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(times, times), { maxLength: 150 }), (episodes) => {
      const mirror = new Mirror();
      mirror.second("message");
      const silent: number[] = [];
      for (const [down, up] of episodes) {
        mirror.seconds(down, "silence");
        silent.push(mirror.atMs - SILENT_MS);
        mirror.seconds(up, "message");
      }
      const { outages } = mirror.link.state!;
      expect(outages.length).toBeLessThanOrEqual(OUTAGES_KEPT);
      for (const [at, { fromMs, toMs }] of outages.entries()) {
        expect(toMs).toBeGreaterThan(fromMs);
        if (at > 0) expect(fromMs).toBeGreaterThan(outages[at - 1]!.toMs!);
      }
      expect(silent.every((atMs) => isDuring(outages, atMs))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
