// The commands of a region that no device has answered yet: the bookkeeping (pure).
//
// O1. A command is open from when it is offered until it is answered, expires or is withdrawn. Whether
//     it was answered before is asked of the replies' stream before it is offered, so the set follows
//     from what is stored, not from the order in which it is read.
// O2. At most `openMax` are open: past it the newest are refused, never an older one given up.
// O3. The actions of an alert's step are open while the step counts; `replace` withdraws the others.
import type { CommandAddress } from "../../contracts/names/topics.ts";

export interface OpenCommand extends CommandAddress {
  /** The body of the MQTT message. */
  readonly payload: string;
  /** Epoch ms; from then on it is closed. */
  readonly expiresAtMs: number;
}

export type Offer = "opened" | "known" | "expired" | "refused";

interface Entry {
  readonly command: OpenCommand;
  /** The alert (rule and key) whose action it is. */
  readonly source: string | undefined;
}

export class OpenCommands {
  readonly #openMax: number;
  readonly #entries = new Map<string, Entry>();
  readonly #bySource = new Map<string, Set<string>>();

  constructor(openMax: number) {
    this.#openMax = openMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(address: CommandAddress): boolean {
    return this.#entries.has(keyOf(address));
  }

  /** @param source an alert (rule and key). */
  hasOpenOf(source: string): boolean {
    return this.#bySource.has(source);
  }

  *[Symbol.iterator](): Iterator<OpenCommand> {
    for (const { command } of this.#entries.values()) yield command;
  }

  /** @param source the alert (rule and key) whose action it is. */
  offer(command: OpenCommand, nowMs: number, source?: string): Offer {
    const key = keyOf(command);
    if (command.expiresAtMs <= nowMs) return "expired";
    if (this.#entries.has(key)) return "known";
    if (this.#entries.size >= this.#openMax) return "refused"; // O2
    this.#entries.set(key, { command, source });
    if (source !== undefined) {
      const keys = this.#bySource.get(source);
      if (keys) keys.add(key);
      else this.#bySource.set(source, new Set([key]));
    }
    return "opened";
  }

  /** Closes a command that was answered; undefined if it was not open. */
  close(address: CommandAddress): OpenCommand | undefined {
    return this.#remove(keyOf(address));
  }

  /** Closes what has expired. */
  expire(nowMs: number): OpenCommand[] {
    const expired = [...this].filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
    for (const command of expired) this.close(command);
    return expired;
  }

  /** O3. Closes the open actions of an alert that are not among those that count now. */
  replace(source: string, counting: readonly CommandAddress[]): OpenCommand[] {
    const keep = new Set(counting.map(keyOf));
    const gone = [...(this.#bySource.get(source) ?? [])].filter((key) => !keep.has(key));
    return gone.map((key) => this.#remove(key)!);
  }

  #remove(key: string): OpenCommand | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    const keys = entry.source === undefined ? undefined : this.#bySource.get(entry.source);
    keys?.delete(key);
    if (keys?.size === 0) this.#bySource.delete(entry.source!);
    return entry.command;
  }
}

/** Neither part holds a slash: both are topic levels. */
const keyOf = ({ device, id }: CommandAddress): string => `${device}/${id}`;
