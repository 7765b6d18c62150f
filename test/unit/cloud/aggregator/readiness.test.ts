// Goal: whoever restarts aggregators that are not ready restarts those that do nothing, and no others.
// Method: the progress of a lane by an injected clock, and the status server that whoever restarts them asks.
import { expect, test } from "vitest";
import { Progress } from "../../../../cloud/insight/lag/progress.ts";
import { type ReadinessFacts, aggregatorChecks } from "../../../../cloud/aggregator/readiness.ts";
import { serveStatus } from "../../../../platform/runtime/status-server.ts";

const OK = { answered: true, status: { state: "ok", detail: "" } } as const;
const LANE = { lane: { region: "eu", partition: 1 }, reading: true, stoppedBy: null };

/** A lane that reads a frame each second, and does them until a second. */
class Lane {
  readonly #progress = new Progress();
  nowMs = 0;

  run(seconds: number, doneUpTo = Infinity): void {
    for (let second = 0; second < seconds; second++) {
      this.nowMs += 1_000;
      const targetSeq = this.nowMs / 1_000;
      this.#progress.observe({
        atMs: this.nowMs,
        targetSeq,
        doneSeq: Math.min(targetSeq, doneUpTo),
      });
    }
  }

  facts(over: Partial<ReadinessFacts> = {}): ReadinessFacts {
    const standsForMs = this.#progress.standsForMs(this.nowMs);
    return {
      sink: OK,
      isShared: true,
      leaseRefusal: null,
      lanes: [{ ...LANE, standsForMs }],
      ...over,
    };
  }
}

const whyNotReady = (facts: ReadinessFacts): string | null =>
  aggregatorChecks(facts).flatMap(({ why }) => why ?? [])[0] ?? null;

test("GET /readyz: 503 and why, once nothing was done for a minute; 200 before, and as soon as it gets on", async () => {
  const lane = new Lane();
  const source = { checks: () => aggregatorChecks(lane.facts()), status: () => ({}) };
  const at = { host: "127.0.0.1", port: 0 };
  const metrics = { answer: () => ({ contentType: "text/plain", body: "" }) };
  await using server = await serveStatus(at, source, metrics);
  const asked = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
    const { state, why } = (await answer.json()) as { state: string; why?: string };
    return `${answer.status} ${state}${why ? `: ${why}` : ""}`;
  };
  lane.run(100);
  expect(await asked()).toBe("200 ready");
  lane.run(60, 100);
  expect(await asked()).toBe("200 ready");
  lane.run(1, 100);
  expect(await asked()).toBe("503 not ready: lane eu/1 has not got on for 60 s");
  lane.run(30, 100);
  expect(await asked()).toBe("503 not ready: lane eu/1 has not got on for 90 s");
  lane.run(1, 101);
  expect(await asked()).toBe("200 ready");
});

test("it names the store at once, or what the lane waits for", () => {
  const lane = new Lane();
  lane.run(2);
  const status = { state: "refusing", detail: "InfluxDB has not answered for 5 s" } as const;
  expect(whyNotReady(lane.facts({ sink: { answered: true, status } }))).toBe(
    "the store does not take what is written: InfluxDB has not answered for 5 s",
  );
  const waits = { ...LANE, stoppedBy: "waits for contract pump v2", standsForMs: 61_000 };
  expect(whyNotReady(lane.facts({ lanes: [waits] }))).toContain("61 s: waits for contract pump v2");
});

test("an idle lane and a spare are ready; whoever has not begun is not", () => {
  const idle = new Lane();
  idle.run(300);
  expect(whyNotReady(idle.facts())).toBeNull();
  expect(whyNotReady(idle.facts({ lanes: [] }))).toBeNull();
  expect(whyNotReady(idle.facts({ isShared: false }))).toBe("lanes are being shared out");
  const leaseRefusal = "no answer within 1000 ms";
  expect(whyNotReady(idle.facts({ leaseRefusal }))).toBe(
    "lanes cannot be shared out: no answer within 1000 ms",
  );
  expect(whyNotReady(idle.facts({ sink: { ...OK, answered: false } }))).toContain("not answered");
  const unread = { ...LANE, reading: false, standsForMs: 0 };
  expect(whyNotReady(idle.facts({ lanes: [unread] }))).toBe("lane eu/1 is not being read");
});
