// Rules over the last hours of a log, in a thread of their own: the console goes on answering meanwhile.
//
// R1. One trial runs at a time, in turn (trial-queue.ts); it has TRIAL_MS and HEAP_MIB_MAX, and costs nobody anything after that.
import { Worker } from "node:worker_threads";
import type { Alert } from "../../../contracts/messages/alert.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import type { NatsAccess } from "../../../platform/nats/client/access.ts";
import { asRun } from "../../../platform/runtime/as-run.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { Problem } from "../api/problem.ts";
import { type Asker, TrialQueue } from "./trial-queue.ts";

const TRIAL_MS = 60_000;
const HEAP_MIB_MAX = 1_024;
/** Steps of alerts in the answer. */
const ALERTS_MAX = 500;

export interface TrialWanted {
  readonly rule: Rule;
  /** The rule that counts now, if there is one. */
  readonly current: Rule | null;
  readonly region: string;
  readonly sinceMs: number;
}

/** The words that begin a trial in its thread. */
export interface TrialOrder extends TrialWanted {
  readonly nats: NatsAccess;
  readonly schemas: string;
}

export interface TrialResult {
  readonly alerts: readonly Alert[];
  readonly readings: number;
  readonly late: number;
  readonly gained: readonly Alert[];
  readonly lost: readonly Alert[];
}

export class RuleTrials {
  readonly #of: { readonly nats: NatsAccess; readonly schemas: string };
  readonly #queue: TrialQueue;

  constructor({ now, ...of }: { nats: NatsAccess; schemas: string; now: () => number }) {
    this.#of = of;
    this.#queue = new TrialQueue(now);
  }

  /** @throws Problem 429 if their turn does not come soon, 422 if this one takes too much. */
  async run(wanted: TrialWanted, asker: Asker) {
    const work = (): Promise<TrialResult> => this.#inThread(wanted);
    const { alerts, gained, lost, ...counts } = await this.#queue.run(asker, work); // R1
    return {
      ...counts,
      raised: alerts.filter(({ state }) => state === "firing").length,
      alerts: alerts.slice(-ALERTS_MAX),
      against: wanted.current?.version ?? null,
      gained: gained.slice(-ALERTS_MAX),
      lost: lost.slice(-ALERTS_MAX),
    };
  }

  async #inThread(wanted: TrialWanted): Promise<TrialResult> {
    const order: TrialOrder = { ...this.#of, ...wanted };
    const worker = new Worker(new URL(asRun("./rule-trial-thread.ts"), import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    const deadline = setTimeout(() => void worker.terminate(), TRIAL_MS);
    try {
      return await new Promise<TrialResult>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", (error) =>
          reject(new Problem(422, "The test failed", { detail: messageOf(error) })),
        );
        worker.once("exit", () =>
          reject(new Problem(422, "The test took too long", { detail: "Ask for fewer minutes." })),
        );
      });
    } finally {
      clearTimeout(deadline);
      await worker.terminate();
    }
  }
}
