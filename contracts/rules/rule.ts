// An alerting rule as people write it: JSON, validated here, compiled by compile-rule.ts.
import { Ajv, type ErrorObject } from "ajv";
import { SEVERITIES, type Severity } from "../messages/alert.ts";
import { durationMs } from "./duration.ts";

/** A maintenance window: begins at each time of a cron expression and lasts for a while. */
export interface Silence {
  readonly cron: string;
  /** A duration such as `2h`. */
  readonly for: string;
  /** IANA name; UTC without it. */
  readonly timezone?: string;
}

/** A command to a device, issued in the region when the alert enters a state. */
export interface RuleCommand {
  readonly on: "firing" | "resolved";
  /** Without it the device is the alert's key. */
  readonly device?: string;
  readonly payload: unknown;
  /** How long it waits for a device that is offline; `10m` without it. */
  readonly expires?: string;
}

interface RuleBase {
  readonly id: string;
  /** Rises with each change; a rule of another version begins anew. */
  readonly version: number;
  /** What the alert says; without it, the condition. */
  readonly summary?: string;
  readonly severity?: Severity;
  readonly silences?: readonly Silence[];
  readonly commands?: readonly RuleCommand[];
}

/** Minimum durations in event time, both ways, against flapping. */
interface Durations {
  /** How long the condition has to hold before the alert fires. */
  readonly for?: string;
  /** CEL; when a firing alert ends. Without it, when the condition no longer holds. */
  readonly clear?: string;
  /** How long that has to hold before the alert resolves. */
  readonly clearFor?: string;
}

/** Fires while a condition over the fields of one reading holds. */
export interface ThresholdRule extends RuleBase, Durations {
  readonly kind: "threshold";
  readonly contract: string;
  readonly when: string;
}

/** A condition over the newest readings of several contracts with the same key, by alias. */
export interface CompositeRule extends RuleBase, Durations {
  readonly kind: "composite";
  /** Alias in the condition (`room.co2`) to contract. */
  readonly contracts: Readonly<Record<string, string>>;
  readonly when: string;
  /** A reading older than this beside the newest one counts as unknown. */
  readonly within?: string;
}

/** How fast a value changes: `rate` in the condition is its change per `per`. */
export interface RateRule extends RuleBase, Durations {
  readonly kind: "rate";
  readonly contract: string;
  /** CEL, a number. */
  readonly value: string;
  /** The unit of time of `rate`: `1m`. */
  readonly per: string;
  /** Compared with the oldest reading that is at most this old; without it, with the one before. */
  readonly over?: string;
  readonly when: string;
}

/** A condition over the last `over` of a value, sliding: count, sum, avg, min, max, distinct, stddev. */
export interface AggregateRule extends RuleBase, Durations {
  readonly kind: "aggregate";
  readonly contract: string;
  /** CEL; a number, or for `count` and `distinct` anything. */
  readonly value: string;
  /** CEL; readings for which it is false are not in the window. */
  readonly where?: string;
  readonly over: string;
  readonly having: string;
  /** Resolves by the lane's clock after this long without a reading for which it holds; `over` without it. */
  readonly resolveAfter?: string;
}

/** More than `moreThan` readings of a key within `over`, truly sliding. */
export interface FrequencyRule extends RuleBase {
  readonly kind: "frequency";
  readonly contract: string;
  readonly where?: string;
  readonly over: string;
  readonly moreThan: number;
  readonly resolveAfter?: string;
}

/** A key that was there and is silent, or lost its connection. */
export interface AbsenceRule extends RuleBase {
  readonly kind: "absence";
  readonly contract: string;
  /** Silence that is too long, by the lane's clock. */
  readonly for: string;
  /**
   * Also when the device's connection was lost (last will, keep-alive, socket, a gateway that came back
   * without it) for this long. An orderly DISCONNECT is no loss.
   */
  readonly lost?: string;
}

interface SequenceStep {
  readonly contract: string;
  readonly when: string;
}

/** `first`, then `then` of the same key, at most `within` later. */
export interface SequenceRule extends RuleBase {
  readonly kind: "sequence";
  readonly first: SequenceStep;
  readonly then: SequenceStep;
  readonly within: string;
  /** Resolves by the lane's clock after this long without another; `within` without it. */
  readonly resolveAfter?: string;
}

export type Rule =
  | ThresholdRule
  | CompositeRule
  | RateRule
  | AggregateRule
  | FrequencyRule
  | AbsenceRule
  | SequenceRule;

export class RuleError extends Error {
  override readonly name = "RuleError";
}

const text = { type: "string", minLength: 1, maxLength: 1_000 } as const;
const duration = { type: "string", format: "duration" } as const;
const contract = { type: "string", minLength: 1 } as const;

const base = {
  id: { type: "string", format: "rule-id" },
  version: { type: "integer", minimum: 1 },
  summary: { type: "string", minLength: 1, maxLength: 200 },
  severity: { type: "string", enum: SEVERITIES },
  silences: {
    type: "array",
    maxItems: 20,
    items: {
      type: "object",
      additionalProperties: false,
      required: ["cron", "for"],
      properties: { cron: text, for: duration, timezone: text },
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
        device: text,
        payload: {},
        expires: duration,
      },
    },
  },
} as const;
const durations = { for: duration, clear: text, clearFor: duration };
const step = {
  type: "object",
  additionalProperties: false,
  required: ["contract", "when"],
  properties: { contract, when: text },
};

/** Of each kind: its properties beside the common ones, and those of them that it cannot do without. */
const KINDS: Readonly<Record<Rule["kind"], { properties: object; required: readonly string[] }>> = {
  threshold: {
    properties: { contract, when: text, ...durations },
    required: ["contract", "when"],
  },
  composite: {
    properties: {
      contracts: {
        type: "object",
        minProperties: 2,
        maxProperties: 10,
        propertyNames: { format: "alias" },
        additionalProperties: contract,
      },
      when: text,
      within: duration,
      ...durations,
    },
    required: ["contracts", "when"],
  },
  rate: {
    properties: { contract, value: text, per: duration, over: duration, when: text, ...durations },
    required: ["contract", "value", "per", "when"],
  },
  aggregate: {
    properties: {
      contract,
      value: text,
      where: text,
      over: duration,
      having: text,
      resolveAfter: duration,
      ...durations,
    },
    required: ["contract", "value", "over", "having"],
  },
  frequency: {
    properties: {
      contract,
      where: text,
      over: duration,
      moreThan: { type: "integer", minimum: 1, maximum: 10_000 },
      resolveAfter: duration,
    },
    required: ["contract", "over", "moreThan"],
  },
  absence: {
    properties: { contract, for: duration, lost: duration },
    required: ["contract", "for"],
  },
  sequence: {
    properties: { first: step, then: step, within: duration, resolveAfter: duration },
    required: ["first", "then", "within"],
  },
};

const ajv = new Ajv({
  strict: true,
  formats: {
    duration: (value: string) => durationMs(value) !== null,
    "rule-id": /^[a-z0-9][a-z0-9-]{0,63}$/,
    alias: /^[a-z][a-z0-9_]{0,31}$/,
  },
});

const validators = new Map(
  Object.entries(KINDS).map(([kind, { properties, required }]) => [
    kind,
    ajv.compile<Rule>({
      type: "object",
      additionalProperties: false,
      required: ["id", "version", "kind", ...required],
      properties: { ...base, kind: { const: kind }, ...properties },
    }),
  ]),
);

/**
 * Checks the form of one rule; what its expressions say is checked by `compileRule`.
 * @throws RuleError naming the property at fault.
 */
export function parseRule(value: unknown): Rule {
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

/** The contracts that a rule reads. */
export function contractsOf(rule: Rule): readonly string[] {
  if (rule.kind === "composite") return [...new Set(Object.values(rule.contracts))];
  if (rule.kind === "sequence") return [...new Set([rule.first.contract, rule.then.contract])];
  return [rule.contract];
}
