// Progress of long work, beside its result: a line that is drawn anew in a terminal, elsewhere a line every 10 s.
import { printable } from "../../../platform/runtime/printable.ts";
import { createLogUpdate } from "log-update";
import { type Counted, type Mark, markedWith, paceOf, paceText } from "./pace.ts";

/** The place where progress is told: standard error, so that the result alone is in a pipe. */
export interface Screen extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const DRAW_EVERY_MS = 250;
const LINE_EVERY_MS = 10_000;

export class Progress implements Disposable {
  readonly #what: string;
  readonly #counted: Counted;
  readonly #screen: Screen;
  readonly #draw: ReturnType<typeof createLogUpdate> | null;
  readonly #timer: NodeJS.Timeout;
  #total: number | null;
  #done = 0;
  #now = "";
  #marks: readonly Mark[];

  /** @param what as "importing devices". @param total null: it is not known, or not yet. */
  constructor(
    what: string,
    total: number | null,
    { counted = "things", screen = process.stderr }: { counted?: Counted; screen?: Screen } = {},
  ) {
    this.#what = what;
    this.#counted = counted;
    this.#total = total;
    this.#screen = screen;
    this.#draw = screen.isTTY ? createLogUpdate(screen, { showCursor: true }) : null;
    this.#marks = [{ atMs: performance.now(), done: 0 }];
    const everyMs = this.#draw ? DRAW_EVERY_MS : LINE_EVERY_MS;
    this.#timer = setInterval(() => this.#tell(), everyMs).unref();
  }

  /** Sets how much there is to be done in all, once that is known. */
  expect(total: number): void {
    this.#total = total;
  }

  step(count = 1): void {
    this.#done += count;
  }

  /** Says what is being done now, so that a line that stands still says where. */
  at(now: string): void {
    this.#now = now;
  }

  /** Takes the drawn line away, so that a line of the result can stand in its place. */
  clear(): void {
    this.#draw?.clear();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
  }

  #tell(): void {
    this.#marks = markedWith(this.#marks, { atMs: performance.now(), done: this.#done });
    const what = this.#now === "" ? this.#what : `${this.#what}, ${this.#now}`;
    const text = printable(paceText(what, paceOf(this.#marks, this.#total), this.#counted));
    if (this.#draw) this.#draw(text);
    else this.#screen.write(`${text}\n`);
  }
}
