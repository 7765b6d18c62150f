// Which rules there are in a lane, and which of them a reading concerns (pure).
import canonicalize from "canonicalize";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import type { FrameReading } from "../../../contracts/messages/frame.ts";
import { usesDevice } from "./evaluators.ts";
import { RulePlan } from "./rule-plan.ts";
import { SharedWindows, windowsIdOf } from "./shared-windows.ts";
import { ThresholdIndex } from "./threshold-index.ts";

export interface UnknownVersion {
  readonly contract: string;
  readonly version: number;
}

/** Versions should tell; a file that was edited without raising one must not meet what another rule knew. */
const isSame = (a: CompiledRule, b: CompiledRule): boolean =>
  a.version === b.version && (a.rule === b.rule || canonicalize(a.rule) === canonicalize(b.rule));

const NONE: ReadonlySet<string> = new Set();

/** What readings of one contract are evaluated by. */
export interface ContractRules {
  readonly plans: readonly RulePlan[];
  /** By their places in `plans`. */
  readonly index: ThresholdIndex;
}

/** Rules that begin together share what they look at. */
function shareWindows(begun: readonly RulePlan[]): void {
  const byWindows = Map.groupBy(begun, ({ compiled }) => windowsIdOf(compiled));
  for (const [id, plans] of byWindows) {
    if (id === null) continue;
    const windows = new SharedWindows(plans);
    for (const plan of plans) plan.windows = windows;
  }
}

export class RuleSet {
  readonly plans = new Map<string, RulePlan>();
  readonly #catalog: Catalog;
  /** By contract, in the order of their ids, whatever the order they came in. */
  #evaluated = new Map<string, ContractRules>();
  #absences = new Map<string, readonly RulePlan[]>();
  /** Contracts whose rules look at who sent a reading; the others are spared a copy of it. */
  readonly #needDevice = new Set<string>();
  #rules: readonly CompiledRule[] | null = null;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** True unless these are the rules that it goes by. */
  isOutdated(rules: readonly CompiledRule[]): boolean {
    return rules !== this.#rules;
  }

  /** Goes on with these rules: one that is there in the same version stays as it is. */
  update(rules: readonly CompiledRule[]): { ended: RulePlan[]; begun: RulePlan[] } {
    this.#rules = rules;
    const current = new Map(rules.map((rule) => [rule.id, rule]));
    const ended: RulePlan[] = [];
    for (const [id, plan] of this.plans) {
      const rule = current.get(id);
      if (rule && isSame(rule, plan.compiled)) {
        plan.compiled = rule;
        plan.windows?.recompiled(rule);
      } else {
        this.plans.delete(id);
        plan.windows?.readers.delete(plan);
        ended.push(plan);
      }
    }
    const begun = rules.filter(({ id }) => !this.plans.has(id)).map((rule) => new RulePlan(rule));
    for (const plan of begun) this.plans.set(plan.compiled.id, plan);
    shareWindows(begun);
    this.#index();
    return { ended, begun };
  }

  #index(): void {
    const sorted = [...this.plans].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, plan]) => plan);
    const byContract = (wanted: (plan: RulePlan) => boolean): Map<string, RulePlan[]> => {
      const index = new Map<string, RulePlan[]>();
      for (const plan of sorted.filter(wanted))
        for (const contract of plan.compiled.contracts)
          index.set(contract, [...(index.get(contract) ?? []), plan]);
      return index;
    };
    const evaluated = byContract(({ compiled }) => compiled.kind !== "absence");
    this.#evaluated = new Map(
      [...evaluated].map(([contract, plans]) => {
        const index = new ThresholdIndex(plans.map(({ compiled }) => compiled));
        return [contract, { plans, index }];
      }),
    );
    this.#absences = byContract(({ compiled }) => compiled.kind === "absence");
    this.#needDevice.clear();
    for (const { compiled } of sorted)
      if (usesDevice(compiled))
        for (const contract of compiled.contracts) this.#needDevice.add(contract);
  }

  /** Rules that a reading of this contract is evaluated by. */
  evaluated(contract: string): ContractRules | undefined {
    return this.#evaluated.get(contract);
  }

  /** Rules that wait for readings of this contract. */
  absences(contract: string): readonly RulePlan[] {
    return this.#absences.get(contract) ?? [];
  }

  get allAbsences(): Iterable<readonly [contract: string, plans: readonly RulePlan[]]> {
    return this.#absences;
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
