// The rules that wait for keys of one contract (pure). Those that wait for the same keys (one `by`, one `where`,
// begun together) are a group: a reading is looked at once for all of them.
import type { Expression } from "../../../contracts/rules/expression.ts";
import type { Asked } from "./contract-rules.ts";
import { PlaceSet } from "./place-set.ts";
import type { Remembering } from "./remembering.ts";
import type { RuleState } from "./rule-state.ts";

export interface AbsenceGroup {
  readonly states: readonly RuleState[];
  readonly places: Int32Array;
  /** Those that a lost connection matters to. */
  readonly withLost: readonly RuleState[];
  readonly by: readonly string[];
  readonly where: Expression | null;
  readonly usesDevice: boolean;
  /** Rules that remember a key, and others by the same tags. */
  readonly remembering: Remembering<RuleState>;
  /** Series of the reading at hand, and the message of what its `where` threw. */
  key: string;
  thrown: string | null;
}

export interface AbsenceRules {
  /** Rules in the order of their ids. */
  readonly states: readonly RuleState[];
  readonly groups: readonly AbsenceGroup[];
  /** Their groups, by the rules. */
  readonly groupOf: ReadonlyMap<RuleState, AbsenceGroup>;
  readonly placeOf: ReadonlyMap<RuleState, number>;
  /** Scratch: places of the rules that a reading concerns. */
  readonly concerned: PlaceSet;
  readonly asked: Asked;
}

/** The same text for rules that wait for the same keys, if they begin together. */
const keysIdOf = ({ compiled: { contracts, by, where } }: RuleState): string =>
  JSON.stringify([contracts, by, where?.text ?? null]);

/** Has rules that wait for the same keys share what they know of them. */
export function shareAwaited(states: readonly RuleState[]): void {
  const waiting = states.filter(({ waits }) => waits !== null);
  for (const those of Map.groupBy(waiting, keysIdOf).values())
    for (const state of those) those.find((other) => state.silent.share(other.silent));
}

/**
 * @param states at least one, in the order of their ids.
 * @param of who remembers what, of rules by the same tags as this one.
 */
export function absenceRules(
  states: readonly RuleState[],
  asked: Asked,
  of: (state: RuleState) => Remembering<RuleState>,
): AbsenceRules {
  const placeOf = new Map(states.map((state, place) => [state, place]));
  const gathered: RuleState[][] = [];
  for (const those of Map.groupBy(states, keysIdOf).values()) {
    const lists: RuleState[][] = [];
    for (const state of those) {
      const list = lists.find(([first]) => first!.silent.isShared(state.silent));
      if (list) list.push(state);
      else lists.push([state]);
    }
    gathered.push(...lists);
  }
  const groups = gathered.map((those): AbsenceGroup => {
    const [first] = those;
    const { by, where, usesDevice } = first!.compiled;
    const places = Int32Array.from(those, (state) => placeOf.get(state)!);
    const withLost = those.filter(({ waits }) => waits!.lostMs !== null);
    const remembering = of(first!);
    const scratch = { key: "", thrown: null };
    return { states: those, places, withLost, by, where, usesDevice, remembering, ...scratch };
  });
  const groupOf = new Map(groups.flatMap((group) => group.states.map((state) => [state, group])));
  return { states, groups, groupOf, placeOf, concerned: new PlaceSet(states.length), asked };
}
