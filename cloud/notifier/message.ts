// Messages about alerts: which alerts go into one, and its identity (pure). What it says is in wording.ts.
//
// M1. The identity is a function of the channel and of the alerts' places in their stream, so that a
//     message which is sent twice can be told from two messages.
import { createHash } from "node:crypto";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { MessageKind } from "../../contracts/messages/notification.ts";

/** An alert at its place in the stream of its region. */
export interface PlacedAlert {
  readonly seq: number;
  readonly alert: Alert;
}

/** An alert, and when its stream got it, epoch ms. */
export interface StoredAlert {
  readonly alert: Alert;
  readonly storedMs: number;
}

/** The alerts that one message will tell. */
export interface MessagePlan {
  readonly kind: MessageKind;
  /** Ascending, at least one. */
  readonly seqs: readonly number[];
}

export interface Message {
  readonly kind: MessageKind;
  readonly channel: string;
  readonly region: string;
  readonly seqs: readonly number[];
  /** One alert at least; fewer than `seqs` if some are gone from the stream. */
  readonly alerts: readonly Alert[];
  /** The time at which each of them was stored, epoch ms; empty if that is not known. */
  readonly storedMs: readonly number[];
  /** `<…@skerry>`, M1. */
  readonly messageId: string;
  /** The same identity for receivers that know no Message-ID. */
  readonly deliveryId: string;
}

export const messageIdOf = (alert: Pick<Alert, "id" | "state">): string =>
  `<${alert.id}.${alert.state}@skerry>`;

/** @param alerts in the order of `plan.seqs`; null if none of them is there any more. */
export function makeMessage(
  of: { readonly channel: string; readonly region: string },
  plan: MessagePlan,
  alerts: readonly Alert[],
  storedMs: readonly number[] = [],
): Message | null {
  const [first] = alerts;
  if (!first) return null;
  const { kind, seqs } = plan;
  const place = [of.channel, of.region, kind, ...seqs];
  const what = kind === "group" ? [first.rule, first.state] : [];
  const messageId =
    kind === "single" ? messageIdOf(first) : `<${hashOf([...place, ...what])}@skerry>`;
  const deliveryId = hashOf([of.channel, messageId]);
  const { channel, region } = of;
  return { kind, channel, region, seqs, alerts, storedMs, messageId, deliveryId };
}

/** Every step that a message tells, as `id.state`: for receivers that count. */
export const stepsOf = ({ alerts }: Pick<Message, "alerts">): string[] =>
  alerts.map(({ id, state }) => `${id}.${state}`);

const hashOf = (parts: readonly (string | number)[]): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);

/** The rule of a message, or `several`. */
export function ruleOf({ alerts }: Pick<Message, "alerts">): string {
  const [first] = alerts;
  return first && alerts.every(({ rule }) => rule === first.rule) ? first.rule : "several";
}
