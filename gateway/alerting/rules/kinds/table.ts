// What each kind of rule does in a lane (pure). A kind that is in contracts/rules/kinds/table.ts and not
// here is named by the compiler.
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import type { LaneKind, ReadingKind, WaitingKind } from "../lane-kind.ts";
import { absence } from "./absence.ts";
import { aggregate } from "./aggregate.ts";
import { composite } from "./composite.ts";
import { frequency } from "./frequency.ts";
import { rate } from "./rate.ts";
import { sequence } from "./sequence.ts";
import { threshold } from "./threshold.ts";

const LANE_KINDS = {
  threshold,
  composite,
  rate,
  aggregate,
  frequency,
  absence,
  sequence,
} satisfies { [K in CompiledRule["kind"]]: LaneKind<Extract<CompiledRule, { readonly kind: K }>> };

export const laneKindOf = ({ kind }: CompiledRule): Partial<ReadingKind & WaitingKind> =>
  LANE_KINDS[kind];
