import { pino } from "pino";
import { expect, test } from "vitest";
import { telemetryTopic } from "../../../contracts/names/topics.ts";
import { Fleet, type FleetSpec } from "../../../device-sim/fleet.ts";
import type { LedgerEntry } from "../../../device-sim/ledger.ts";
import type { Link, Publication } from "../../../device-sim/mqtt-link.ts";
import type { Row } from "../../../device-sim/replay.ts";
import { NO_TRACING } from "../../../otel/tracing.ts";

/** A gateway that answers when it is told to. */
class FakeLink implements Link {
  connected = true;
  connectedOnce = true;
  readonly sent: Publication[] = [];
  readonly #bufferMax: number;
  #answered = 0;

  constructor(bufferMax: number) {
    this.#bufferMax = bufferMax;
  }
  get unanswered(): number {
    return this.sent.length - this.#answered;
  }
  get full(): boolean {
    return this.unanswered >= this.#bufferMax;
  }
  open(): void {}
  publish(publication: Publication): void {
    this.sent.push(publication);
  }
  answerAll(reasonCode = 0): void {
    while (this.unanswered > 0) this.sent[this.#answered++]!.answered(reasonCode);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  get payloads(): { ts: number; seq: number; temperature: number }[] {
    return this.sent.map(({ payload }) => JSON.parse(String(payload)) as never);
  }
}

const START_MS = 1_800_000_000_000;
const rowOf = (_: unknown, at: number): Row => ({
  timeMs: at * 60_000,
  fields: { temperature: at },
});
const rows = Array.from({ length: 10 }, rowOf);

function fleetOf(spec: Partial<FleetSpec> & { rate: number }, bufferMax = 1_000) {
  const gateway = { region: "eu", url: "mqtt://unused" };
  const specs = (["environment", "machine"] as const).map((contract) => ({
    device: `${contract}-1`,
    gateway,
    contract,
    startRow: spec.keepTimes ? 0 : 7,
  }));
  const links: FakeLink[] = [];
  const entries: LedgerEntry[] = [];
  const clock = { nowMs: START_MS };
  const fleet = new Fleet(
    {
      devices: specs,
      recordings: { environment: rows, machine: rows },
      keepTimes: false,
      misbehaveEvery: 0,
      ...spec,
    },
    {
      linkOf: () => {
        const link = new FakeLink(bufferMax);
        links.push(link);
        return link;
      },
      ledger: { add: (entry) => void entries.push(entry) },
      tracing: NO_TRACING,
      logger: pino({ level: "silent" }),
      nowMs: () => clock.nowMs,
    },
  );
  return { fleet, room: links[0]!, machine: links[1]!, entries, clock };
}

test("sequences and times of a device rise strictly even if its clock goes back; rows wrap", () => {
  const { fleet, room, machine, clock } = fleetOf({ rate: 200 });
  for (let elapsedMs = 0; elapsedMs <= 1_000; elapsedMs += 20) {
    clock.nowMs = START_MS + (elapsedMs < 500 ? elapsedMs : elapsedMs - 300);
    fleet.tick(elapsedMs);
  }
  expect(room.sent).toHaveLength(100);
  expect(room.payloads.map(({ seq }) => seq)).toEqual(room.sent.map((_, at) => START_MS + at));
  expect(room.payloads.slice(0, 4).map(({ temperature }) => temperature)).toEqual([7, 8, 9, 0]);
  for (const { payloads } of [room, machine])
    expect(payloads.every(({ ts }, at) => at === 0 || ts > payloads[at - 1]!.ts)).toBe(true);
});

test("a device whose buffer is full makes no readings, and then makes up for one second only", () => {
  const { fleet, room } = fleetOf({ rate: 200 }, 50);
  fleet.tick(0);
  for (let elapsedMs = 20; elapsedMs <= 10_000; elapsedMs += 20) fleet.tick(elapsedMs);
  expect(room.sent).toHaveLength(50);
  room.answerAll();
  fleet.tick(10_020);
  expect(room.sent).toHaveLength(100);
  room.answerAll();
  fleet.tick(10_040);
  expect(room.sent.length).toBeLessThanOrEqual(50 + 100 + 2);
  expect(fleet.status().skipped).toBeGreaterThan(0);
});

test("a device begins when it is connected, and does not make up for the time before", () => {
  const { fleet, room, machine } = fleetOf({ rate: 200 });
  room.connectedOnce = false;
  fleet.tick(0);
  fleet.tick(1_000);
  expect([room.sent.length, machine.sent.length]).toEqual([0, 100]);
  expect(fleet.ready).toBe(false);
  room.connectedOnce = true;
  fleet.tick(1_020);
  fleet.tick(1_040);
  expect(room.sent.length).toBe(2);
  expect(fleet.ready).toBe(true);
});

test("what is acknowledged is in the ledger, what is refused is counted and is not", () => {
  const { fleet, room, machine, entries, clock } = fleetOf({ rate: 20 });
  fleet.tick(0);
  fleet.tick(1_000);
  clock.nowMs = START_MS + 7;
  room.answerAll();
  machine.answerAll(0x99);
  expect(entries).toHaveLength(room.sent.length);
  expect(entries[0]).toEqual({
    region: "eu",
    device: "environment-1",
    contract: "environment",
    identity: room.payloads[0]!.seq,
    slot: expect.any(Number) as number,
    ts: START_MS,
    hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    sentMs: START_MS,
    ackedMs: START_MS + 7,
  });
  expect(room.sent[0]!.topic).toBe(telemetryTopic("environment-1", "environment"));
  expect(fleet.status()).toMatchObject({
    acknowledged: room.sent.length,
    rejected: machine.sent.length,
    inFlight: 0,
    regions: { eu: { acknowledged: room.sent.length, connected: 2 } },
  });
});

test("kept times: each row goes out once, at its own time, through stalls, and then nothing", () => {
  const { fleet, room, machine, entries } = fleetOf({ rate: 20, keepTimes: true }, 3);
  for (let elapsedMs = 0; elapsedMs <= 20_000; elapsedMs += 100) {
    fleet.tick(elapsedMs);
    if (elapsedMs % 3_000 === 0) [room, machine].forEach((link) => link.answerAll());
  }
  expect(fleet.status().finished).toBe(true);
  for (const { payloads } of [room, machine])
    expect(payloads.map(({ ts }) => ts)).toEqual(rows.map(({ timeMs }) => timeMs));
  expect(entries.filter(({ contract }) => contract === "machine").map((e) => e.identity)).toEqual(
    rows.map(({ timeMs }) => timeMs),
  );
});
