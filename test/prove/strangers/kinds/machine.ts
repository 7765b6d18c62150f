// Readings of contract machine, which several kinds send, and the rule on them.
import type { Known } from "../steps.ts";
import type { ReadingFate } from "../sent.ts";

/** As `stranger-hot` in rules.json; no machine of the fleet is so hot. */
export const HOT = {
  rule: "stranger-hot",
  contracts: ["machine"],
  holds: (known: Known): boolean => Number(known["machine.temperature"]) > 500,
};

export function machineReading(
  device: string,
  ms: number,
  temperature: number,
): { payload: { ts: number; temperature: number }; fate: ReadingFate } {
  const values = { temperature };
  return {
    payload: { ts: ms, temperature },
    fate: { becomes: "reading", device, contract: "machine", ms, values, by: "content" },
  };
}
