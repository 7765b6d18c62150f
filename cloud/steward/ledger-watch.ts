// The standing ledger of the hub: balanced every second, and told where it does not come out.
//
// W1. A balance that is open for OPEN_FOR_MS is an alert of its lane, which names the frames; it is resolved
//     when the balance comes out. What is open for less is on its way: a hole that is being filled.
// W2. Nothing is kept here but what is compared: every count, and every difference that is known, is from where
//     it survives a restart.
import type { LaneBase, Ledger, OpenBalance } from "../../contracts/messages/ledger.ts";
import { type LaneId, laneName } from "../../contracts/names/subjects.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import { type LedgerSources, gatherFacts } from "../insight/ledger/facts.ts";
import { StandingLedger } from "../insight/ledger/standing-ledger.ts";

/** The rule of the alert about a balance that does not come out. */
const LEDGER_RULE = "ledger_open";
/** A balance may be open for so long before somebody is told (W1). */
const OPEN_FOR_MS = 60_000;
const EVERY_MS = 1_000;

export interface LedgerWatchParts extends Omit<LedgerSources, "known"> {
  readonly store: {
    readonly known: LedgerSources["known"];
    /** Reads what is stored of these lanes. */
    readonly load: (lanes: readonly LaneId[]) => Promise<void>;
    /** Reads what was acknowledged in a lane. */
    readonly refresh: (lane: LaneId) => Promise<void>;
    readonly save: (lane: LaneId, base: LaneBase) => Promise<void>;
  };
  readonly alerts: Pick<HubAlerts, "set" | "openKeys">;
  readonly logger: Logger;
}

export class LedgerWatch {
  readonly #parts: LedgerWatchParts;
  readonly #standing = new StandingLedger();
  /** Lanes with an open alert. */
  readonly #told = new Set<string>();
  /** Lanes of which is known what is stored. */
  readonly #loaded = new Set<string>();
  #ledger: Ledger | null = null;

  constructor(parts: LedgerWatchParts) {
    this.#parts = parts;
  }

  /** The ledger as of a second ago; null until the first. */
  get ledger(): Ledger | null {
    return this.#ledger;
  }

  /** Balances every second until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { alerts, logger, store } = this.#parts;
    const known = store.known.bind(store);
    const open = await insist(() => alerts.openKeys(LEDGER_RULE), logger, signal);
    for (const key of open ?? []) this.#told.add(key);
    let failed = false;
    while (!signal.aborted) {
      try {
        const nowMs = Date.now();
        const gather = () => gatherFacts({ ...this.#parts, known }, nowMs);
        const facts = await gather();
        await this.take((await this.#loadNew(facts)) ? await gather() : facts, nowMs);
        for (const lane of this.#ledger?.open ?? []) await store.refresh(lane);
        failed = false;
      } catch (error) {
        if (!failed && !signal.aborted)
          logger.warn(`not balanced, will retry: ${messageOf(error)}`);
        failed = true;
      }
      await sleep(EVERY_MS, signal);
    }
  }

  /** Reads what is stored of lanes that were not met before: a log may grow. True if there are such. */
  async #loadNew(facts: Awaited<ReturnType<typeof gatherFacts>>): Promise<boolean> {
    const fresh = Object.entries(facts).flatMap(([region, { lanes }]) =>
      lanes
        .map((_, partition): LaneId => ({ region, partition }))
        .filter((lane) => !this.#loaded.has(laneName(lane))),
    );
    if (fresh.length === 0) return false;
    await this.#parts.store.load(fresh);
    for (const lane of fresh) this.#loaded.add(laneName(lane));
    return true;
  }

  /** Balances these facts, and tells what has been open for too long (W1). */
  async take(facts: Awaited<ReturnType<typeof gatherFacts>>, nowMs: number): Promise<void> {
    const ledger = this.#standing.take(nowMs, facts);
    this.#ledger = ledger;
    const openIn = new Map(ledger.open.map((open) => [laneName(open), open]));
    for (const [key, open] of openIn)
      if (!this.#told.has(key) && nowMs - open.sinceMs >= OPEN_FOR_MS)
        await this.#tell(open, nowMs);
    for (const key of this.#told) if (!openIn.has(key)) await this.#resolve(key, nowMs);
    for (const { lane, base } of this.#standing.toStore) await this.#parts.store.save(lane, base);
  }

  async #tell(open: OpenBalance, atMs: number): Promise<void> {
    const key = laneName(open);
    const [after, through] = open.frames;
    const message = `the ledger of lane ${key} does not balance by ${open.readings} readings, in frames ${after} to ${through}: ${open.why}`;
    this.#parts.logger.error({ lane: key, ...open }, message);
    const what = { rule: LEDGER_RULE, key, holds: true, value: open.readings, message };
    await this.#parts.alerts.set({ ...what, atMs, severity: "critical" });
    this.#told.add(key);
  }

  async #resolve(key: string, atMs: number): Promise<void> {
    const message = `the ledger of lane ${key} balances, but for what is acknowledged by name, resolved`;
    await this.#parts.alerts.set({ rule: LEDGER_RULE, key, holds: false, atMs, value: 0, message });
    this.#told.delete(key);
  }
}
