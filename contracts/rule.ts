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
 * Checks a list of rules as read from a file.
 * @throws RuleError naming the rule and the property at fault.
 */
export function parseRules(value: unknown): readonly Rule[] {
  if (!Array.isArray(value)) throw new RuleError("rules must be a JSON array");
  const seen = new Set<string>();
  for (const [at, rule] of (value as unknown[]).entries()) {
    if (!validate(rule)) {
      const error = validate.errors?.[0];
      throw new RuleError(
        `rule ${at}: ${error?.instancePath ?? ""} ${error?.message ?? "is invalid"}`,
      );
    }
    if (seen.has(rule.id)) throw new RuleError(`rule ${at}: id "${rule.id}" is used twice`);
    if (rule.clearBelow > rule.above)
      throw new RuleError(`rule ${at}: clearBelow is higher than above`);
    seen.add(rule.id);
  }
  return value as Rule[];
}
