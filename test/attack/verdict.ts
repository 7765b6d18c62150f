// What became of each attempt, and what the run as a whole says. Pure.
import type { Attempt, WallName } from "./attempt.ts";

/** An attempt, and what was seen of it. */
export interface Tried extends Omit<Attempt<never>, "comparesState" | "harmless" | "run"> {
  /** What was harmed; empty: it was refused. */
  readonly harm: readonly string[];
}

/**
 * `held`: nothing was harmed, and without the wall it was; `through`: it did its harm; `moot`: nothing was harmed, and
 * neither without the wall, because something else that is named refuses it to everybody; `uncontrolled`: the same, and
 * nobody says why; `unclaimed`: it did its harm on a server that is too old for this wall.
 */
export type Verdict = "held" | "through" | "moot" | "uncontrolled" | "unclaimed";

export interface Judged extends Tried {
  readonly verdict: Verdict;
}

/** The controls that did their harm without the wall. */
export type Controls = ReadonlySet<string>;

/** @param server version of the nats-servers, as `2.9.10`. */
export const judge = (tried: readonly Tried[], controls: Controls, server: string): Judged[] =>
  tried.map((one) => ({ ...one, verdict: verdictOf(one, controls, server) }));

function verdictOf(tried: Tried, controls: Controls, server: string): Verdict {
  const { harm, since, control } = tried;
  if (harm.length > 0)
    return since !== undefined && isOlder(server, since) ? "unclaimed" : "through";
  if (controls.has(control)) return "held";
  return isMoot(tried, server) ? "moot" : "uncontrolled";
}

/** True if something else than the wall is known to refuse it on this server. */
export const isMoot = ({ moot }: Pick<Tried, "moot">, server: string): boolean =>
  moot !== undefined && (moot.from === undefined || !isOlder(server, moot.from));

/** True if a version comes before another: the first three numbers of each. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (of: string): number[] => (of.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [these, those] = [numbers(version), numbers(than)];
  for (const [at, wanted] of those.entries()) {
    const is = these[at] ?? 0;
    if (is !== wanted) return is < wanted;
  }
  return false;
}

export interface Sums {
  readonly counted: number;
  readonly through: number;
  readonly moot: number;
  readonly uncontrolled: number;
  readonly unclaimed: number;
}

/** Those that count have a control that worked, or did their harm themselves. */
export function sumsOf(judged: readonly Judged[]): Sums {
  const of = (verdict: Verdict): number => judged.filter((one) => one.verdict === verdict).length;
  const through = of("through");
  return {
    counted: of("held") + through,
    ...{ through, moot: of("moot") },
    ...{ uncontrolled: of("uncontrolled"), unclaimed: of("unclaimed") },
  };
}

/** The least number of attempts that a whole run must count. */
export const COUNTED_MIN = 150;

/**
 * True if none got through, enough count, and of each that does not it is known why.
 * @param isWhole false where only some attempts were asked for.
 */
export const isWell = ({ counted, through, uncontrolled }: Sums, isWhole: boolean): boolean =>
  through === 0 && uncontrolled === 0 && counted >= (isWhole ? COUNTED_MIN : 1);

/** One line of the table: attempts of a role against a wall. */
export interface Line extends Sums {
  readonly role: string;
  readonly wall: WallName;
}

export function linesOf(judged: readonly Judged[]): Line[] {
  const groups = Map.groupBy(judged, ({ role, wall }) => `${role}\n${wall}`);
  return [...groups.values()].map((group) => ({
    ...{ role: group[0]!.role, wall: group[0]!.wall },
    ...sumsOf(group),
  }));
}
