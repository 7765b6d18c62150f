// What is saved of one channel and region (pure).
//
// S1. `seq` never passes an alert that is still to be told; what was told after it is in `told`.
import type { MessagePlan } from "./message.ts";
import type { Tried } from "./tried.ts";

export interface NotifierPosition {
  /** Nothing is left to do about alerts up to this sequence. */
  readonly seq: number;
  /** Alerts after `seq` that were told before older ones, ascending. */
  readonly told: readonly number[];
  /** Messages that their channel has not taken yet. */
  readonly tried: readonly Tried[];
  /** The message that is being sent. */
  readonly plan: MessagePlan | null;
}

/** As notifiers saved it that told alerts in the order of the stream, several messages in one plan. */
interface InOrder {
  readonly seq: number;
  readonly plan: { readonly messages: readonly MessagePlan[]; readonly sent: number } | null;
}

export type SavedPosition = NotifierPosition | InOrder;

export function positionOf(saved: SavedPosition): NotifierPosition {
  if ("told" in saved) return saved;
  const { seq, plan } = saved;
  const sent = plan?.messages.slice(0, plan.sent) ?? [];
  const told = sent.flatMap(({ seqs }) => seqs).sort((a, b) => a - b);
  return { seq, told, tried: [], plan: plan?.messages[plan.sent] ?? null };
}
