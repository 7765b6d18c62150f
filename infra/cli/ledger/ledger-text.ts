// The standing ledger in words (pure).
import type { Ledger, LedgerTerms } from "../../../contracts/messages/ledger.ts";
import { laneName } from "../../../contracts/names/subjects.ts";
import { ago, table } from "../../../cloud/operations/words.ts";

const HEADER = [
  ...["REGION", "CONTRACT", "ACKNOWLEDGED", "STORED", "REPEATS", "REFUSED", "WAITING"],
  ...["SET ASIDE", "LOST", "OPEN", "OLDEST"],
];

const number = (count: number): string => count.toLocaleString("en");

/** Rows of the ledger, what is open, and which regions were not heard lately. */
export function ledgerLines({ rows, open, heardMs }: Ledger, nowMs: number): string[] {
  const lines = rows.map((row) => [
    row.region,
    row.contract,
    ...countsOf(row),
    row.oldestMs === null ? "" : ago(row.oldestMs, nowMs),
  ]);
  const heard = Object.entries(heardMs).map(([region, ms]) =>
    ms === null
      ? `${region} was not heard yet: what it acknowledged is known as far as the hub's copy goes`
      : `${region} was heard ${ago(ms, nowMs)}`,
  );
  return [
    ...(rows.length === 0 ? ["no reading was acknowledged yet"] : table(HEADER, lines)),
    "",
    ...(open.length === 0
      ? ["every acknowledged reading is accounted for"]
      : open.map(
          ({ readings, frames: [after, through], sinceMs, why, ...lane }) =>
            `lane ${laneName(lane)} does not balance by ${number(readings)} readings since ${ago(sinceMs, nowMs)}, ` +
            `frames ${after} to ${through}: ${why}`,
        )),
    ...heard,
  ];
}

function countsOf({ waiting, ...of }: LedgerTerms): string[] {
  const waits = [
    [waiting.region, "region"],
    [waiting.hub, "hub"],
    [waiting.aggregator, "aggregator"],
  ] as const;
  const where = waits.filter(([count]) => count > 0).map(([count, at]) => `${number(count)} ${at}`);
  return [
    ...[of.acknowledged, of.stored, of.repeats, of.refused].map(number),
    where.length === 0 ? "0" : where.join(", "),
    ...[of.setAside, of.lost, of.open].map(number),
  ];
}
