// One group that reads the region's log, as this gateway has it.
//
// G1. One gateway of a region reads for a group: the one that has its lease (leases.ts). Members at other gateways wait, and
//     have what that gateway had not seen acknowledged once its members, or the gateway, are gone.
// G2. The place is saved, by compare-and-set, only behind what members have acknowledged: whatever ends here is given again
//     from there, and nothing is skipped.
// G3. What retention removed before the group had read it is counted in its place, and told with the next reading until
//     that is acknowledged.
// G4. A log that was rolled back is read on from what was stored since; a group whose place somebody removed begins anew, now.
// G5. A frame that was stored twice, because its gateway had no answer, is read once.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { frameOrNull } from "../../contracts/messages/frame.ts";
import { type LaneId, partitionIn, telemetryStream } from "../../contracts/names/subjects.ts";
import type { LogGroupStatus } from "../../contracts/messages/status.ts";
import type { LogFilter } from "../../contracts/names/topics.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { GroupPlace } from "../../platform/nats/lanes/group-places.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { rolledBackTo } from "../../platform/nats/lanes/lane-origin.ts";
import { type Lease, Leases } from "../../platform/nats/lanes/leases.ts";
import type { Positions } from "../../platform/nats/lanes/positions.ts";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { LogDelivery, LogSeat } from "../broker/log-reading.ts";
import { type Entry, GroupWindow, type Member } from "./group-window.ts";
import { type LogMessage, type LostFrames, logMessage } from "./log-message.ts";
import { LogTail } from "./log-tail.ts";
import { placeSince } from "./since.ts";

/** Readings that a group has in hand, and their bytes. */
const IN_HAND = { readingsMax: 8_192, bytesMax: 8 * 1024 ** 2 };
/** A reading takes about this much besides its payload. */
const READING_OVERHEAD_BYTES = 512;
const LOOK_EVERY_MS = 50;
/** A place behind which something was acknowledged is saved this often; one that only moved over what is not of the group less so. */
const SAVE_EVERY_MS = 500;
const SAVE_IDLE_EVERY_MS = 10_000;
/** Starts of gateways of which the frame read last is remembered (G5). */
const STARTS_MAX = 1_000;
const AGAIN_AFTER_MS = 1_000;

export interface LogGroupParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly catalog: Pick<Catalog, "get">;
  /** Opens the place of the group. */
  readonly positions: () => Promise<Positions<GroupPlace>>;
  readonly logger: Logger;
  /** The name under which gateways lease it. */
  readonly operator: string;
  readonly group: string;
  readonly filter: LogFilter;
  /** Frames were lost (G3). */
  readonly lost: (frames: number) => void;
  /** No member is left, and nothing goes on. */
  readonly ended: () => void;
}

interface Item extends LogMessage {
  readonly seq: number;
  readonly storeMs: number;
  readonly at: number;
  readonly lost: LostFrames | undefined;
}

interface Seat {
  readonly id: string;
  readonly wake: () => void;
  member: Member<Item> | null;
}

/** The work of a gateway that has the lease. */
interface Work {
  readonly window: GroupWindow<Item>;
  readonly tail: LogTail;
  /** The last frame of which all is in hand or done. */
  passed: { seq: number; storeMs: number | null };
  /** Until it is told with a reading. */
  lost: LostFrames | undefined;
  lostFrames: number;
  readonly createdMs: number;
  /** Something was acknowledged since the place was saved. */
  isDirty: boolean;
  savedAtMs: number;
  wakeReader: (() => void) | null;
}

export class LogGroup {
  readonly #parts: LogGroupParts;
  readonly #lane: LaneId;
  readonly #seats = new Set<Seat>();
  readonly #lastOfStart = new Map<string, number>();
  #isStopped = false;
  #positions: Positions<GroupPlace> | null = null;
  #work: Work | null = null;
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;
  /** Readings that members have acknowledged here. */
  acknowledged = 0;
  /** Readings that were given. */
  delivered = 0;

  constructor(parts: LogGroupParts) {
    this.#parts = parts;
    this.#lane = { region: parts.region, partition: 0 };
  }

  get members(): number {
    return this.#seats.size;
  }

  /** Null while another gateway reads for it, or none. */
  get figures(): LogGroupStatus["reading"] {
    const work = this.#work;
    if (!work) return null;
    const { window, tail, passed, lostFrames } = work;
    const first = window.first;
    const doneSeq = first ? first.seq - 1 : passed.seq;
    return {
      lagFrames: Math.max(0, tail.lastSeq - doneSeq),
      oldestMs: first?.storeMs ?? null,
      inHand: window.size,
      lostFrames,
    };
  }

  join(id: string, wake: () => void): LogSeat {
    const seat: Seat = { id, wake, member: null };
    this.#seats.add(seat);
    if (this.#work) {
      seat.member = this.#work.window.join(id);
      this.#wakeAll();
    }
    this.#run();
    return {
      take: () => this.#takeFor(seat),
      leave: () => this.#leave(seat),
    };
  }

  /** Ends the work of this gateway for the group, and saves its place. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#running?.stop.abort();
    await this.#running?.done;
  }

  #leave(seat: Seat): void {
    if (!this.#seats.delete(seat)) return;
    if (seat.member) this.#work?.window.leave(seat.member);
    seat.member = null;
    if (this.#seats.size === 0)
      this.#running?.stop.abort(); // G1
    else this.#wakeAll();
  }

  #wakeAll(): void {
    for (const seat of this.#seats) seat.wake();
  }

  #wake(member: Member<Item> | null): void {
    if (member) for (const seat of this.#seats) if (seat.member === member) return seat.wake();
  }

  #takeFor(seat: Seat): LogDelivery | null {
    const work = this.#work;
    const { member } = seat;
    const entry = member && work?.window.take(member);
    if (!work || !entry) return null;
    this.delivered += 1;
    const { topic, payload, userProperties } = entry.item;
    const settle = (): void => this.#settle(work, entry, member);
    return { topic, payload, userProperties, settle };
  }

  #settle(work: Work, entry: Entry<Item>, member: Member<Item>): void {
    if (this.#work !== work || entry.member !== member) return;
    this.acknowledged += 1;
    work.isDirty = true;
    this.#wake(work.window.acknowledge(entry, member));
    work.wakeReader?.();
  }

  /** Tries to have the lease while there are members, and reads while it has it. */
  #run(): void {
    if (this.#running || this.#isStopped) return;
    const stop = new AbortController();
    const done = this.#hold(stop.signal).finally(() => {
      this.#running = null;
      if (this.#isStopped) return;
      if (this.#seats.size > 0)
        this.#run(); // Somebody came while it ended.
      else this.#parts.ended();
    });
    this.#running = { stop, done };
  }

  async #hold(signal: AbortSignal): Promise<void> {
    const { connection, operator, logger } = this.#parts;
    const lanes = [this.#lane];
    while (!signal.aborted) {
      try {
        this.#positions ??= await this.#parts.positions();
        const leases = await Leases.open(connection, { operator, lanes, logger });
        await leases.run((_, lease) => this.#workWith(lease), signal);
      } catch (error) {
        logger.error({ group: operator, err: error }, "a group is not read, will retry");
        await sleep(AGAIN_AFTER_MS, signal);
      }
    }
  }

  /** Reads until the lease ends. False if its place may not be saved as far as it was. */
  async #workWith(lease: Lease): Promise<boolean> {
    const { logger } = this.#parts;
    while (!lease.signal.aborted) {
      const place = await insist(() => this.#load(), logger, lease.signal);
      if (!place) break;
      const turn = new AbortController();
      const stop = AbortSignal.any([lease.signal, turn.signal]);
      const work = this.#begin(place);
      try {
        await Promise.race([this.#read(work, stop), this.#keepSaving(work, stop)]);
      } finally {
        turn.abort();
        this.#work = null;
        for (const seat of this.#seats) seat.member = null;
      }
      if (lease.held && work.isDirty) await this.#save(work).catch(() => undefined);
    }
    return lease.held;
  }

  /** The place to go on from; one that begins now if the group has none any more (G4). */
  async #load(): Promise<GroupPlace> {
    const { connection, region } = this.#parts;
    const positions = this.#positions!;
    const place = await positions.load(this.#lane);
    if (!place) {
      const made = await placeSince(connection, region, null);
      await positions.save(this.#lane, made);
      return made;
    }
    const since = await this.#storedSince(place);
    return since === null ? place : { ...place, seq: since - 1, storeMs: null, at: null }; // G4
  }

  /** The first sequence that was stored since the log was rolled back behind a place; null if it was not. */
  async #storedSince({ seq, storeMs }: GroupPlace): Promise<number | null> {
    const { connection, region } = this.#parts;
    if (storeMs !== null) return rolledBackTo(connection, this.#lane, { seq, storeMs });
    const { lastSeq } = await new Streams(connection).state(telemetryStream(region));
    return lastSeq < seq ? lastSeq + 1 : null;
  }

  #begin({ seq, storeMs, at, lostFrames, untold, createdMs }: GroupPlace): Work {
    const { connection, region } = this.#parts;
    const from = at === null ? seq + 1 : seq;
    const work: Work = {
      window: new GroupWindow<Item>(IN_HAND),
      tail: new LogTail(connection, region, from),
      passed: { seq: from - 1, storeMs: at === null ? storeMs : null },
      lost: untold,
      ...{ lostFrames, createdMs, isDirty: false, savedAtMs: performance.now(), wakeReader: null },
    };
    this.#skip = at === null ? null : { seq, at };
    this.#lastOfStart.clear();
    this.#work = work;
    for (const seat of this.#seats) seat.member = work.window.join(seat.id);
    return work;
  }

  /** Readings of the first frame that are done. */
  #skip: { seq: number; at: number } | null = null;

  async #read(work: Work, signal: AbortSignal): Promise<void> {
    const { logger, operator } = this.#parts;
    const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
    const wake = (): void => work.wakeReader?.();
    signal.addEventListener("abort", wake);
    while (!signal.aborted && !work.tail.isRolledBack) {
      if (work.window.isFull) await this.#room(work, signal);
      let found = 0;
      try {
        for await (const one of work.tail.read()) {
          if (signal.aborted) return;
          found += 1;
          if (one.kind === "lost") this.#lose(work, one.frames);
          else this.#take(work, one.entry);
          if (work.window.isFull) break;
        }
        backoff.reset();
      } catch (error) {
        if (dispositionOf(error) !== "retry") throw error;
        logger.warn({ group: operator }, `the log is not read, will retry: ${messageOf(error)}`);
        await sleep(backoff.next(), signal);
      }
      if (found === 0) await sleep(LOOK_EVERY_MS, signal);
    }
    signal.removeEventListener("abort", wake);
  }

  async #room(work: Work, signal: AbortSignal): Promise<void> {
    while (!work.window.isRoomy && !signal.aborted)
      await new Promise<void>((resolve) => (work.wakeReader = resolve));
    work.wakeReader = null;
  }

  /** G3. */
  #lose(work: Work, frames: LostFrames): void {
    work.lost = { from: work.lost?.from ?? frames.from, until: frames.until };
    work.lostFrames += frames.until - frames.from + 1;
    work.passed = { seq: frames.until, storeMs: null };
    work.isDirty = true;
    const { logger, operator, lost } = this.#parts;
    lost(frames.until - frames.from + 1);
    logger.error({ group: operator, ...frames }, "a group was behind the log's beginning");
  }

  #take(work: Work, entry: LogEntry): void {
    const { seq, storeMs, subject, data } = entry;
    const frame = frameOrNull(data);
    const woken = new Set<Member<Item>>();
    const skipped = this.#skip?.seq === seq ? this.#skip.at : 0;
    if (frame && this.#isNew(partitionIn(subject), frame.header))
      for (let at = skipped; at < frame.readings.length; at++) {
        const reading = frame.readings[at]!;
        const { device, contract } = reading;
        const { filter, region, catalog } = this.#parts;
        if (filter.contract !== null && filter.contract !== contract) continue;
        if (filter.device !== null && filter.device !== device) continue;
        const { lost } = work;
        const place = { seq, storeMs, at };
        const more = { region, catalog, ...(lost ? { lost } : {}) };
        const item = { ...logMessage(reading, place, more), ...place, lost };
        work.lost = undefined;
        const bytes = item.payload.length + READING_OVERHEAD_BYTES;
        const member = work.window.add(device, item, bytes);
        if (member) woken.add(member);
      }
    work.passed = { seq, storeMs };
    for (const member of woken) this.#wake(member);
  }

  /** G5. */
  #isNew(partition: number, { gateway, epoch, n }: { gateway: string; epoch: string; n: number }) {
    const start = `${gateway}:${epoch}:${partition}`;
    if (n <= (this.#lastOfStart.get(start) ?? 0)) return false;
    if (this.#lastOfStart.size >= STARTS_MAX) this.#lastOfStart.clear();
    this.#lastOfStart.set(start, n);
    return true;
  }

  async #keepSaving(work: Work, signal: AbortSignal): Promise<void> {
    const { logger, operator } = this.#parts;
    while (!signal.aborted) {
      await sleep(SAVE_EVERY_MS, signal);
      if (signal.aborted) return;
      const idleMs = performance.now() - work.savedAtMs;
      if (!work.isDirty && idleMs < SAVE_IDLE_EVERY_MS) continue;
      try {
        await this.#save(work);
      } catch (error) {
        if (dispositionOf(error) === "retry" && !(await this.#isRemoved())) continue;
        // Another gateway reads now, or somebody removed the group: what there is now is loaded (G2, G4).
        logger.warn({ group: operator }, `the place of a group was changed: ${messageOf(error)}`);
        return;
      }
    }
  }

  /** Nobody's save is disturbed by the question: what is there now is expected by the next one. */
  async #isRemoved(): Promise<boolean> {
    return (await this.#positions!.load(this.#lane).catch(() => true)) === null;
  }

  async #save(work: Work): Promise<void> {
    const { window, passed, lostFrames, createdMs } = work;
    const { first } = window;
    const untold = first ? first.lost : work.lost;
    const place: GroupPlace = {
      ...(first
        ? { seq: first.seq, storeMs: first.storeMs, at: first.at }
        : { ...passed, at: null }),
      ...{ lostFrames, createdMs },
      ...(untold ? { untold } : {}),
    };
    work.isDirty = false;
    try {
      await this.#positions!.save(this.#lane, place);
      work.savedAtMs = performance.now();
    } catch (error) {
      work.isDirty = true;
      throw error;
    }
  }
}
