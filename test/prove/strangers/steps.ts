// The steps of a rule without duration, from the readings of one device (pure), said anew for strangers: what
// is and what came late have lives of their own, and a field counts until another value of it comes.
import type { Region } from "../../../infra/local/places.ts";
import type { Evidence, Heard, Outage } from "./stranger.ts";

/** The default of a rule's `lateAfter`. */
const LATE_AFTER_MS = 60_000;
/** The engine forgets what came late after ten minutes without more of it: then this says nothing. */
const LATE_PAUSE_MS_MAX = 500_000;
/** On a machine that does other work too; test/integration has the bound of an idle one. */
const RAISED_WITHIN_MS = 10_000;
/** A process that answers again has its backlog to work off. */
const SETTLED_MS = 15_000;

export interface Step {
  readonly state: "firing" | "resolved";
  readonly late: boolean;
  /** Event time of the reading that made it. */
  readonly atMs: number;
}

/** Fields by contract and name: `machine.temperature`. */
export type Known = Readonly<Record<string, unknown>>;

/** @returns null if a device paused for so long that this does not say. */
export function stepsOf(heard: readonly Heard[], holds: (known: Known) => boolean): Step[] | null {
  const steps: Step[] = [];
  const seen = new Set<string>();
  const lives = { live: newLife(), late: newLife() };
  for (const { contract, payload, receivedAtMs } of heard) {
    const said = JSON.stringify([contract, Object.entries(payload).sort()]);
    if (seen.has(said)) continue;
    seen.add(said);
    const { ts, ...fields } = payload;
    const atMs = Math.min(Number(ts), receivedAtMs);
    const late = receivedAtMs - atMs > LATE_AFTER_MS;
    const life = late ? lives.late : lives.live;
    if (late && life.heardMs !== null && receivedAtMs - life.heardMs > LATE_PAUSE_MS_MAX)
      return null;
    life.heardMs = receivedAtMs;
    for (const [name, value] of Object.entries(fields)) life.known[`${contract}.${name}`] = value;
    const isFiring = holds(life.known);
    if (isFiring === life.isFiring) continue;
    life.isFiring = isFiring;
    steps.push({ state: isFiring ? "firing" : "resolved", late, atMs });
  }
  const endMs = heard.at(-1)?.receivedAtMs ?? 0;
  if (lives.late.heardMs !== null && endMs - lives.late.heardMs > LATE_PAUSE_MS_MAX) return null;
  return steps;
}

const newLife = () => ({
  isFiring: false,
  heardMs: null as number | null,
  known: {} as Record<string, unknown>,
});

export interface Judged {
  readonly region: Region;
  readonly device: string;
  readonly rule: string;
  /** Contracts that the rule looks at. */
  readonly contracts: readonly string[];
  readonly holds: (known: Known) => boolean;
}

/** Compares the alerts of a rule and device with its readings; and how long after arrival they were told. */
export function wrongSteps(evidence: Evidence, of: Judged): string[] {
  const { region, device, rule } = of;
  const heard = evidence
    .heard(region, device)
    .filter(({ contract }) => of.contracts.includes(contract));
  const expected = stepsOf(heard, of.holds);
  if (expected === null) return [];
  const alerts = evidence.alerts[region].filter((one) => one.rule === rule && one.key === device);
  const wanted = new Set(expected.map(nameOf));
  const got = new Set(alerts.map(({ state, late = false, atMs }) => nameOf({ state, late, atMs })));
  const wrong: string[] = [];
  const say = (what: string, names: ReadonlySet<string>): void => {
    const [first] = names;
    if (first) wrong.push(`${rule} of ${device}: ${names.size} steps ${what}, the first ${first}`);
  };
  say("missing", wanted.difference(got));
  say("unexpected", got.difference(wanted));
  const tooLate = alerts.filter((one) => {
    const tookMs = one.storeMs - one.receivedAtMs;
    return tookMs > RAISED_WITHIN_MS && !isIn(evidence.outages, region, one);
  });
  const [slow] = tooLate;
  if (slow)
    wrong.push(
      `${rule} of ${device}: ${tooLate.length} alerts told more than ${RAISED_WITHIN_MS} ms after arrival with ` +
        `nothing away, the first ${slow.storeMs - slow.receivedAtMs} ms`,
    );
  return wrong;
}

const nameOf = (of: { state: string; late: boolean; atMs: number }): string =>
  `${of.state}${of.late ? " late" : ""} at ${new Date(of.atMs).toISOString()}`;

/** True if the region was not whole between a reading's arrival and its alert. */
const isIn = (
  outages: readonly Outage[],
  region: Region,
  { receivedAtMs, storeMs }: { receivedAtMs: number; storeMs: number },
): boolean =>
  outages.some(
    (one) =>
      one.region === region && one.fromMs <= storeMs && receivedAtMs <= one.untilMs + SETTLED_MS,
  );
