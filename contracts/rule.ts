import { Ajv } from "ajv";

/** A threshold with hysteresis and a minimum duration. */
export interface ThresholdRule {
  readonly id: string;
  readonly version: number;
  readonly kind: "threshold";
  readonly contract: string;
  readonly field: string;
  /** Fires when the value has stayed above this … */
  readonly above: number;
  /** … for this long in event time, … */
  readonly forMs: number;
  /** … and resolves when the value falls below this. */
  readonly clearBelow: number;
}

export type Rule = ThresholdRule;

export class RuleError extends Error {
  override readonly name = "RuleError";
}

const validate = new Ajv({ strict: true }).compile<Rule>({
  type: "object",
  additionalProperties: false,
  required: ["id", "version", "kind", "contract", "field", "above", "forMs", "clearBelow"],
  properties: {
    id: { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,63}$" },
    version: { type: "integer", minimum: 1 },
    kind: { const: "threshold" },
    contract: { type: "string" },
    field: { type: "string" },
    above: { type: "number" },
    forMs: { type: "integer", minimum: 0 },
    clearBelow: { type: "number" },
  },
});

/**
 * Checks one rule.
 * @throws RuleError naming the property at fault.
 */
export function parseRule(value: unknown): Rule {
  if (!validate(value)) {
    const error = validate.errors?.[0];
    throw new RuleError(`${error?.instancePath ?? ""} ${error?.message ?? "is invalid"}`.trim());
  }
  if (value.clearBelow > value.above) throw new RuleError("clearBelow is higher than above");
  return value;
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
