// Absence: silence that is too long, or a connection that was lost (pure).
import { type RuleBase, RuleError } from "../rule-base.ts";
import { CONTRACT, DURATION, type RuleKind, ms } from "../rule-kind.ts";

/** A key that was there and is silent, or lost its connection. */
export interface AbsenceRule extends RuleBase {
  readonly kind: "absence";
  readonly contract: string;
  /** CEL; a reading for which it is false is no sign of life. */
  readonly where?: string;
  /** Silence that is too long, by the lane's clock. */
  readonly for: string;
  /**
   * Also when the device's connection was lost (last will, keep-alive, socket, a gateway that came back
   * without it) for this long. An orderly DISCONNECT is no loss.
   */
  readonly lost?: string;
}

export interface CompiledAbsence {
  readonly kind: "absence";
  readonly silentMs: number;
  readonly lostMs: number | null;
}

export const absence: RuleKind<AbsenceRule, CompiledAbsence> = {
  properties: { contract: CONTRACT, for: DURATION, lost: DURATION },
  required: ["contract", "for"],
  contractsOf: ({ contract }) => [contract],
  says: (rule) => `silent for ${rule.for}`,
  listed: (rule) => `silent for ${rule.for}`,
  resolveAfterMs: () => null,
  // A connection is the device's, whatever series it has.
  joinsSeries: ({ lost }) => lost !== undefined,
  compile: (rule, { partitionKey }) => {
    if (rule.lost !== undefined && rule.by !== undefined && rule.by.length > 0)
      throw new RuleError(
        `/by: connections are devices', so a rule with /lost goes by the device alone; make it two rules`,
      );
    if (rule.lost !== undefined && partitionKey !== "device")
      throw new RuleError(`/lost: connections are devices', and the key is ${partitionKey}`);
    const lostMs = rule.lost === undefined ? null : ms(rule.lost);
    return { kind: rule.kind, silentMs: ms(rule.for), lostMs };
  },
  expressionsOf: () => [],
};
