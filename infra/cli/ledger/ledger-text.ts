// The standing ledger in words (pure).
import type { Ledger, LedgerTerms, NamedDifference } from "../../../contracts/messages/ledger.ts";
import { laneName } from "../../../contracts/names/subjects.ts";
import { ago, table } from "../../../cloud/operations/words.ts";

const HEADER = [
  ...["REGION", "CONTRACT", "ACKNOWLEDGED", "STORED", "REPEATS", "REFUSED", "WAITING"],
  ...["SET ASIDE", "LOST", "OPEN", "OLDEST"],
];

const number = (count: number): string => count.toLocaleString("en");

/** A steward says how its region is once a second. */
const UNHEARD_AFTER_MS = 15_000;

/** Rows of the ledger, what is open, what is known by name, and which regions were not heard lately. */
export function ledgerLines({ rows, open, named, heardMs }: Ledger, nowMs: number): string[] {
  const lines = rows.map((row) => [
    row.region,
    row.contract,
    ...countsOf(row),
    row.oldestMs === null ? "" : ago(row.oldestMs, nowMs),
  ]);
  const unheard = Object.entries(heardMs).filter(
    ([, ms]) => ms === null || nowMs - ms > UNHEARD_AFTER_MS,
  );
  return [
    ...(rows.length === 0 ? ["no reading was acknowledged yet"] : table(HEADER, lines)),
    "",
    ...(open.length === 0
      ? [unheard.length === 0 ? ACCOUNTED : `${ACCOUNTED}, as far as it is known here`]
      : open.map(
          ({ readings, frames: [after, through], sinceMs, why, ...lane }) =>
            `lane ${laneName(lane)} does not balance by ${number(readings)} readings since ${ago(sinceMs, nowMs)}, ` +
            `frames ${after} to ${through}: ${why}`,
        )),
    ...named.map((one) => namedLine(one, nowMs)),
    ...unheard.map(([region, ms]) => unheardLine(region, ms, nowMs)),
  ];
}

const ACCOUNTED = "every acknowledged reading is accounted for";

const REASONS: Readonly<Record<NamedDifference["reason"], string>> = {
  upgrade: "the counts began apart",
  lost_position: "a count began anew",
  rollback: "the log was rolled back",
  acknowledged: "acknowledged",
};

function namedLine(
  { reason, readings, lost, atMs, by, why, ...lane }: NamedDifference,
  nowMs: number,
): string {
  const who = by === null ? REASONS[reason] : `acknowledged by ${by}`;
  const gone = lost > 0 ? `, ${number(lost)} of them lost` : "";
  return `lane ${laneName(lane)}: ${number(readings)} readings known by name${gone}; ${who} ${ago(atMs, nowMs)}: ${why}`;
}

/** A region that nobody hears acknowledges readings that are in no term. */
const unheardLine = (region: string, ms: number | null, nowMs: number): string =>
  ms === null
    ? `${region} was not heard yet: what it has acknowledged is in here as far as the hub's copy goes, and no further`
    : `${region} was heard last ${ago(ms, nowMs)}: what it has acknowledged since is in no term yet`;

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
