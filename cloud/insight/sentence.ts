// The verdict on a whole installation in one sentence, the worst first (pure).
import type { Ledger } from "../../contracts/messages/ledger.ts";
import type { Insight, Problem, ProblemKind, RegionInsight } from "./insight.ts";
import { count, number } from "../operations/words.ts";
import { list } from "./words.ts";

/** Problems that come before the account of what is stored; the others follow it. */
const FIRST: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  "nothing_runs",
  "log_refuses",
  "data_lost",
  "hub_fenced",
  "region_went_back",
  "ledger_open",
  "sink_refuses",
  "stuck",
]);
type Known = Pick<Insight, "problems" | "ledger" | "regions" | "processes">;

export function stateOf({ problems, processes, regions }: Known): Insight["state"] {
  if (problems.some(({ state }) => state === "wrong")) return "wrong";
  if (problems.length > 0) return "degraded";
  return processes.length === 0 || regions.every(({ link }) => link === null) ? "unknown" : "ok";
}

export function sentenceOf(known: Known): string {
  const { problems } = known;
  const [worst, ...others] = problems;
  const account = accountOf(known);
  if (worst?.kind === "nothing_runs") return sentence([worst.text]);
  if (!worst)
    return stateOf(known) === "unknown"
      ? "Nothing is known yet: processes are being listened to."
      : sentence([
          account ?? "everything runs",
          account === NOTHING_YET ? null : freshness(known.regions),
        ]);
  const more = others.length === 0 ? "" : `, and ${othersText(others)}`;
  const told = `${worst.text}${more}`;
  if (FIRST.has(worst.kind)) return sentence([told, waitingText(known) ?? account]);
  return sentence([account ?? "everything else runs", told]);
}

/** The account of an installation of which nothing has an age yet. */
const NOTHING_YET = "no reading has been acknowledged yet";

/**
 * Everything that was acknowledged, and that it is accounted for; null without a ledger. What a region acknowledges
 * while it is cut off the hub learns later.
 */
function accountOf({ ledger, regions }: Pick<Known, "ledger" | "regions">): string | null {
  if (!ledger || ledger.open.length > 0) return null;
  const sum = (of: (row: Ledger["rows"][number]) => number): number =>
    ledger.rows.reduce((total, row) => total + of(row), 0);
  const acknowledged = sum((row) => row.acknowledged);
  const lost = sum((row) => row.lost);
  if (acknowledged === 0) return NOTHING_YET;
  if (lost > 0)
    return `${number(lost)} of ${count(acknowledged, "acknowledged reading")} ${lost === 1 ? "is" : "are"} lost, each by name`;
  const known = regions.some(({ link }) => link?.up === false) ? " that the hub knows of" : "";
  return acknowledged === 1
    ? `the one acknowledged reading${known} is accounted for`
    : `all ${number(acknowledged)} acknowledged readings${known} are accounted for`;
}

const PLACES = [
  ["region", "in the regions"],
  ["hub", "at the hub"],
  ["aggregator", "in the aggregator"],
] as const;

/** Readings that wait, and where most of them do, if something is in their way; null if none is known to. */
function waitingText(known: Known): string | null {
  const { ledger, problems } = known;
  if (!ledger || ledger.open.length > 0) return null;
  if (!problems.some(({ kind }) => kind === "sink_refuses" || kind === "stuck")) return null;
  const places = PLACES.map(([place, words]) => ({
    words,
    waiting: ledger.rows.reduce((sum, row) => sum + row.waiting[place], 0),
  }));
  const all = places.reduce((sum, { waiting }) => sum + waiting, 0);
  if (all === 0) return null;
  const most = places.reduce((a, b) => (b.waiting > a.waiting ? b : a));
  const where = most.waiting === all ? ` ${most.words}` : `, most ${most.words}`;
  return `${accountOf(known)}, and ${number(all)} of them wait${where}`;
}

function othersText(others: readonly Problem[]): string {
  const [first] = others;
  if (others.length === 1) return first!.text;
  const regions = [...new Set(others.flatMap(({ region }) => region ?? []))];
  const where = regions.length === 0 ? "" : ` in ${list(regions)}`;
  return `${number(others.length)} more things are wrong${where}`;
}

function freshness(regions: readonly RegionInsight[]): string {
  const ages = regions.map(({ freshnessMs }) => freshnessMs);
  if (ages.length === 0 || ages.some((age) => age === null)) return "all is up to date";
  const seconds = Math.max(1, Math.ceil(Math.max(...ages.map((age) => age!)) / 1_000));
  return `what is stored is ${seconds} s old at most`;
}

function sentence(clauses: readonly (string | null)[]): string {
  const text = clauses.filter((clause) => clause !== null).join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
