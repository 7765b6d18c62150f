// The standing ledger at the end of a proof, against the regions' logs, counted anew: it must balance to the
// reading. That the logs hold what devices saw acknowledged is compared elsewhere, reading by reading.
import { ledgerOf } from "../../infra/cli/ledger/steward-says.ts";
import { REGIONS, type Region } from "../../infra/local/places.ts";
import { frameOrNull } from "../../contracts/messages/frame.ts";
import {
  type Ledger,
  UNCOUNTED_CONTRACT,
  UNKNOWN_CONTRACT,
} from "../../contracts/messages/ledger.ts";
import {
  rejectAddress,
  rejectFilter,
  rejectsStream,
  telemetryFilter,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";

/** Positions are saved, and the ledger is balanced, about once a second. */
const SETTLED_WITHIN_MS = 20_000;
const SAID_WITHIN_MS = 3_000;

export interface LedgerCompared {
  /** Readings that the ledger says were acknowledged, rejects of gateways included. */
  readonly acknowledged: number;
  /** Terms that do not come out, in words. */
  readonly wrong: readonly string[];
}

export async function compareLedger(
  connections: Readonly<Record<"hub" | Region, NatsConnection>>,
): Promise<LedgerCompared> {
  const expected = new Map<string, number>();
  for (const region of REGIONS) await countLog(connections[region], region, expected);
  let ledger: Ledger | null = null;
  let wrong: readonly string[] = ["no steward says how the ledger stands"];
  const isRight = async (): Promise<boolean> => {
    ledger = (await ledgerOf(connections.hub, SAID_WITHIN_MS)) ?? ledger;
    if (ledger) wrong = wrongIn(ledger, expected);
    return wrong.length === 0;
  };
  await eventually("the ledger balances", isRight, SETTLED_WITHIN_MS).catch(() => false);
  const rows = (ledger as Ledger | null)?.rows ?? [];
  return { acknowledged: rows.reduce((sum, row) => sum + row.acknowledged, 0), wrong };
}

const nameOf = (of: { region: string; contract: string }): string => `${of.region} ${of.contract}`;

/** Adds the readings of each frame of a region's log, and its rejects, by region and contract. */
async function countLog(
  connection: NatsConnection,
  region: Region,
  into: Map<string, number>,
): Promise<void> {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const { firstSeq, lastSeq } = await streams.state(stream);
  if (firstSeq > 1) throw new Error(`the log of ${region} was trimmed: nobody can count it`);
  const frames = new Set<string>();
  const add = (contract: string, count: number): void => {
    const name = nameOf({ region, contract });
    into.set(name, (into.get(name) ?? 0) + count);
  };
  const slice = { stream, subject: telemetryFilter(region), from: firstSeq };
  for await (const { subject, data } of readStored(connection, slice, lastSeq)) {
    const frame = frameOrNull(data);
    if (!frame) continue;
    const { gateway, epoch, n } = frame.header;
    const id = `${subject} ${gateway} ${epoch} ${n}`;
    if (frames.has(id)) continue;
    frames.add(id);
    for (const { contract } of frame.readings)
      if (contract !== UNCOUNTED_CONTRACT) add(contract, 1);
  }
  const rejects = await streams.subjects(rejectsStream(region), rejectFilter({ region }));
  for (const [subject, count] of rejects)
    add(rejectAddress(subject)?.contract ?? UNKNOWN_CONTRACT, count);
}

/** Readings that are not where they should be at the end of a run. */
function wrongIn({ rows, open }: Ledger, expected: ReadonlyMap<string, number>): string[] {
  const wrong = open.map(({ region, partition, why }) => `lane ${region}/${partition}: ${why}`);
  const told = new Map(rows.map((row) => [nameOf(row), row]));
  for (const name of new Set([...expected.keys(), ...told.keys()])) {
    const count = expected.get(name) ?? 0;
    const row = told.get(name);
    const acknowledged = row?.acknowledged ?? 0;
    if (acknowledged !== count)
      wrong.push(`${name}: the log holds ${count}, the ledger says ${acknowledged}`);
    if (!row) continue;
    const { waiting, stored, repeats, refused, setAside, lost } = row;
    const waits = waiting.region + waiting.hub + waiting.aggregator;
    if (waits > 0) wrong.push(`${name}: ${waits} wait for ever`);
    const sum = stored + repeats + refused + setAside + lost + waits;
    if (sum !== acknowledged)
      wrong.push(`${name}: ${acknowledged} acknowledged, the terms add up to ${sum}`);
    if (lost > 0) wrong.push(`${name}: ${lost} lost`);
  }
  return wrong;
}
