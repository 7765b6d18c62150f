// A rule made ready to be evaluated, or why it cannot be (pure). How each kind is compiled is in kinds/.
import type { AlertCommand, Severity } from "../messages/alert.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { Contract } from "../schema/contract.ts";
import type { Expression } from "./expression.ts";
import { type CompiledOfAnyKind, ruleKindOf } from "./kinds/table.ts";
import { type RuleCommand, RuleError } from "./rule-base.ts";
import { ms } from "./rule-kind.ts";
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
  /** The words of an alert for its condition. */
  readonly says: string;
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
  const silences = (rule.silences ?? []).map((silence) => SilenceWindow.of(silence));
  const compiled = kind.compile(rule, {
    partitionKey,
    variablesOf: (contract) => variablesOf(versionsOf(contract, catalog)),
  });
  return {
    rule,
    id: rule.id,
    version: rule.version,
    severity: rule.severity ?? "warning",
    contracts,
    partitionKey,
    says: rule.summary ?? kind.says(rule),
    forMs: "for" in rule ? ms(rule.for) : 0,
    clearForMs: "clearFor" in rule ? ms(rule.clearFor) : 0,
    lateAfterMs: ms(rule.lateAfter ?? LATE_AFTER_DEFAULT),
    resolveAfterMs: kind.resolveAfterMs(rule),
    silences,
    usesDevice: kind.expressionsOf(compiled).some(isAboutDevice),
    ...compiled,
  };
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

/** Commands that a rule sends to devices when its alert of a key enters a state. */
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
