// What rules of all kinds have in common (pure).
import type { Severity } from "../messages/alert.ts";

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
  /** The time that it waits for a device that is offline; `10m` without it. */
  readonly expires?: string;
}

export interface RuleBase {
  readonly id: string;
  /** Rises with each change but that of `silences`; a rule of another version begins anew. */
  readonly version: number;
  /** The text of the alert; without it, the condition. */
  readonly summary?: string;
  readonly severity?: Severity;
  /**
   * A reading that arrives so much later than it happened is late: it is evaluated apart, and its alerts say
   * `late`. `1m` without it; absence goes by the arrival and has none.
   */
  readonly lateAfter?: string;
  /**
   * CEL; a reading for which it is false is none for this rule. A composite has one for each alias as well.
   */
  readonly where?: string | Readonly<Record<string, string>>;
  /**
   * The tags that tell apart, beside the partition key, what the rule looks at together and has alerts of; none: the key
   * alone. Without it the series of the contract (`x-series`), and the key alone where a rule joins contracts.
   */
  readonly by?: readonly string[];
  /** Not a part of the version: they change while the rule goes on with what it knows. */
  readonly silences?: readonly Silence[];
  readonly commands?: readonly RuleCommand[];
}

/** Minimum durations in event time, both ways, against flapping. */
export interface Durations {
  /** The time for which the condition has to hold before the alert fires. */
  readonly for?: string;
  /** CEL; when a firing alert ends. Without it, when the condition no longer holds. */
  readonly clear?: string;
  /** The time for which that has to hold before the alert resolves. */
  readonly clearFor?: string;
}

/** Names the property at fault. */
export class RuleError extends Error {
  override readonly name = "RuleError";
}
