// A rule made ready to be evaluated, or why it cannot be (pure). How each kind is compiled is in kinds/.
import type { AlertCommand, Severity } from "../messages/alert.ts";
import { parseSeries } from "../messages/series.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { Contract } from "../schema/contract.ts";
import type { Expression } from "./expression.ts";
import { type CompiledOfAnyKind, ruleKindOf } from "./kinds/table.ts";
import { type RuleCommand, RuleError } from "./rule-base.ts";
import { compileProperty, ms, present } from "./rule-kind.ts";
import { type Rule, contractsOf } from "./rule.ts";
import { SilenceWindow } from "./silence.ts";
import { variablesOf } from "./variables.ts";

/** The members of every compiled rule, durations in milliseconds. */
interface Common {
  readonly rule: Rule;
  readonly id: string;
  readonly version: number;
  readonly severity: Severity;
  readonly contracts: readonly string[];
  /** The property that keys are values of; all contracts of the rule have the same. */
  readonly partitionKey: string;
  /** The tags that tell its series apart, beside that key, in their order (messages/series.ts). */
  readonly by: readonly string[];
  /** Null: every reading of its contracts is one for it, or its kind has a word of its own. */
  readonly where: Expression | null;
  /** The words of an alert for its condition. */
  readonly says: string;
  /** Unit of the value that decides; empty where it is that of a field. */
  readonly unit: string;
  readonly forMs: number;
  readonly clearForMs: number;
  /** A reading is late that arrives more than this after it happened. */
  readonly lateAfterMs: number;
  /** Null: only a reading resolves it. */
  readonly resolveAfterMs: number | null;
  readonly silences: readonly SilenceWindow[];
  /** True if one of its expressions is about who sent the reading. */
  readonly usesDevice: boolean;
}

export type CompiledRule = Common & CompiledOfAnyKind;

const COMMAND_EXPIRES_DEFAULT = "10m";
const LATE_AFTER_DEFAULT = "1m";

/**
 * Checks everything that a rule says against the contracts there are.
 * @throws RuleError naming the property at fault, and the position in its expression.
 */
export function compileRule(rule: Rule, catalog: Catalog): CompiledRule {
  const kind = ruleKindOf(rule);
  const contracts = contractsOf(rule);
  const partitionKey = partitionKeyOf(contracts, catalog);
  if (partitionKey !== "device" && rule.commands?.some(({ device }) => device === undefined))
    throw new RuleError(
      `/commands: say the device, because the key of ${contracts[0]} is ${partitionKey}`,
    );
  if (rule.kind === "absence" && rule.lateAfter !== undefined)
    throw new RuleError("/lateAfter: a silence ends when a reading arrives, however old it is");
  const versions = contracts.map((contract) => versionsOf(contract, catalog));
  const joins = contracts.length > 1 || kind.joinsSeries?.(rule) === true;
  const by = rule.by === undefined ? defaultBy(versions, joins) : checkedBy(rule.by, versions);
  const silences = (rule.silences ?? []).map((silence) => SilenceWindow.of(silence));
  const compiled = kind.compile(rule, {
    partitionKey,
    variablesOf: (contract) => variablesOf(versionsOf(contract, catalog)),
  });
  const where = kind.hasOwnWhere ? null : whereOf(rule, versions);
  return {
    rule,
    id: rule.id,
    version: rule.version,
    severity: rule.severity ?? "warning",
    contracts,
    partitionKey,
    by,
    where,
    says: rule.summary ?? kind.says(rule),
    unit: kind.unit ?? "",
    forMs: "for" in rule ? ms(rule.for) : 0,
    clearForMs: "clearFor" in rule ? ms(rule.clearFor) : 0,
    lateAfterMs: ms(rule.lateAfter ?? LATE_AFTER_DEFAULT),
    resolveAfterMs: kind.resolveAfterMs(rule),
    silences,
    usesDevice: [...kind.expressionsOf(compiled), ...present(where)].some(isAboutDevice),
    ...compiled,
  };
}

const unionOf = (versions: readonly Contract[], of: "tags" | "seriesTags"): string[] =>
  [...new Set(versions.flatMap((version) => version[of]))].sort();

const defaultBy = (versions: readonly (readonly Contract[])[], joins: boolean): string[] =>
  joins ? [] : unionOf(versions[0]!, "seriesTags");

/** @throws RuleError naming what is no tag of a contract. */
function checkedBy(
  by: readonly string[],
  versions: readonly (readonly Contract[])[],
): readonly string[] {
  for (const of of versions) {
    const { name: contract, partitionKey } = of[0]!;
    const tags = unionOf(of, "tags").filter((tag) => tag !== partitionKey);
    const wrong = by.find((name) => !tags.includes(name));
    if (wrong === undefined) continue;
    if (wrong === partitionKey)
      throw new RuleError(`/by: "${wrong}" is the key, by which every rule goes: leave it out`);
    const known = tags.length === 0 ? "it has no tags" : `its tags are ${tags.join(", ")}`;
    throw new RuleError(`/by: "${wrong}" is no tag of contract ${contract}; ${known}`);
  }
  return [...by].sort();
}

/** @throws RuleError; it may look at what all contracts of the rule have. */
function whereOf({ where }: Rule, versions: readonly (readonly Contract[])[]): Expression | null {
  if (typeof where !== "string") return null;
  const [first, ...others] = versions.map(variablesOf);
  const shared = Object.entries(first!).filter(([name, type]) =>
    others.every((other) => other[name] === type),
  );
  return compileProperty("/where", where, Object.fromEntries(shared));
}

/** @throws RuleError if a contract is unknown, or has another key than the first. */
function partitionKeyOf(contracts: readonly string[], catalog: Catalog): string {
  const newest = contracts.map((name) => versionsOf(name, catalog)[0]!);
  const { partitionKey, name } = newest[0]!;
  const other = newest.find((contract) => contract.partitionKey !== partitionKey);
  if (other)
    throw new RuleError(
      `contracts ${name} and ${other.name} have different partition keys: ${partitionKey}, ${other.partitionKey}`,
    );
  return partitionKey;
}

function versionsOf(name: string, catalog: Catalog): readonly Contract[] {
  const versions = catalog.versions(name);
  if (versions.length === 0)
    throw new RuleError(`contract "${name}" is unknown; there are ${catalog.names.join(", ")}`);
  return versions;
}

const isAboutDevice = ({ names, members }: Expression): boolean =>
  names.includes("device") || members.some(([, member]) => member === "device");

/** Commands that a rule sends to devices when its alert of a series enters a state. */
export const commandsOf = (
  { rule }: Pick<CompiledRule, "rule">,
  state: RuleCommand["on"],
  key: string,
): AlertCommand[] =>
  (rule.commands ?? [])
    .filter(({ on }) => on === state)
    .map(({ device = parseSeries(key).key, payload, expires }) => ({
      device,
      payload,
      expiresMs: ms(expires ?? COMMAND_EXPIRES_DEFAULT),
    }));
