// Makes attempts in an arena, and compares its state before and after each.
import { setTimeout as sleep } from "node:timers/promises";
import type { Arena, Ground } from "./arena.ts";
import type { Attempt, WallName } from "./attempt.ts";
import { differences } from "./state.ts";
import type { Tried } from "./verdict.ts";

/** A server on the same machine has stored by then what it was sent. */
const STORED_WITHIN_MS = 10;
/** Whatever an attempt does later than this is not found. */
const LATE_MS = 400;
const LOOK_EVERY_MS = 20;
/** Where a wall is taken out, no more of a batch are made after so many that got through. */
const ENOUGH = 10;

/** A control that did no harm is tried once more: on a busy machine one comes too late. */
const LOOKS = 2;
/** Roles that a control is tried as: what carries a message depends on what one may write oneself. */
const ROLES_TRIED_MAX = 3;

/** Makes one attempt. @returns a line for each harm, which is put right again. */
async function harmOf<A extends Arena>(
  arena: A,
  attempt: Attempt<A>,
  settleMs: number,
): Promise<string[]> {
  const before = await arena.state();
  const harm: string[] = [];
  try {
    const seen = await attempt.run(arena);
    if (seen !== null) harm.push(seen);
  } catch (error) {
    throw new Error(`${attempt.id}: ${String(error)}`, { cause: error });
  }
  if (attempt.comparesState === false) return harm;
  const untilMs = performance.now() + settleMs;
  await sleep(Math.min(STORED_WITHIN_MS, settleMs));
  for (;;) {
    const after = await arena.state();
    const changes = differences(before, after, attempt.harmless);
    if (changes.length > 0) {
      await arena.mend(before, after);
      return [...harm, ...changes];
    }
    if (harm.length > 0 || performance.now() >= untilMs) return harm;
    await sleep(LOOK_EVERY_MS);
  }
}

const triedOf = <A>(attempt: Attempt<A>, harm: readonly string[]): Tried => {
  const { run: _run, harmless: _harmless, comparesState: _compares, ...said } = attempt;
  return { ...said, harm };
};

export interface RunOptions {
  readonly natsServer: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface AttackOptions extends RunOptions {
  readonly without: ReadonlySet<WallName>;
}

/** Attempts of one role against one wall share a state, which is looked at once more at their end. */
const batchesOf = <A>(attempts: readonly Attempt<A>[]): Attempt<A>[][] => [
  ...Map.groupBy(attempts, ({ role, wall }) => `${role}\n${wall}`).values(),
];

/** Makes all attempts, in arenas beside each other where one would take long. */
export async function attack<A extends Arena>(
  ground: Ground<A>,
  attempts: readonly Attempt<A>[],
  options: AttackOptions,
): Promise<Tried[]> {
  const batches = batchesOf(attempts).toSorted((a, b) => b.length - a.length);
  const lanes = Math.min(ground.arenas ?? 1, batches.length);
  const tried: Tried[] = [];
  const lane = async (): Promise<void> => {
    await using arena = await ground.open(options);
    for (let batch; (batch = batches.shift()) && !options.signal.aborted;) {
      options.say(`${ground.name}: ${batch[0]!.role} against ${batch[0]!.wall}, ${batch.length}`);
      const enough = options.without.size > 0 ? ENOUGH : Infinity;
      tried.push(...(await batchOf(arena, batch, { signal: options.signal, enough })));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const order = new Map(attempts.map(({ id }, at) => [id, at]));
  return tried.toSorted((a, b) => order.get(a.id)! - order.get(b.id)!);
}

async function batchOf<A extends Arena>(
  arena: A,
  batch: readonly Attempt<A>[],
  { signal, enough }: { readonly signal: AbortSignal; readonly enough: number },
): Promise<Tried[]> {
  const before = await arena.state();
  const found: Tried[] = [];
  for (const attempt of batch) {
    if (signal.aborted || found.filter(({ harm }) => harm.length > 0).length >= enough) break;
    found.push(triedOf(attempt, await harmOf(arena, attempt, 0)));
  }
  if (found.some(({ harm }) => harm.length > 0)) return found;
  await sleep(LATE_MS);
  const harmless = {
    appends: new Set(batch.flatMap(({ harmless: of }) => [...(of?.appends ?? [])])),
  };
  const hears = batch.some(({ comparesState }) => comparesState === false);
  if (hears || differences(before, await arena.state(), harmless).length === 0) return found;
  // Something came late: each again, with time.
  const again: Tried[] = [];
  for (const attempt of batch)
    if (!signal.aborted) again.push(triedOf(attempt, await harmOf(arena, attempt, LATE_MS)));
  return again;
}

/** An arena that is opened when it is needed, and anew once it was given up. */
class Replaceable<A extends Arena> implements AsyncDisposable {
  readonly #open: () => Promise<A>;
  #arena: A | null = null;

  constructor(open: () => Promise<A>) {
    this.#open = open;
  }

  async current(): Promise<A> {
    return (this.#arena ??= await this.#open());
  }

  async replace(): Promise<void> {
    await this.#arena?.[Symbol.asyncDispose]();
    this.#arena = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.replace();
  }
}

/** The controls, one attempt of each, where no wall is: @returns those that did harm. */
export async function controlsOf<A extends Arena>(
  ground: Ground<A>,
  attempts: readonly Attempt<A>[],
  options: AttackOptions,
): Promise<Set<string>> {
  const works = new Set<string>();
  await using arenas = new Replaceable(() => ground.open(options));
  const controls = Map.groupBy(attempts, ({ control }) => control);
  options.say(`${ground.name}: ${controls.size} controls without the walls`);
  for (let look = 0; look < LOOKS; look++)
    for (const [control, same] of controls) {
      if (options.signal.aborted) return works;
      if (works.has(control)) continue;
      const roles = new Map(same.map((attempt) => [attempt.role, attempt]));
      for (const attempt of [...roles.values()].slice(0, ROLES_TRIED_MAX)) {
        const harm = await harmOf(await arenas.current(), attempt, LATE_MS).catch(
          async (error: unknown) => {
            // Without walls an arena may break beyond mending. What was not seen to work stays without a control.
            options.say(`${ground.name}: the controls go on in another arena: ${String(error)}`);
            await arenas.replace();
            return [];
          },
        );
        if (harm.length === 0) continue;
        works.add(control);
        break;
      }
    }
  return works;
}
