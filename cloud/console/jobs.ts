// Long work that somebody asked for: its progress is told to all pages, its end is kept.
//
// J1. At most RUNNING_MAX run at once; of ended ones the last ENDED_MAX are known.
import { randomUUID } from "node:crypto";
import { messageOf } from "../../platform/runtime/errors.ts";
import { Problem } from "./api/problem.ts";

const RUNNING_MAX = 4;
const ENDED_MAX = 100;
const TOLD_EVERY_MS = 250;

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly by: string;
  readonly state: "running" | "done" | "failed";
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly done: number;
  readonly total: number;
  /** Time left at the rate so far; null while there is none. */
  readonly etaMs: number | null;
  /** The number of each outcome. */
  readonly counts: Readonly<Record<string, number>>;
  /** The reason of a failure, or the last lines of what was found. */
  readonly lines: readonly string[];
}

/** Told by the work itself, of one thing done. */
export type Report = (outcome: string, line: string | null) => void;

const LINES_MAX = 200;

export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #tell: (job: Job) => void;
  readonly #now: () => number;

  constructor(tell: (job: Job) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  get(id: string): Job | null {
    return this.#jobs.get(id) ?? null;
  }

  /** Newest first. */
  get all(): Job[] {
    return [...this.#jobs.values()].reverse();
  }

  /** Starts work of a known size. @throws Problem 429 if too much runs. */
  start(
    of: { kind: string; by: string; total: number },
    work: (report: Report) => Promise<void>,
  ): Job {
    const running = this.all.filter(({ state }) => state === "running").length;
    if (running >= RUNNING_MAX) throw new Problem(429, "Other work is under way"); // J1
    const startedMs = this.#now();
    const first: Job = {
      id: randomUUID(),
      ...of,
      state: "running",
      startedMs,
      endedMs: null,
      done: 0,
      etaMs: null,
      counts: {},
      lines: [],
    };
    this.#set(first);
    void this.#run(first, work);
    return first;
  }

  async #run(first: Job, work: (report: Report) => Promise<void>): Promise<void> {
    let job = first;
    let toldMs = first.startedMs;
    const report: Report = (outcome, line) => {
      const done = job.done + 1;
      const nowMs = this.#now();
      const etaMs = Math.round(((nowMs - job.startedMs) / done) * Math.max(0, job.total - done));
      const counts = { ...job.counts, [outcome]: (job.counts[outcome] ?? 0) + 1 };
      const lines = line === null ? job.lines : [...job.lines, line].slice(-LINES_MAX);
      job = { ...job, done, etaMs, counts, lines };
      this.#jobs.set(job.id, job);
      if (nowMs - toldMs < TOLD_EVERY_MS) return;
      toldMs = nowMs;
      this.#tell(job);
    };
    let end: Pick<Job, "state" | "lines">;
    try {
      await work(report);
      end = { state: "done", lines: job.lines };
    } catch (error) {
      end = { state: "failed", lines: [...job.lines, messageOf(error)] };
    }
    this.#set({ ...job, ...end, endedMs: this.#now(), etaMs: null });
  }

  #set(job: Job): void {
    this.#jobs.set(job.id, job);
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= ENDED_MAX) break;
      if (state !== "running") this.#jobs.delete(id); // J1
    }
    this.#tell(job);
  }
}
