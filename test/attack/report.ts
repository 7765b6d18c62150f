// What a run says in a terminal. Pure.
import type { Attempt, WallName } from "./attempt.ts";
import { COUNTED_MIN, type Judged, type Line, isWell, linesOf, sumsOf } from "./verdict.ts";
import { WALLS } from "./walls.ts";

/** Harms under one attempt; all are in the JSON. */
const HARMS_SHOWN_MAX = 3;

const lineOf = ({ role, wall, counted, through, moot, uncontrolled, unclaimed }: Line): string =>
  [
    `${role.padEnd(72)}${wall.padEnd(15)}${String(counted).padStart(5)} tried, `,
    through === 0 ? "none got through" : `${through} GOT THROUGH`,
    moot > 0 ? `, ${moot} not counted: refused by something else` : "",
    uncontrolled > 0 ? `, ${uncontrolled} WITHOUT A CONTROL` : "",
    unclaimed > 0 ? `, ${unclaimed} not claimed on this nats-server` : "",
  ].join("");

/** Each that got through, by the wall. */
function throughOf(judged: readonly Judged[]): string[] {
  const walls = Map.groupBy(
    judged.filter(({ verdict }) => verdict === "through"),
    ({ wall }) => wall,
  );
  return [...walls].flatMap(([wall, all]) => [
    "",
    `wall "${wall}": ${WALLS[wall].what}. To do: ${WALLS[wall].remedy}`,
    ...all.flatMap(({ id, role, tries, trick, harms, harm }) => [
      `  ${id}`,
      `    ${role}: ${tries}, by ${trick}; harms ${harms}`,
      ...harm.slice(0, HARMS_SHOWN_MAX).map((line) => `    harmed: ${line}`),
    ]),
  ]);
}

/** Names of attempts under one reason; all are in the JSON. */
const NAMES_SHOWN_MAX = 3;

/** Attempts by what is the same of them: how many, and some of their names. */
function groupsOf(
  judged: readonly Judged[],
  verdict: Judged["verdict"],
  by: (one: Judged) => string,
): string[] {
  const groups = Map.groupBy(
    judged.filter((one) => one.verdict === verdict),
    by,
  );
  return [...groups].flatMap(([what, all]) => [
    `${String(all.length).padStart(5)}  ${what}`,
    ...all.slice(0, NAMES_SHOWN_MAX).map(({ id }) => `         ${id}`),
    ...(all.length > NAMES_SHOWN_MAX ? ["         …"] : []),
  ]);
}

/** Why attempts are not counted, and those of which nobody says it. */
function uncountedOf(judged: readonly Judged[]): string[] {
  const moot = groupsOf(judged, "moot", ({ moot: of }) => of!.why);
  const bare = groupsOf(judged, "uncontrolled", ({ control }) => `control "${control}"`);
  return [
    ...(moot.length === 0
      ? []
      : ["", "not counted: refused, but without the wall as well, to everybody", ...moot]),
    ...(bare.length === 0
      ? []
      : ["", "WITHOUT A CONTROL: they do no harm without the wall, and nothing says why", ...bare]),
  ];
}

/** What an older server lets through, and the version that does not. */
function unclaimedOf(judged: readonly Judged[], server: string): string[] {
  const old = judged.filter(({ verdict }) => verdict === "unclaimed");
  if (old.length === 0) return [];
  return [
    "",
    `not claimed on nats-server ${server}, and done there; a newer one is what helps:`,
    ...old.map(({ id, since, harm }) => `  ${id} (refused from ${since}): ${harm[0]}`),
  ];
}

export function reportOf(judged: readonly Judged[], of: { server: string; isWhole: boolean }) {
  const sums = sumsOf(judged);
  const good = isWell(sums, of.isWhole);
  const least = of.isWhole && sums.counted < COUNTED_MIN ? ` (fewer than ${COUNTED_MIN})` : "";
  return [
    ...linesOf(judged).map(lineOf),
    ...throughOf(judged),
    ...unclaimedOf(judged, of.server),
    ...uncountedOf(judged),
    "",
    `nats-server ${of.server}: ${sums.through} of ${sums.counted} got through${least}; each of them has a control that ` +
      `worked or did its harm itself; ${sums.moot} not counted for the reasons above, ${sums.uncontrolled} without a control, ` +
      `${sums.unclaimed} not claimed on this server: ` +
      (good ? "the walls hold" : "NOT WELL"),
  ].join("\n");
}

/** The list of attempts, and of rights that look like some. */
export function listOf(
  attempts: readonly Pick<Attempt<never>, "id" | "wall" | "tries" | "trick" | "since">[],
  rights: readonly { readonly role: string; readonly right: string }[],
): string {
  const walls = Map.groupBy(attempts, ({ wall }): WallName => wall);
  return [
    ...[...walls].flatMap(([wall, all]) => [
      `${wall}: ${WALLS[wall].what}; --sabotage: ${WALLS[wall].sabotage}`,
      ...all.map(({ id, tries, trick, since }) => {
        const claim = since === undefined ? "" : ` (claimed from nats-server ${since})`;
        return `  ${id}: ${tries}, by ${trick}${claim}`;
      }),
      "",
    ]),
    "rights, which are no attacks:",
    ...rights.map(({ role, right }) => `  ${role}: ${right}`),
    "",
    `${attempts.length} attempts`,
  ].join("\n");
}
