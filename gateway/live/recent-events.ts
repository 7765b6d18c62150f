// Events of one second at a gateway's door, and what is too many of them, counted (pure).
//
// G1. Bounded: EVENTS_MAX events a second, texts of TEXT_CHARS_MAX; further ones are counted by kind and reason.
import type { LiveEvent } from "../../contracts/messages/live.ts";

export const EVENTS_MAX = 200;
export const TEXT_CHARS_MAX = 200;
/** Kinds and reasons are words of ours, but for what a newer broker may count. */
const REASONS_MAX = 200;

export class RecentEvents {
  #events: LiveEvent[] = [];
  #more: Record<string, number> = {};
  #reasons = 0;

  add(event: LiveEvent): void {
    const { clientId, address, device, reason, detail } = event;
    if (this.#events.length < EVENTS_MAX)
      return void this.#events.push({
        ...event,
        clientId: clip(clientId),
        address: clip(address),
        device: clip(device),
        reason: clip(reason),
        detail: clip(detail),
      });
    const key = `${event.kind}/${clip(reason)}`;
    const count = this.#more[key];
    if (count === undefined && (this.#reasons += 1) > REASONS_MAX) return;
    this.#more[key] = (count ?? 0) + 1;
  }

  /** Those since the last call; null if there were none. */
  take(): { events: LiveEvent[]; more: Record<string, number> } | null {
    if (this.#events.length === 0) return null;
    const taken = { events: this.#events, more: this.#more };
    this.#events = [];
    this.#more = {};
    this.#reasons = 0;
    return taken;
  }
}

function clip<T extends string | null>(text: T): T {
  if (text === null || text.length <= TEXT_CHARS_MAX) return text;
  return `${text.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` as T;
}
