// Which rules there are in a lane, and which of them a reading concerns (pure).
import canonicalize from "canonicalize";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import { withoutSilences } from "../../../contracts/rules/silence.ts";
import type { FrameReading } from "../../../contracts/messages/frame.ts";
import { type Bounds, SharedWindows, windowsIdOf } from "../windows/shared-windows.ts";
import { type AbsenceRules, absenceRules, shareAwaited } from "./absence-rules.ts";
import { type Asked, type ContractRules, contractRules } from "./contract-rules.ts";
import { PlaceSet } from "./place-set.ts";
import { Remembering } from "./remembering.ts";
import { LATE_KEYS_MAX, RuleState } from "./rule-state.ts";

export interface UnknownVersion {
  readonly contract: string;
  readonly version: number;
}

/** Versions should tell; a file that was edited without raising one must not meet what another rule knew. */
const isSame = (a: CompiledRule, b: CompiledRule): boolean =>
  a.version === b.version &&
  a.by.join() === b.by.join() && // A contract may have got a tag.
  (a.rule === b.rule ||
    canonicalize(withoutSilences(a.rule)) === canonicalize(withoutSilences(b.rule)));

/** Values that the windows of one rule hold of readings that came too late. */
const LATE_VALUES_MAX = 100_000;

const NONE: ReadonlySet<string> = new Set();

/** One set of windows for rules that look at the same values. @param states at least one. */
export function openWindows(states: readonly RuleState[], bounds?: Bounds): SharedWindows {
  const specs = states.map((state) => state.windowSpec!);
  const windows = new SharedWindows(specs, states, bounds);
  for (const state of states) state.windows = windows;
  return windows;
}

/** The state of a rule for what comes too late (rule-state.ts/U1). */
export function openLate(state: RuleState): RuleState {
  if (state.late) return state.late;
  const late = (state.late = new RuleState(state.compiled, LATE_KEYS_MAX, state));
  if (late.windowSpec) openWindows([late], { keysMax: LATE_KEYS_MAX, valuesMax: LATE_VALUES_MAX });
  return late;
}

/** Rules that begin together share what they look at; a reading that is late for one is so for all of them. */
function shareWindows(begun: readonly RuleState[]): void {
  const byWindows = Map.groupBy(begun, ({ compiled, windowSpec }) =>
    windowSpec === null
      ? null
      : `${windowsIdOf(windowSpec)} ${compiled.lateAfterMs} ${compiled.contracts.join(" ")} ${compiled.by.join()}`,
  );
  for (const [id, states] of byWindows) if (id !== null) openWindows(states);
}

/** The count of a contract, made if there is none yet. */
function countOf(counts: Map<string, Asked>, contract: string): Asked {
  const count = counts.get(contract) ?? { readings: 0 };
  counts.set(contract, count);
  return count;
}

export class RuleSet {
  readonly states = new Map<string, RuleState>();
  readonly #catalog: Catalog;
  /** Rules by contract, in the order of their ids, whatever the order they came in. */
  #evaluated = new Map<string, ContractRules>();
  #absences = new Map<string, AbsenceRules>();
  /** Rules in the order in which they came. */
  #inOrder: readonly RuleState[] = [];
  /** Those that the clock has to ask: of thousands a frame would look at each. */
  #timed = new PlaceSet(0);
  /** Rules that remember a key, by the tags that they go by. */
  readonly #remembering = new Map<string, Remembering<RuleState>>();
  /** Counts of every contract that rules were ever about, so that a change of rules begins no count anew. */
  readonly #asked = new Map<string, Asked>();
  /** The same of rules that wait for keys: a reading that was sent again is one for them. */
  readonly #heard = new Map<string, Asked>();
  /** Contracts whose rules look at who sent a reading; the others are spared a copy of it. */
  readonly #needDevice = new Set<string>();
  #rules: readonly CompiledRule[] | null = null;
  #kept: ReadonlySet<string> = NONE;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** True unless these are the rules that it goes by. */
  isOutdated(rules: readonly CompiledRule[], kept: ReadonlySet<string> = NONE): boolean {
    return rules !== this.#rules || kept !== this.#kept;
  }

  /**
   * Goes on with these rules: one that is there in the same version stays as it is.
   * @param kept ids of rules that stay as they are if they are not among them.
   */
  update(
    rules: readonly CompiledRule[],
    kept: ReadonlySet<string> = NONE,
  ): { ended: RuleState[]; begun: RuleState[] } {
    this.#rules = rules;
    this.#kept = kept;
    const current = new Map(rules.map((rule) => [rule.id, rule]));
    const ended: RuleState[] = [];
    for (const [id, state] of this.states) {
      const rule = current.get(id);
      if (rule && isSame(rule, state.compiled)) {
        state.recompiled(rule);
      } else if (rule || !kept.has(id)) {
        this.states.delete(id);
        state.windows?.readers.delete(state);
        state.slots.tell(null);
        state.silent.leave();
        ended.push(state);
      }
    }
    const begun = rules.filter(({ id }) => !this.states.has(id)).map((rule) => new RuleState(rule));
    for (const state of begun) {
      this.states.set(state.compiled.id, state);
      state.askedBefore = this.#askedOf(state);
    }
    shareWindows(begun);
    shareAwaited(begun);
    this.#index();
    return { ended, begun };
  }

  /** Readings that a rule was asked about since it began in this process. */
  evaluationsOf(state: RuleState): number {
    return this.#askedOf(state) - state.askedBefore;
  }

  #askedOf({ evaluate, compiled }: RuleState): number {
    const asked = evaluate === null ? this.#heard : this.#asked;
    return compiled.contracts.reduce((sum, name) => sum + (asked.get(name)?.readings ?? 0), 0);
  }

  /** Has the clock ask a rule, if there is something of it to ask for. */
  noteTimed({ main }: RuleState): void {
    if (main.isTimed) this.#timed.add(main.order);
  }

  /** Rules that the clock has to ask, in the order in which they came; those that it has to ask again are noted anew. */
  takeTimed(): RuleState[] {
    return Array.from(this.#timed.take(), (order) => this.#inOrder[order]!);
  }

  #index(): void {
    this.#inOrder = [...this.states.values()];
    this.#timed = new PlaceSet(this.#inOrder.length);
    for (const [order, state] of this.#inOrder.entries()) {
      state.order = order;
      this.noteTimed(state);
    }
    const sorted = [...this.states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
    const byContract = (wanted: (state: RuleState) => boolean): Map<string, RuleState[]> => {
      const index = new Map<string, RuleState[]>();
      for (const state of sorted.filter(wanted))
        for (const contract of state.compiled.contracts) {
          const states = index.get(contract);
          if (states) states.push(state);
          else index.set(contract, [state]);
        }
      return index;
    };
    for (const state of sorted) state.slots.tell(this.#rememberingOf(state));
    const remembering = (state: RuleState) => this.#rememberingOf(state);
    const evaluated = byContract((state) => state.evaluate !== null);
    this.#evaluated = new Map(
      [...evaluated].map(([contract, states]) => [
        contract,
        contractRules(contract, states, countOf(this.#asked, contract), remembering),
      ]),
    );
    const waiting = byContract((state) => state.waits !== null);
    this.#absences = new Map(
      [...waiting].map(([contract, states]) => [
        contract,
        absenceRules(states, countOf(this.#heard, contract), remembering),
      ]),
    );
    this.#needDevice.clear();
    for (const { compiled } of sorted)
      if (compiled.usesDevice)
        for (const contract of compiled.contracts) this.#needDevice.add(contract);
  }

  #rememberingOf({ compiled: { by } }: RuleState): Remembering<RuleState> {
    const id = by.join();
    let remembering = this.#remembering.get(id);
    if (!remembering) this.#remembering.set(id, (remembering = new Remembering<RuleState>()));
    return remembering;
  }

  /** Rules that a reading of this contract is evaluated by. */
  evaluated(contract: string): ContractRules | undefined {
    return this.#evaluated.get(contract);
  }

  /** Rules that wait for keys of this contract. */
  absences(contract: string): AbsenceRules | undefined {
    return this.#absences.get(contract);
  }

  get allAbsences(): Iterable<AbsenceRules> {
    return this.#absences.values();
  }

  needsDevice(contract: string): boolean {
    return this.#needDevice.has(contract);
  }

  /**
   * The first contract version that a rule has to read and nobody knows yet, or null. Until it is
   * known the frame waits: evaluated without it, its readings would never raise what they should.
   * @param awaited contracts that rules want to read which cannot be compiled without them.
   */
  unknownVersion(
    readings: readonly FrameReading[],
    awaited: ReadonlySet<string> = NONE,
  ): UnknownVersion | null {
    for (const { contract, version } of readings) {
      const isRead =
        this.#evaluated.has(contract) || this.#absences.has(contract) || awaited.has(contract);
      if (isRead && !this.#catalog.get(contract, version)) return { contract, version };
    }
    return null;
  }
}
