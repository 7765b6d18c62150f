// Goal: a region's store that goes back to an older copy of itself costs no silence: what was acknowledged and is
// gone is lost and named, what only the hub has is no difference, and the ledger balances again, whoever is killed.
// Method: real servers and processes; the region's directory is replaced by an older copy while the hub is down.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AggregatorPosition } from "../../cloud/aggregator/position.ts";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { loadPositions } from "../../platform/nats/lanes/positions.ts";
import { eventually } from "../support/eventually.ts";
import { LaneGateway, type LedgerWorld, startLedgerWorld } from "../support/ledger-world.ts";

const TIMEOUT_MS = 300_000;
const STREAM = "TELEMETRY_eu";

const sum = ({ rows }: Ledger, of: (row: Ledger["rows"][number]) => number): number =>
  rows.reduce((all, row) => all + of(row), 0);

const stored = (ledger: Ledger): number => sum(ledger, (row) => row.stored);
const lost = (ledger: Ledger): number => sum(ledger, (row) => row.lost);
const waiting = (ledger: Ledger): number =>
  sum(ledger, ({ waiting: { region, hub, aggregator } }) => region + hub + aggregator);

/** Until the hub's copy holds what the region's log holds, and the aggregator has saved that it is done with it. */
async function saved({ nats }: LedgerWorld, { lastSeq }: { lastSeq: number }): Promise<void> {
  const hub = await nats.hub.connect();
  await eventually("it is saved at the hub", async () => {
    const [position] = await loadPositions<AggregatorPosition>(hub, "aggregator", "eu", 1);
    const copy = await new Streams(hub).state(STREAM);
    return copy.lastSeq >= lastSeq && (position?.doneSeq ?? 0) >= lastSeq;
  });
}

/** 50 readings, a copy of the region's store, 40 more, and 10 that never reach the hub; then the copy is all there is. */
async function rollBack(world: LedgerWorld, gateway: LaneGateway): Promise<void> {
  const { nats, directory, eu } = world;
  const region = nats.region("eu");
  const backup = join(directory, "backup");
  await gateway.write(50);
  await gateway.until("50 are stored", (ledger) => stored(ledger) === 50);
  const { lastSeq } = await new Streams(eu).state(STREAM);
  await region.process.stop("SIGTERM");
  await cp(region.store, backup, { recursive: true });
  await region.process.start();
  await gateway.write(40);
  await gateway.until("90 are stored", (ledger) => stored(ledger) === 90);
  await saved(world, await new Streams(eu).state(STREAM));
  // A WAN that is cut may still hold them, and bring them afterwards.
  await nats.hub.process.kill();
  await gateway.write(10);
  await region.process.kill();
  await rm(region.store, { recursive: true });
  await cp(backup, region.store, { recursive: true });
  await region.process.start();
  await eventually(
    "it is rolled back",
    async () => (await new Streams(eu).state(STREAM)).lastSeq === lastSeq,
  );
  await nats.hub.process.start();
}

test(
  "a gateway that goes on after a rollback: what is gone is lost by name, and nothing is open",
  { timeout: TIMEOUT_MS },
  async () => {
    await using world = await startLedgerWorld();
    const gateway = new LaneGateway(world);
    await rollBack(world, gateway);
    await gateway.write(60);
    const isSettled = (ledger: Ledger): boolean =>
      stored(ledger) === 150 && waiting(ledger) === 0 && ledger.open.length === 0;
    const ledger = await gateway.until("it balances", isSettled);
    expect(lost(ledger)).toBe(10);
    expect(sum(ledger, (row) => row.acknowledged)).toBe(160);
    expect(ledger.rows.find(({ contract }) => contract === "?")).toMatchObject({ lost: 10 });

    for (const { process } of [world.steward, world.engine, world.aggregator])
      await process.restart();
    await gateway.write(10);
    const after = await gateway.until(
      "it balances after kills",
      (now) => stored(now) === 160 && now.open.length === 0,
    );
    expect(lost(after)).toBe(10);
  },
);

test(
  "a gateway that starts anew after a rollback: what only the hub has is named, also after kills of the steward",
  { timeout: TIMEOUT_MS },
  async () => {
    await using world = await startLedgerWorld();
    await rollBack(world, new LaneGateway(world));
    // Nobody who is left knows of the last ten: the gateway has forgotten them with its epoch.
    const anew = new LaneGateway(world, "e2");
    await anew.write(60);
    await world.steward.process.restart();
    const isNamed = ({ named, open }: Ledger): boolean => named.length === 1 && open.length === 0;
    const ledger = await anew.until("the difference has a name", isNamed, 90_000);
    expect(ledger.named).toMatchObject([
      { region: "eu", partition: 0, reason: "rollback", readings: 40, lost: 0, by: null },
    ]);
    expect(ledger.named[0]!.why).toContain("40 readings of machine are at the hub only");
    await world.steward.process.restart();
    await anew.write(10);
    const after = await anew.until("it balances", (now) => stored(now) === 160);
    expect(after).toMatchObject({ open: [], named: ledger.named });
  },
);
