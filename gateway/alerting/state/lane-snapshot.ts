// What a lane's rules know, as bytes and back (pure). With it a lane goes on from a sequence as if it had
// never stopped; a rule is kept with what it knows, so that one which is gone meanwhile can be ended.
import { AppError } from "../../../platform/runtime/errors.ts";
import type { Stopwatch } from "../../../platform/runtime/stopwatch.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { type CompiledRule, compileRule } from "../../../contracts/rules/compile-rule.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { parseSeries } from "../../../contracts/messages/series.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { AwaitedKeys } from "../windows/awaited-keys.ts";
import { IdleTimers } from "../windows/idle-timers.ts";
import type { LaneClock } from "../lane/lane-clock.ts";
import { LanePresence, type PresenceState } from "../lane/lane-presence.ts";
import { LaneRules } from "../lane/lane-rules.ts";
import type { Life, LogPlace } from "../rules/lifecycle.ts";
import { NumberReader, NumberWriter } from "../windows/number-tape.ts";
import {
  LATE_HORIZON_MS,
  RecentIdentities,
  type RecentIdentitiesState,
} from "../lane/recent-identities.ts";
import { memberwise } from "../rules/kinds/composite.ts";
import { RuleErrors } from "../rules/rule-errors.ts";
import { shareAwaited } from "../rules/absence-rules.ts";
import { openLate, openWindows } from "../rules/rule-set.ts";
import type { Slot } from "../rules/remembering.ts";
import { RuleState } from "../rules/rule-state.ts";
import type { SharedWindows } from "../windows/shared-windows.ts";
import type { WindowValue } from "../windows/sliding-window.ts";

export const FORMAT = 3;
/** The one before is read as well: without late readings, errors, what drains, and identities. */
const FORMAT_BEFORE = 2;

type Entries = readonly (readonly [key: string, at: number])[];

/** State of a rule, or of what it knows of readings that came late. */
interface SavedState {
  readonly limitedAt: RuleState["limitedAt"];
  /** The number of slots; the numbers of each are its key and when it was touched. */
  readonly slots: number;
  /** Memories of the slots that have one, by their number. */
  readonly lives: readonly (readonly [slot: number, life: Life])[];
  readonly memories: readonly (readonly [slot: number, memory: NonNullable<Slot["memory"]>])[];
  readonly resolving: Entries;
  readonly silent: Entries;
  readonly lost: Entries;
  readonly silenced: readonly string[];
}

/** Optional is what format 2 lacks. */
interface SavedRule extends SavedState {
  readonly rule: Rule;
  /** The tags that its keys are by; without it they are partition keys. */
  readonly by?: readonly string[];
  readonly disabled: RuleState["disabled"];
  readonly draining?: Entries;
  readonly errors?: ReturnType<RuleErrors["toJSON"]>;
  readonly late?: (SavedState & { readonly quiet: Entries }) | null;
}

interface SavedWindows {
  /** Ids of the rules that look at them. */
  readonly readers: readonly string[];
  /** True if they are the late ones of their reader. */
  readonly late?: boolean;
  /**
   * The number of windows; the numbers of each are its key, when it was touched, when its newest reading arrived (not in
   * format 2), how many cells, and the cells.
   */
  readonly windows: number;
  /** Windows of values that are no numbers. */
  readonly values: readonly (readonly [window: number, values: readonly WindowValue[]])[];
  readonly shedAbove: number;
}

interface SavedRules {
  readonly format: number;
  readonly keys: readonly string[];
  readonly plans: readonly SavedRule[];
  readonly windows: readonly SavedWindows[];
  readonly identities: RecentIdentitiesState;
  readonly lateIdentities?: RecentIdentitiesState;
}

export interface LaneSnapshot {
  /** Rules and what they know. */
  readonly rules: Uint8Array;
  /** Keys that are known, and devices that are connected. */
  readonly presence: Uint8Array;
  readonly clock: LaneClock;
}

/** @param into what the snapshot is written into; it lasts until that is written into again. */
export function takeSnapshot(lane: LaneRules, into = new NumberWriter()): LaneSnapshot {
  const writer = into.begin();
  const keys = new KeyNumbers();
  const all = [...lane.rules.states.values()];
  const texts = new Texts();
  const plans = all.map((state) => planText(state, { keys, writer, texts }));
  const shared = new Set(all.flatMap(({ windows }) => windows ?? []));
  const late = all.flatMap((state) => state.late?.windows ?? []);
  const windows = [
    ...[...shared].map((each) => writeWindows(each, keys, writer)),
    ...late.map((each) => ({ ...writeWindows(each, keys, writer), late: true })),
  ];
  const identities = lane.identities.write(writer);
  const lateIdentities = lane.lateIdentities.write(writer);
  const saved: Omit<SavedRules, "plans"> = {
    ...{ format: FORMAT, keys: keys.all, windows, identities, lateIdentities },
  };
  const text = JSON.stringify(saved);
  return {
    rules: writer.finish(`${text.slice(0, -1)},"plans":[${plans.join()}]}`),
    presence: Buffer.from(JSON.stringify(lane.absences.presence), "utf8"),
    clock: lane.clock,
  };
}

/** A key is written once, however many rules know it. */
class KeyNumbers {
  readonly #numbers = new Map<string, number>();

  get all(): string[] {
    return [...this.#numbers.keys()];
  }

  of(key: string): number {
    let number = this.#numbers.get(key);
    if (number === undefined) this.#numbers.set(key, (number = this.#numbers.size));
    return number;
  }
}

/** Texts that many rules share, each made JSON once for all of them: a copy stands in the way of the next alert. */
class Texts {
  readonly #made = new Map<object, string>();

  memory(memory: object): string {
    return this.#of(memory, () => memory);
  }

  awaited(keys: AwaitedKeys): string {
    const { common } = keys;
    if (keys.size === 0) return "[]";
    return common
      ? this.#of(common, () => [...keys.entries()])
      : JSON.stringify([...keys.entries()]);
  }

  #of(what: object, value: () => object): string {
    let text = this.#made.get(what);
    if (text === undefined) this.#made.set(what, (text = JSON.stringify(value())));
    return text;
  }
}

interface Into {
  readonly keys: KeyNumbers;
  readonly writer: NumberWriter;
  readonly texts: Texts;
}

/** A rule as JSON. Most of thousands know nothing, and say the same every time. */
function planText(state: RuleState, into: Into): string {
  if (!state.isBlank) return ruleText(state, into);
  return (state.blankText ??= ruleText(state, into));
}

/** A `SavedRule`. */
function ruleText(state: RuleState, into: Into): string {
  const { late, draining, errors } = state;
  const own = stateText(state, into);
  const rest: Omit<SavedRule, keyof SavedState | "late"> = {
    rule: state.compiled.rule,
    by: state.compiled.by,
    disabled: state.disabled,
    draining: [...draining.entries()],
    errors: errors.toJSON(),
  };
  const quiet = late && JSON.stringify([...late.quiet.entries()]);
  const lateText = late && `{${stateText(late, into)},"quiet":${quiet}}`;
  return `{${membersOf(rest)},${own},"late":${lateText}}`;
}

/** The members of a `SavedState`. */
function stateText(state: RuleState, { keys, writer, texts }: Into): string {
  const lives: [number, Life][] = [];
  const memories: string[] = [];
  let slot = 0;
  for (const [key, { life, memory, touchedAt }] of state.slots) {
    writer.push(keys.of(key));
    writer.push(touchedAt);
    if (memory !== null) memories.push(`[${slot},${texts.memory(memory)}]`);
    if (life !== null) lives.push([slot, life]);
    slot += 1;
  }
  const rest: Omit<SavedState, "memories" | "silent"> = {
    limitedAt: state.limitedAt,
    slots: slot,
    lives,
    resolving: [...state.resolving.entries()],
    lost: [...state.lost.entries()],
    silenced: [...state.silenced],
  };
  return `${membersOf(rest)},"memories":[${memories.join()}],"silent":${texts.awaited(state.silent)}`;
}

/** An object as JSON, without its braces. */
const membersOf = (of: object): string => JSON.stringify(of).slice(1, -1);

function writeWindows(of: SharedWindows, keys: KeyNumbers, writer: NumberWriter): SavedWindows {
  const values: [number, readonly WindowValue[]][] = [];
  let windows = 0;
  for (const [key, { window, touchedAt, arrivedAt }] of of.keys) {
    const { cells, others } = window.content;
    writer.push(keys.of(key));
    writer.push(touchedAt);
    writer.push(arrivedAt);
    writer.push(cells.length);
    writer.pushAll(cells);
    if (others) values.push([windows, others]);
    windows += 1;
  }
  const readers = [...of.readers].map(({ id }) => id);
  return { readers, windows, values, shedAbove: of.shedAbove };
}

interface RestoreParts {
  readonly lane: LaneId;
  readonly catalog: Catalog;
  readonly stopwatch: Stopwatch;
  /** Absent: the snapshot is of the lane itself. */
  readonly inherits?: Inheritance;
}

/** The snapshot of a lane that has ended, as another one begins with it: with what is known of its own keys. */
export interface Inheritance {
  readonly parent: number;
  /** Whether a partition key is one of the lane now. */
  readonly owns: (key: string) => boolean;
}

/** Whether the lane has a series. */
const keepsOf = ({ inherits }: RestoreParts): Reading["keeps"] =>
  inherits ? (series) => inherits.owns(parseSeries(series).key) : () => true;

/** The place as it is named here: what was raised in a lane that has ended keeps its name. */
const placedBy =
  ({ inherits }: RestoreParts): Reading["placed"] =>
  (at) =>
    inherits ? { ...at, lane: at.lane ?? inherits.parent } : at;

const keptOf = <T extends readonly (readonly [key: string, ...rest: unknown[]])[]>(
  entries: T,
  keeps: (series: string) => boolean,
) => entries.filter(([key]) => keeps(key)) as unknown as T;

/**
 * @param parts as of `LaneRules`.
 * @throws AppError `FORMAT_NEWER` (fatal) for the snapshot of a newer program.
 * @throws Error if it is none, or one of its rules cannot be compiled any more.
 */
export function restoreSnapshot(
  { rules, presence, clock }: LaneSnapshot,
  parts: RestoreParts,
): LaneRules {
  const reader = new NumberReader(rules);
  const saved = JSON.parse(reader.text) as SavedRules;
  if (Number.isSafeInteger(saved.format) && saved.format > FORMAT)
    throw new AppError(
      "FORMAT_NEWER",
      "fatal",
      `what rules knew is of format ${saved.format}, and this program reads ${FORMAT}: upgrade the program`,
    );
  if (saved.format !== FORMAT && saved.format !== FORMAT_BEFORE)
    throw new Error(`format ${saved.format}; this program reads ${FORMAT_BEFORE} and ${FORMAT}`);
  const isOld = saved.format === FORMAT_BEFORE;
  const lane = new LaneRules(parts.lane, parts.catalog, parts.stopwatch);
  const [keeps, placed] = [keepsOf(parts), placedBy(parts)];
  lane.clock = clock;
  const known = JSON.parse(Buffer.from(presence).toString("utf8")) as PresenceState;
  lane.absences.presence = LanePresence.from({
    contracts: known.contracts.map(([contract, keys]) => [contract, keptOf(keys, keeps)]),
    // A device speaks of its connection in the lane of its own name.
    online: known.online.filter(([device]) => parts.inherits?.owns(device) ?? true),
    epochs: known.epochs,
  });
  const { states } = lane.rules;
  const compiled = saved.plans.map((of) => {
    // What it knows is by these tags: where they are others now, the next update ends it.
    const compiled = { ...compileRule(of.rule, parts.catalog), by: of.by ?? [] };
    const state = readRule(of, compiled, { keys: saved.keys, reader, keeps, placed });
    if (isOld) modernise(state);
    states.set(of.rule.id, state);
    return state.compiled;
  });
  for (const of of saved.windows) {
    const readers = of.readers.map((id) => states.get(id)!);
    readWindows(of, readers, { keys: saved.keys, reader, keeps, placed, isOld });
  }
  // Those of format 2 say something else: a repeat of a minute ago is evaluated once more.
  if (!isOld) lane.identities = RecentIdentities.read(saved.identities, reader);
  if (saved.lateIdentities)
    lane.lateIdentities = RecentIdentities.read(saved.lateIdentities, reader, LATE_HORIZON_MS);
  shareAwaited([...states.values()]);
  lane.update(compiled, 0);
  return lane;
}

/** A snapshot that is being read, and whether a series of it is. */
interface Reading {
  readonly keys: readonly string[];
  readonly reader: NumberReader;
  readonly keeps: (series: string) => boolean;
  /** A place, as it is named here. */
  readonly placed: (at: LogPlace) => LogPlace;
}

function readRule(of: SavedRule, compiled: CompiledRule, from: Reading): RuleState {
  const { keeps, placed } = from;
  const state = new RuleState(compiled);
  const { disabled } = of;
  state.disabled = disabled && { ...disabled, at: placed(disabled.at) };
  readState(state, of, from);
  state.draining = IdleTimers.from(keptOf(of.draining ?? of.resolving, keeps));
  const errors = keptOf(of.errors ?? [], keeps);
  state.errors = RuleErrors.from(errors.map(([key, one]) => [key, { ...one, at: placed(one.at) }]));
  if (of.late) {
    const late = openLate(state);
    readState(late, of.late, from);
    late.quiet = IdleTimers.from(keptOf(of.late.quiet, keeps));
  }
  return state;
}

/** Turns the memory of a rule of format 2 into what it would be now. */
function modernise(state: RuleState): void {
  if (state.compiled.kind !== "composite") return;
  for (const slot of state.slots.values())
    if (slot.memory !== null) slot.memory = memberwise(slot.memory);
}

function readState(state: RuleState, of: SavedState, from: Reading): void {
  const { keys, reader, keeps, placed } = from;
  state.limitedAt = of.limitedAt && placed(of.limitedAt);
  state.limited = of.limitedAt !== null;
  state.resolving = IdleTimers.from(keptOf(of.resolving, keeps));
  state.silent = AwaitedKeys.from(keptOf(of.silent, keeps));
  state.lost = IdleTimers.from(keptOf(of.lost, keeps));
  for (const key of of.silenced) if (keeps(key)) state.silenced.add(key);
  const lives = new Map(of.lives);
  const memories = new Map(of.memories);
  for (let slot = 0; slot < of.slots; slot++) {
    const key = keys[reader.next()]!;
    const touchedAt = reader.next();
    const [life, memory] = [lives.get(slot) ?? null, memories.get(slot) ?? null];
    if (life) life.raisedAt = placed(life.raisedAt);
    if (keeps(key)) state.slots.set(key, { life, memory, touchedAt });
  }
}

function readWindows(
  of: SavedWindows,
  readers: readonly RuleState[],
  { keys, reader, keeps, isOld }: Reading & { readonly isOld: boolean },
): void {
  // A late state has windows of its own from its beginning.
  const shared = of.late ? readers[0]!.late!.windows! : openWindows(readers);
  shared.shedAbove = of.shedAbove;
  const values = new Map(of.values);
  for (let window = 0; window < of.windows; window++) {
    const key = keys[reader.next()]!;
    const touchedAt = reader.next();
    const arrivedAt = isOld ? touchedAt : reader.next();
    const cells = reader.take(reader.next());
    const content = { cells, others: values.get(window) ?? null };
    if (keeps(key)) shared.restore(key, content, { touchedAt, arrivedAt });
  }
}
