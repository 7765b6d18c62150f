// Sums over messages that wait, as bounds count them (pure).
import type { Backlog } from "./session-store.ts";
import { MESSAGE_OVERHEAD_BYTES } from "./weight.ts";

/** Bytes that messages take, as their bounds count it. */
export const sizeOf = ({ messages, bytes }: Readonly<Backlog>): number =>
  bytes + messages * MESSAGE_OVERHEAD_BYTES;

export function addBacklog(
  to: Backlog,
  { messages, bytes }: Readonly<Backlog>,
  times: 1 | -1,
): void {
  to.messages += times * messages;
  to.bytes += times * bytes;
}
