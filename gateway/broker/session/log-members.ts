// The members of groups that read the region's log: sessions whose client is there, and their way to what they are given.
//
// A client is a member while it is connected and subscribed. Nothing waits for it in its session meanwhile: the log has it,
// and the group's place.
import type { LogReading, LogSeat } from "../log-reading.ts";
import { logGroupOf } from "../protocol/topic-rules.ts";
import type { Fed } from "./outbound-parts.ts";
import type { Session, Subscription } from "./session.ts";

interface Seat {
  readonly seat: LogSeat;
  readonly filter: string;
}

export class LogMembers {
  readonly #reading: LogReading | undefined;
  readonly #seats = new Map<Session, Seat[]>();

  constructor(reading: LogReading | undefined) {
    this.#reading = reading;
  }

  /** All that it is subscribed to. */
  joinAll(session: Session): void {
    for (const filter of session.subscriptions.keys()) this.join(session, { filter });
  }

  join(session: Session, { filter }: Pick<Subscription, "filter">): void {
    const of = logGroupOf(filter);
    if (!of || !this.#reading || session.peer === null) return;
    const seats = this.#seats.get(session) ?? [];
    if (seats.some((one) => one.filter === filter)) return;
    const { outbound, clientId } = session;
    // By its filter, too: the same group may be asked for in two spellings.
    const seat = this.#reading.join(of, `${clientId} ${filter}`, () => outbound.wake());
    seats.push({ seat, filter });
    this.#seats.set(session, seats);
    outbound.feed = () => takeFor(session, seats);
  }

  leave(session: Session, filter: string): void {
    const seats = this.#seats.get(session) ?? [];
    const at = seats.findIndex((one) => one.filter === filter);
    if (at === -1) return;
    const [left] = seats.splice(at, 1);
    left!.seat.leave();
    if (seats.length === 0) this.#forget(session);
  }

  leaveAll(session: Session): void {
    const seats = this.#seats.get(session) ?? [];
    this.#forget(session);
    for (const { seat } of seats.splice(0)) seat.leave();
  }

  #forget(session: Session): void {
    session.outbound.feed = null;
    this.#seats.delete(session);
  }
}

/** The next message for a session; its groups take turns. */
function takeFor(session: Session, seats: Seat[]): Fed | null {
  for (let tried = seats.length; tried > 0; tried--) {
    const first = seats.shift()!;
    seats.push(first);
    const delivery = first.seat.take();
    if (!delivery) continue;
    const { topic, payload, userProperties, settle } = delivery;
    const subscription = session.subscriptions.get(first.filter);
    const identifier = subscription?.identifier;
    const message = {
      ...{ topic, payload, qos: 1 as const, retain: false, expiresAtMs: undefined },
      properties: { contentType: "application/json", payloadFormatIndicator: true, userProperties },
      identifiers: identifier === undefined ? undefined : [identifier],
    };
    return { message, qos: subscription?.qos === 0 ? 0 : 1, settle };
  }
  return null;
}
