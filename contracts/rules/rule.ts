// An alerting rule as people write it: JSON, validated here, compiled by compile-rule.ts. What a kind of
// rule adds to it is in kinds/.
import { Ajv, type ErrorObject } from "ajv";
import { SEVERITIES } from "../messages/alert.ts";
import { formatProblem } from "../messages/format.ts";
import { durationMs } from "./duration.ts";
import { RULE_KINDS, type RuleOfAnyKind, ruleKindOf } from "./kinds/table.ts";
import { RuleError } from "./rule-base.ts";
import { DURATION, TEXT } from "./rule-kind.ts";

export type Rule = RuleOfAnyKind;

/** Schema of `RuleBase`. */
const COMMON = {
  id: { type: "string", format: "rule-id" },
  version: { type: "integer", minimum: 1 },
  summary: { type: "string", minLength: 1, maxLength: 200 },
  severity: { type: "string", enum: SEVERITIES },
  lateAfter: DURATION,
  where: TEXT,
  by: {
    type: "array",
    maxItems: 10,
    uniqueItems: true,
    items: { type: "string", minLength: 1, maxLength: 64 },
  },
  silences: {
    type: "array",
    maxItems: 20,
    items: {
      type: "object",
      additionalProperties: false,
      required: ["cron", "for"],
      properties: { cron: TEXT, for: DURATION, timezone: TEXT },
    },
  },
  commands: {
    type: "array",
    maxItems: 10,
    items: {
      type: "object",
      additionalProperties: false,
      required: ["on", "payload"],
      properties: {
        on: { type: "string", enum: ["firing", "resolved"] },
        device: TEXT,
        payload: {},
        expires: DURATION,
      },
    },
  },
} as const;

const ajv = new Ajv({
  strict: true,
  formats: {
    duration: (value: string) => durationMs(value) !== null,
    "rule-id": /^[a-z0-9][a-z0-9-]{0,63}$/,
    alias: /^[a-z][a-z0-9_]{0,31}$/,
  },
});

const validators = new Map(
  Object.entries(RULE_KINDS).map(([kind, { properties, required }]) => [
    kind,
    ajv.compile<Rule>({
      type: "object",
      additionalProperties: false,
      required: ["id", "version", "kind", ...required],
      properties: { ...COMMON, kind: { const: kind }, ...properties },
    }),
  ]),
);

/**
 * Checks the form of one rule; what its expressions say is checked by `compileRule`.
 * @throws RuleError naming the property at fault.
 */
export function parseRule(value: unknown): Rule {
  const newer = formatProblem("rule", value);
  if (newer !== null) throw new RuleError(newer);
  const kind = (value as { kind?: unknown } | null)?.kind;
  const validate = validators.get(typeof kind === "string" ? kind : "");
  if (!validate) throw new RuleError(`/kind must be one of ${[...validators.keys()].join(", ")}`);
  if (!validate(value)) throw new RuleError(problemOf(validate.errors?.[0]));
  return value;
}

function problemOf(error: ErrorObject | undefined): string {
  if (!error) return "is invalid";
  const { instancePath, message = "is invalid", params, keyword } = error;
  const extra = params as { additionalProperty?: string; allowedValues?: readonly string[] };
  if (keyword === "additionalProperties")
    return `${instancePath}/${extra.additionalProperty} is unknown`;
  if (keyword === "format" && (params as { format: string }).format === "duration")
    return `${instancePath} must be a duration such as 30s, 5m or 2h`;
  const allowed = extra.allowedValues ? `: ${extra.allowedValues.join(", ")}` : "";
  return `${instancePath} ${message}${allowed}`.trim();
}

/**
 * Checks a list of rules as read from a file.
 * @throws RuleError naming the rule and the property at fault.
 */
export function parseRules(value: unknown): readonly Rule[] {
  if (!Array.isArray(value)) throw new RuleError("rules must be a JSON array");
  const rules = (value as unknown[]).map((each, at) => {
    try {
      return parseRule(each);
    } catch (error) {
      throw new RuleError(`rule ${at}: ${(error as Error).message}`);
    }
  });
  const seen = new Set<string>();
  for (const [at, { id }] of rules.entries()) {
    if (seen.has(id)) throw new RuleError(`rule ${at}: id "${id}" is used twice`);
    seen.add(id);
  }
  return rules;
}

/** The contracts that a rule reads, each once. */
export const contractsOf = (rule: Rule): readonly string[] => ruleKindOf(rule).contractsOf(rule);

/** The condition as a list of rules says it. */
export const conditionText = (rule: Rule): string => ruleKindOf(rule).listed(rule);
