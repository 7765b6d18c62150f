// A rule made ready to be evaluated, or why it cannot be (pure).
import type { AlertCommand, Severity } from "../messages/alert.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { Contract } from "../schema/contract.ts";
import { durationMs } from "./duration.ts";
import {
  type Expression,
  ExpressionError,
  type ValueType,
  type Variables,
  compileExpression,
  variablesOf,
} from "./expression.ts";
import { type Rule, type RuleCommand, RuleError, contractsOf } from "./rule.ts";
import { SilenceWindow } from "./silence.ts";

/** What every rule has, durations in milliseconds. */
interface Common {
  readonly rule: Rule;
  readonly id: string;
  readonly version: number;
  readonly severity: Severity;
  readonly contracts: readonly string[];
  /** The property that keys are values of; all contracts of the rule have the same. */
  readonly partitionKey: string;
  /** What an alert says of its condition. */
  readonly says: string;
  readonly forMs: number;
  readonly clearForMs: number;
  /** Null: only a reading resolves it. */
  readonly resolveAfterMs: number | null;
  readonly silences: readonly SilenceWindow[];
}

export type CompiledRule = Common &
  (
    | { readonly kind: "threshold"; readonly when: Expression; readonly clear: Expression | null }
    | {
        readonly kind: "composite";
        readonly aliases: Readonly<Record<string, string>>;
        readonly when: Expression;
        readonly clear: Expression | null;
        readonly withinMs: number | null;
      }
    | {
        readonly kind: "rate";
        readonly value: Expression;
        readonly perMs: number;
        readonly overMs: number | null;
        readonly when: Expression;
        readonly clear: Expression | null;
      }
    | {
        readonly kind: "aggregate";
        readonly value: Expression;
        readonly where: Expression | null;
        readonly overMs: number;
        readonly when: Expression;
        readonly clear: Expression | null;
      }
    | {
        readonly kind: "frequency";
        readonly where: Expression | null;
        readonly overMs: number;
        readonly moreThan: number;
      }
    | { readonly kind: "absence"; readonly lostMs: number | null }
    | {
        readonly kind: "sequence";
        readonly first: { readonly contract: string; readonly when: Expression };
        readonly then: { readonly contract: string; readonly when: Expression };
        readonly withinMs: number;
      }
  );

/** What an aggregate's `having` may say. */
export const AGGREGATES = ["count", "sum", "avg", "min", "max", "distinct", "stddev"] as const;
const OF_NUMBERS_ONLY: readonly string[] = ["sum", "avg", "min", "max", "stddev"];

const BOOL: readonly ValueType[] = ["bool"];
const COMMAND_EXPIRES_DEFAULT = "10m";

/** Names the property at fault. */
type Compile = (
  property: string,
  text: string,
  variables: Variables,
  types?: readonly ValueType[],
) => Expression;

const compile: Compile = (property, text, variables, types = BOOL) => {
  try {
    return compileExpression(text, variables, types);
  } catch (error) {
    if (error instanceof ExpressionError) throw new RuleError(`${property}: ${error.message}`);
    throw error;
  }
};

/**
 * Checks everything that a rule says against the contracts there are.
 * @throws RuleError naming the property at fault, and the position in its expression.
 */
export function compileRule(rule: Rule, catalog: Catalog): CompiledRule {
  const contracts = contractsOf(rule);
  const newest = contracts.map((name) => versionsOf(name, catalog)[0]!);
  const { partitionKey, name } = newest[0]!;
  const other = newest.find((contract) => contract.partitionKey !== partitionKey);
  if (other)
    throw new RuleError(
      `contracts ${name} and ${other.name} have different partition keys: ${partitionKey}, ${other.partitionKey}`,
    );
  if (partitionKey !== "device" && rule.commands?.some(({ device }) => device === undefined))
    throw new RuleError(`/commands: say the device, because the key of ${name} is ${partitionKey}`);
  const common: Omit<Common, "says"> = {
    rule,
    id: rule.id,
    version: rule.version,
    severity: rule.severity ?? "warning",
    contracts,
    partitionKey,
    forMs: "for" in rule ? ms(rule.for) : 0,
    clearForMs: "clearFor" in rule ? ms(rule.clearFor) : 0,
    resolveAfterMs: resolveAfterOf(rule),
    silences: (rule.silences ?? []).map((silence) => SilenceWindow.of(silence)),
  };
  return compileKind(rule, catalog, common);
}

function compileKind(rule: Rule, catalog: Catalog, of: Omit<Common, "says">): CompiledRule {
  const says = (text: string): Common => ({ ...of, says: rule.summary ?? text });
  const variables = (contract: string) => variablesOf(versionsOf(contract, catalog));
  switch (rule.kind) {
    case "threshold": {
      const known = variables(rule.contract);
      return { ...says(rule.when), kind: rule.kind, ...condition(rule, known) };
    }
    case "composite": {
      const aliases = Object.entries(rule.contracts);
      const known = Object.fromEntries(aliases.map(([alias, name]) => [alias, variables(name)]));
      const withinMs = rule.within === undefined ? null : ms(rule.within);
      const kind = { kind: rule.kind, aliases: rule.contracts, withinMs };
      return { ...says(rule.when), ...kind, ...condition(rule, known) };
    }
    case "rate": {
      const value = compile("/value", rule.value, variables(rule.contract), ["double"]);
      const known = { ...variables(rule.contract), rate: "double" as const };
      const overMs = rule.over === undefined ? null : ms(rule.over);
      const kind = { kind: rule.kind, value, perMs: ms(rule.per), overMs };
      if (kind.perMs <= 0) throw new RuleError("/per must be longer than 0");
      const text = `${rule.when}, ${rule.value} per ${rule.per}`;
      return { ...says(text), ...kind, ...condition(rule, known) };
    }
    case "aggregate": {
      const known = variables(rule.contract);
      const value = compile("/value", rule.value, known, ["double", "string", "bool"]);
      const having = Object.fromEntries(AGGREGATES.map((name) => [name, "double" as const]));
      const bounds = condition({ ...rule, when: rule.having }, having, "/having");
      const used = [...bounds.when.names, ...(bounds.clear?.names ?? [])];
      const wrong = used.find((name) => OF_NUMBERS_ONLY.includes(name));
      if (value.type !== "double" && wrong !== undefined)
        throw new RuleError(
          `/having: ${wrong} needs a number, and ${rule.value} is a ${value.type}`,
        );
      const where = rule.where === undefined ? null : compile("/where", rule.where, known);
      const kind = { kind: rule.kind, value, where, overMs: over(rule.over) };
      return { ...says(`${rule.having}, ${rule.value} over ${rule.over}`), ...kind, ...bounds };
    }
    case "frequency": {
      const known = variables(rule.contract);
      const where = rule.where === undefined ? null : compile("/where", rule.where, known);
      const text = `more than ${rule.moreThan} within ${rule.over}`;
      const kind = { kind: rule.kind, where, overMs: over(rule.over), moreThan: rule.moreThan };
      return { ...says(rule.where === undefined ? text : `${text}: ${rule.where}`), ...kind };
    }
    case "absence": {
      if (rule.lost !== undefined && of.partitionKey !== "device")
        throw new RuleError(`/lost: connections are devices', and the key is ${of.partitionKey}`);
      const lostMs = rule.lost === undefined ? null : ms(rule.lost);
      return { ...says(`silent for ${rule.for}`), kind: rule.kind, lostMs };
    }
    case "sequence": {
      const stepOf = (step: "first" | "then") => {
        const { contract, when } = rule[step];
        return { contract, when: compile(`/${step}/when`, when, variables(contract)) };
      };
      const [first, then, withinMs] = [stepOf("first"), stepOf("then"), ms(rule.within)];
      const text = `${rule.first.when}, then ${rule.then.when} within ${rule.within}`;
      return { ...says(text), kind: rule.kind, first, then, withinMs };
    }
  }
}

function condition(
  { when, clear }: { readonly when: string; readonly clear?: string | undefined },
  variables: Variables,
  property = "/when",
): { when: Expression; clear: Expression | null } {
  return {
    when: compile(property, when, variables),
    clear: clear === undefined ? null : compile("/clear", clear, variables),
  };
}

function versionsOf(name: string, catalog: Catalog): readonly Contract[] {
  const versions = catalog.versions(name);
  if (versions.length === 0)
    throw new RuleError(`contract "${name}" is unknown; there are ${catalog.names.join(", ")}`);
  return versions;
}

const ms = (duration: string | undefined): number =>
  duration === undefined ? 0 : durationMs(duration)!;

function over(duration: string): number {
  const overMs = ms(duration);
  if (overMs <= 0) throw new RuleError("/over must be longer than 0");
  return overMs;
}

function resolveAfterOf(rule: Rule): number | null {
  switch (rule.kind) {
    case "aggregate":
    case "frequency":
      return ms(rule.resolveAfter ?? rule.over);
    case "sequence":
      return ms(rule.resolveAfter ?? rule.within);
    case "threshold":
    case "composite":
    case "rate":
    case "absence":
      return null;
  }
}

/** What a rule has devices told when its alert of a key enters a state. */
export const commandsOf = (
  { rule }: Pick<CompiledRule, "rule">,
  state: RuleCommand["on"],
  key: string,
): AlertCommand[] =>
  (rule.commands ?? [])
    .filter(({ on }) => on === state)
    .map(({ device = key, payload, expires }) => ({
      device,
      payload,
      expiresMs: ms(expires ?? COMMAND_EXPIRES_DEFAULT),
    }));
