// Absence: no reading decides it; the lane waits for each key that is known (lane/lane-absences.ts) (pure).
import type { CompiledAbsence } from "../../../../contracts/rules/kinds/absence.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import type { WaitingKind } from "../lane-kind.ts";

export const absence: WaitingKind<CompiledRule & CompiledAbsence> = {
  waitsOf: ({ silentMs, lostMs }) => ({ silentMs, lostMs }),
};
