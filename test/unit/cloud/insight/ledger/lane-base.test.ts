// Goal: what two counts of a lane differ by is forgiven only for a reason that the counts show, is kept through
// restarts with that reason, and what comes on top of it is open, whoever restarts when.
// Method: counts of a region and a hub, second by second, held against each other by stewards that keep nothing but
// what was stored.
import { describe, expect, test } from "vitest";
import type { LaneKnown } from "../../../../../cloud/insight/ledger/lane-balance.ts";
import { StandingLedger } from "../../../../../cloud/insight/ledger/standing-ledger.ts";
import {
  type LaneTally,
  type LedgerAcknowledgement,
  NO_TERMS,
} from "../../../../../contracts/messages/ledger.ts";
import { NOTHING_KNOWN } from "../../../../support/ledger-lane.ts";

const START_MS = 1_700_000_000_000;

/** A lane with a reading a second, its two counts, and the bucket behind the steward. */
class LaneOverTime {
  region: LaneTally;
  hub: LaneTally;
  known: LaneKnown = NOTHING_KNOWN;
  isHeard = true;
  /** Whether the bucket takes what is to be stored. */
  isStored = true;
  #ledger = new StandingLedger();
  #second = 0;

  constructor(region: Partial<LaneTally>, hub: Partial<LaneTally>) {
    const tally = { sinceMs: 0, readings: { machine: 0 }, lost: 0, miscounted: 0 };
    this.region = { ...tally, ...region };
    this.hub = { ...tally, ...hub };
  }

  get nowMs(): number {
    return START_MS + this.#second * 1_000;
  }

  /** Only what is stored is left. */
  restartSteward(): void {
    this.#ledger = new StandingLedger();
  }

  /** Lets seconds pass, and says how the ledger stands then. */
  pass(seconds: number) {
    let balanced = this.#balance();
    for (let at = 1; at < seconds; at++) balanced = this.#balance();
    const [row] = balanced.rows.filter(({ contract }) => contract === "machine");
    return { ...balanced, row: row ?? { ...NO_TERMS } };
  }

  acknowledge(by: string): void {
    const [open] = this.#balance().open;
    const { parts, of } = open!;
    const more: LedgerAcknowledgement = { by, atMs: this.nowMs, why: "looked at", parts, of };
    this.known = { ...this.known, acknowledgements: [...this.known.acknowledgements, more] };
  }

  #balance() {
    this.#second += 1;
    this.region = counted(this.region, 1);
    this.hub = counted(this.hub, 1);
    const at = { seq: this.#second, storeMs: this.nowMs };
    const { machine } = this.hub.readings;
    const stored = { repeats: 0, rejected: 0, setAside: 0, stored: machine! };
    const hub = { ...at, tally: this.hub, marks: [] };
    const lane = {
      region: this.isHeard ? { ...at, tally: this.region, marks: [] } : null,
      copySeq: this.#second,
      judged: hub,
      settled: { ...hub, settled: { machine: stored } },
      known: this.known,
    };
    const facts = { eu: { heardMs: this.nowMs, lanes: [lane], rejects: {} } };
    const ledger = this.#ledger.take(this.nowMs, facts);
    const [base] = this.#ledger.toStore;
    if (base && this.isStored)
      this.known = {
        ...this.known,
        base: JSON.parse(JSON.stringify(base.base)) as typeof base.base,
      };
    return ledger;
  }
}

const counted = (tally: LaneTally, more: number, contract = "machine"): LaneTally => ({
  ...tally,
  readings: { ...tally.readings, [contract]: (tally.readings[contract] ?? 0) + more },
});

const readings = (machine: number) => ({ readings: { machine } });

describe("a reason that the counts show", () => {
  test("an upgrade: what one side counted before the other is no difference, and is named", () => {
    const sinceMs = START_MS - 60_000;
    const lane = new LaneOverTime({ ...readings(0), sinceMs }, readings(500));
    expect(lane.pass(10).open).toEqual([]);
    const { open, named } = lane.pass(10);
    expect(open).toEqual([]);
    expect(named).toMatchObject([{ reason: "upgrade", readings: 500, lost: 0, by: null }]);
  });

  test("a count that begins anew", () => {
    const lane = new LaneOverTime(readings(900), readings(900));
    expect(lane.pass(5).named).toEqual([]);
    lane.region = { ...lane.region, ...readings(0), sinceMs: lane.nowMs };
    const { open, named } = lane.pass(20);
    expect(open).toEqual([]);
    expect(named).toMatchObject([
      {
        ...{ reason: "lost_position", readings: 905, lost: 0 },
        why: "the region lost its count and began to count anew",
      },
    ]);
    lane.hub = { ...lane.hub, ...readings(0), sinceMs: lane.nowMs };
    expect(lane.pass(20).named).toMatchObject([
      { reason: "lost_position" },
      { reason: "lost_position", why: "the hub lost its count and began to count anew" },
    ]);
  });

  test("a rollback: what the region had counted and the hub never got is lost, by contract", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.region = { ...counted(lane.region, 12), rollbacks: 1 };
    const { open, named, row } = lane.pass(20);
    expect(open).toEqual([]);
    expect(row).toMatchObject({ acknowledged: 137, stored: 125, lost: 12, open: 0 });
    expect(named).toMatchObject([
      {
        ...{ reason: "rollback", readings: 12, lost: 12 },
        why: "the region's log was rolled back; 12 readings of machine were acknowledged, and are gone",
      },
    ]);
  });

  test("a rollback that only the hub has noticed: what only the hub has is not lost", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.region = counted(lane.region, -40);
    expect(lane.pass(3).open).toMatchObject([{ readings: 40 }]);
    lane.known = { ...lane.known, rolledBackMs: lane.nowMs };
    const { open, named, row } = lane.pass(20);
    expect(open).toEqual([]);
    expect(row).toMatchObject({ acknowledged: 128, stored: 128, lost: 0 });
    expect(named).toMatchObject([{ reason: "rollback", readings: 40, lost: 0 }]);
  });

  test("is none as long as nobody can store it", () => {
    const sinceMs = START_MS - 60_000;
    const lane = new LaneOverTime({ ...readings(0), sinceMs }, readings(500));
    lane.isStored = false;
    expect(lane.pass(90)).toMatchObject({ open: [{ readings: 500 }], named: [] });
    lane.isStored = true;
    expect(lane.pass(2)).toMatchObject({ open: [], named: [{ reason: "upgrade" }] });
  });

  test("a hole that is filled meanwhile is no part of it", () => {
    const sinceMs = START_MS - 60_000;
    const lane = new LaneOverTime({ ...readings(0), sinceMs }, readings(500));
    lane.hub = counted(lane.hub, -7);
    lane.pass(10);
    lane.hub = counted(lane.hub, 7);
    const { open, named } = lane.pass(20);
    expect(open).toEqual([]);
    expect(named).toMatchObject([{ readings: 500 }]);
    expect(lane.pass(60).open).toEqual([]);
  });
});

describe("a loss", () => {
  test("beside a base is open, and stays open when the steward restarts", () => {
    const sinceMs = START_MS - 60_000;
    const lane = new LaneOverTime({ ...readings(0), sinceMs }, readings(500));
    lane.pass(30);
    lane.hub = counted(lane.hub, -3);
    const [before] = lane.pass(10).open;
    expect(before).toMatchObject({ readings: 3, parts: { judged: { machine: 3 } } });
    lane.restartSteward();
    const [after] = lane.pass(60).open;
    expect(after).toMatchObject({ readings: 3, sinceMs: before!.sinceMs, frames: before!.frames });
  });

  test.each([1, 4, 20])("while the steward restarts, %i s after it", (seconds) => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.hub = counted(lane.hub, -3);
    lane.pass(seconds);
    lane.restartSteward();
    expect(lane.pass(30).open).toMatchObject([{ readings: 3 }]);
  });

  test.each(["region", "hub"] as const)("is open still once the %s counts anew", (side) => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.hub = counted(lane.hub, -3);
    const [before] = lane.pass(10).open;
    lane[side] = { ...lane[side], ...readings(0), sinceMs: lane.nowMs };
    expect(lane.pass(5).open).toMatchObject([{ readings: 3, sinceMs: before!.sinceMs }]);
    const { open, named } = lane.pass(60);
    expect(open).toMatchObject([{ readings: 3, sinceMs: before!.sinceMs }]);
    expect(named).toMatchObject([{ reason: "lost_position" }]);
    lane.restartSteward();
    expect(lane.pass(10).open).toMatchObject([{ readings: 3, sinceMs: before!.sinceMs }]);
    lane.acknowledge("anna");
    expect(lane.pass(5)).toMatchObject({ open: [], row: { lost: 3, open: 0 } });
  });

  test("that happened while no steward ran is open", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.restartSteward();
    lane.hub = counted(lane.hub, -3);
    expect(lane.pass(30)).toMatchObject({ open: [{ readings: 3 }], named: [] });
  });

  test("is told after a restart also while the region is not heard", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.hub = counted(lane.hub, -3);
    const [before] = lane.pass(10).open;
    lane.restartSteward();
    lane.isHeard = false;
    expect(lane.pass(10).open).toMatchObject([{ readings: 3, sinceMs: before!.sinceMs }]);
    lane.isHeard = true;
    lane.hub = counted(lane.hub, 3);
    expect(lane.pass(10).open).toEqual([]);
    lane.restartSteward();
    lane.isHeard = false;
    expect(lane.pass(5).open).toEqual([]);
  });
});

test("counts that began apart long ago, and of which nothing is stored: nobody knows why, so it is open", () => {
  const sinceMs = START_MS - 2 * 3_600_000;
  const lane = new LaneOverTime({ ...readings(0), sinceMs }, readings(500));
  expect(lane.pass(90)).toMatchObject({ open: [{ readings: 500 }], named: [] });
  lane.restartSteward();
  expect(lane.pass(90).open).toMatchObject([{ readings: 500 }]);
});

describe("what an operator has acknowledged", () => {
  test("is named and open no longer, what is missing is lost, and more is open again", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.hub = counted(lane.hub, -3);
    lane.pass(10);
    lane.acknowledge("anna");
    const { open, named, row } = lane.pass(5);
    expect(open).toEqual([]);
    expect(row).toMatchObject({ lost: 3, open: 0, acknowledged: row.stored + 3 });
    expect(named).toMatchObject([
      { reason: "acknowledged", by: "anna", why: "looked at", readings: 3, lost: 3 },
    ]);
    lane.restartSteward();
    expect(lane.pass(5)).toMatchObject({ open: [], row: { lost: 3 } });
    lane.hub = counted(lane.hub, -2);
    expect(lane.pass(5)).toMatchObject({ open: [{ readings: 2 }], row: { lost: 3, open: 2 } });
  });

  test("a total that disagreed is named, and the next one opens the balance again", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    const off = (miscounted: number): void => {
      lane.region = { ...lane.region, miscounted };
      lane.hub = { ...lane.hub, miscounted };
    };
    off(4);
    expect(lane.pass(5).open).toMatchObject([
      { readings: 4, why: "running totals and frames disagree by 4 readings" },
    ]);
    lane.acknowledge("anna");
    expect(lane.pass(5).open).toEqual([]);
    off(5);
    expect(lane.pass(5).open).toMatchObject([{ readings: 1 }]);
  });

  test("says nothing of counts that began anew since", () => {
    const lane = new LaneOverTime(readings(100), readings(100));
    lane.pass(5);
    lane.hub = { ...lane.hub, miscounted: 4 };
    lane.pass(2);
    lane.acknowledge("anna");
    const anew = { sinceMs: lane.nowMs, ...readings(0) };
    lane.region = { ...lane.region, ...anew };
    lane.hub = { ...lane.hub, ...anew, miscounted: 2 };
    expect(lane.pass(30).open).toMatchObject([{ readings: 2 }]);
  });
});
