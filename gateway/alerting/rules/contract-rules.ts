// The rules of one contract, and which of them a reading concerns (pure).
//
// Y1. A rule is asked about a reading if its condition may hold (condition-index.ts), or if it remembers
//     something of the reading's key. Of any other rule the answer is known: nothing happens.
// Y2. A rule that looks at windows is asked if what it says of its window may hold; the window has the reading
//     in it by then, whether the rule is asked or not. Rules that share a window share the look at it.
// Y3. Rules are asked in the order of their ids, whatever makes them be asked.
import type { SharedWindows } from "../windows/shared-windows.ts";
import { ConditionIndex, type PlacedNeeds } from "./condition-index.ts";
import type { WindowView } from "./lane-kind.ts";
import { PlaceSet } from "./place-set.ts";
import type { Remembering } from "./remembering.ts";
import type { RuleState } from "./rule-state.ts";

/** Readings of a contract that rules were asked about: one count for all of them, since each reading is for each. */
export interface Asked {
  readings: number;
}

/** A view of shared windows, and the rules that it may make fire. */
interface Outlook {
  readonly view: WindowView;
  readonly index: ConditionIndex;
}

/** Rules that share their windows. */
export interface WindowGroup {
  readonly windows: SharedWindows;
  readonly states: readonly RuleState[];
  readonly places: Int32Array;
  readonly grouping: number;
  readonly outlooks: readonly Outlook[];
  /** Places of those of which nothing simple can be said. */
  readonly always: Int32Array;
}

/** The rules that readings of one contract are evaluated by. */
export interface ContractRules {
  /** Rules in the order of their ids. */
  readonly states: readonly RuleState[];
  readonly placeOf: ReadonlyMap<RuleState, number>;
  /** Those without windows, by their places in `states`. */
  readonly index: ConditionIndex;
  readonly groups: readonly WindowGroup[];
  /** Whether a reading passes the `where` of a group, by its place in `groups`. */
  readonly groupIndex: ConditionIndex;
  /** Scratch: places of the rules that are to be asked, and of the groups. */
  readonly concerned: PlaceSet;
  readonly concernedGroups: PlaceSet;
  /** The different `by` of the rules, and which of them is whose, by the places of the rules. */
  readonly groupings: readonly (readonly string[])[];
  readonly groupingOf: readonly number[];
  /** Rules that remember a key, by the groupings. */
  readonly remembering: readonly Remembering<RuleState>[];
  /** A reading is late for none of them that came within this time. */
  readonly lateAfterMsLeast: number;
  readonly asked: Asked;
}

/**
 * @param states at least one, in the order of their ids.
 * @param of who remembers what, of rules by the same tags as this one.
 */
export function contractRules(
  contract: string,
  states: readonly RuleState[],
  asked: Asked,
  of: (state: RuleState) => Remembering<RuleState>,
): ContractRules {
  const groupings = Map.groupBy(states, ({ compiled }) => compiled.by.join());
  const names = [...groupings.keys()];
  const firsts = [...groupings.values()].map(([first]) => first!);
  const groupingOf = states.map(({ compiled }) => names.indexOf(compiled.by.join()));
  const placed = states.flatMap((state, place): PlacedNeeds[] =>
    state.windows === null ? [{ place, needs: state.needs(contract) }] : [],
  );
  const groups = windowGroups(states, groupingOf);
  const wheres = groups.map(({ windows }, place) => ({ place, needs: windows.needs }));
  return {
    states,
    placeOf: new Map(states.map((state, place) => [state, place])),
    index: new ConditionIndex(placed),
    groups,
    groupIndex: new ConditionIndex(wheres),
    concerned: new PlaceSet(states.length),
    concernedGroups: new PlaceSet(groups.length),
    groupings: firsts.map(({ compiled }) => compiled.by),
    groupingOf,
    remembering: firsts.map(of),
    lateAfterMsLeast: Math.min(...states.map(({ compiled }) => compiled.lateAfterMs)),
    asked,
  };
}

function windowGroups(
  states: readonly RuleState[],
  groupingOf: readonly number[],
): readonly WindowGroup[] {
  const placed = states.map((state, place) => ({ state, place }));
  const byWindows = Map.groupBy(placed, ({ state }) => state.windows);
  return [...byWindows].flatMap(([windows, of]): WindowGroup[] => {
    if (windows === null) return [];
    const byView = Map.groupBy(of, ({ state }) => state.outlook?.view.id ?? null);
    const unknown = byView.get(null) ?? [];
    byView.delete(null);
    return [
      {
        windows,
        states: of.map(({ state }) => state),
        places: Int32Array.from(of, ({ place }) => place),
        grouping: groupingOf[of[0]!.place]!,
        outlooks: [...byView.values()].map((those) => ({
          view: those[0]!.state.outlook!.view,
          index: new ConditionIndex(
            those.map(({ state, place }) => ({ place, needs: state.outlook!.needs })),
          ),
        })),
        always: Int32Array.from(unknown, ({ place }) => place),
      },
    ];
  });
}
