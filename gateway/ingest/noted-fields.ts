// What readings lack that were admitted without it, counted by device and field, so that whoever looks
// after a device learns of it though nothing was refused.
//
// F1. Devices cannot fill the memory: past KEPT_MAX pairs, further ones count in `more` alone.
// F2. A pair is logged once, with what was wrong: a device says the same thing with each reading.
import type { FieldNotes } from "../../contracts/messages/status.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Admitted } from "./admission.ts";
import type { Note } from "./note.ts";

/** Pairs of device and field that a gateway remembers. */
const KEPT_MAX = 1_000;
/** Those on the status page, the most frequent first. */
const SHOWN_MAX = 50;

interface Kept {
  readonly device: string;
  readonly note: Note;
  count: number;
}

export class NotedFields {
  readonly #logger: Pick<Logger, "warn">;
  readonly #kept = new Map<string, Kept>();
  readonly #totals: Record<Note["how"], number> = { left_out: 0, clamped: 0, arrival_time: 0 };
  #more = 0;

  constructor(logger: Pick<Logger, "warn">) {
    this.#logger = logger;
  }

  add({ device, notes }: NonNullable<Admitted["noted"]>): void {
    for (const note of notes) {
      this.#totals[note.how] += 1;
      const key = `${note.how}\n${note.field}\n${device}`;
      const kept = this.#kept.get(key);
      if (kept) kept.count += 1;
      else if (this.#kept.size >= KEPT_MAX)
        this.#more += 1; // F1
      else {
        this.#kept.set(key, { device, note, count: 1 });
        const { field, how, detail } = note;
        this.#logger.warn({ device, field, how, detail }, "reading admitted in part"); // F2
      }
    }
  }

  /** Since the start, by what became of the value. */
  get totals(): Readonly<Record<Note["how"], number>> {
    return this.#totals;
  }

  get status(): FieldNotes {
    const fields = [...this.#kept.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, SHOWN_MAX)
      .map(({ device, note, count }) => ({ device, ...note, count }));
    return { totals: { ...this.#totals }, fields, more: this.#more };
  }
}
