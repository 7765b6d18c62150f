import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { type CrashLoop, crashLoopText } from "./crash-loop.ts";
import type { Incident } from "./incident.ts";
import type { ProcessPlan } from "./places.ts";

const INCIDENTS_KEPT = 1_000;
const READY_TIMEOUT_MS = 30_000;
/** Together under the 10 s in which everything must be gone. */
const SERVICE_GRACE_MS = 4_000;
const SERVER_GRACE_MS = 3_000;

/** All children of one local installation, and the order in which they stop. */
export class Supervisor {
  readonly #dataDir: string;
  readonly children = new Map<string, Child>();
  /** The latest incidents, oldest first. */
  readonly incidents: Incident[] = [];
  /** Also those that are not kept any more. */
  incidentsTotal = 0;

  readonly #say: (line: string) => void;
  /** Processes that were started again too often, and why, since the start. */
  readonly #loops = new Map<string, CrashLoop>();

  /** @param say told, in a line, of a process that is started again and again. */
  constructor(dataDir: string, say: (line: string) => void) {
    this.#dataDir = dataDir;
    this.#say = say;
  }

  readonly report = (incident: Incident): void => {
    this.incidentsTotal += 1;
    this.incidents.push(incident);
    if (this.incidents.length > INCIDENTS_KEPT) this.incidents.shift();
  };

  /** Starts processes side by side and waits until every one is ready. */
  async start(plans: readonly ProcessPlan[], signal: AbortSignal): Promise<void> {
    const started = plans.map((plan) => {
      const child = new Child(plan, join(this.#dataDir, "logs", `${plan.name}.log`), {
        incident: this.report,
        started: () => this.#writePids(),
        looping: (name, loop) => {
          this.#loops.set(name, loop);
          this.#say(`${name} ${crashLoopText(loop)}`);
        },
      });
      this.children.set(plan.name, child);
      child.start();
      return child;
    });
    await Promise.all(started.map((child) => child.ready(READY_TIMEOUT_MS, signal)));
  }

  get(name: string): Child {
    const child = this.children.get(name);
    if (!child) throw new Error(`no process ${name}`);
    return child;
  }

  get restarts(): Record<string, number> {
    return Object.fromEntries(
      [...this.children]
        .filter(([, { restarts }]) => restarts > 0)
        .map(([name, c]) => [name, c.restarts]),
    );
  }

  /** Processes that are started again too often now. */
  get looping(): Record<string, CrashLoop> {
    return Object.fromEntries(
      [...this.children].flatMap(([name, { crashLoop }]) => (crashLoop ? [[name, crashLoop]] : [])),
    );
  }

  /** The same of any time since the start, as it was when it was worst. */
  get crashLoops(): Record<string, CrashLoop> {
    for (const [name, loop] of Object.entries(this.looping)) {
      const known = this.#loops.get(name);
      if (!known || loop.restarts > known.restarts) this.#loops.set(name, loop);
    }
    return Object.fromEntries(this.#loops);
  }

  /** The file for whoever wants to look at, or kill, one of them: `{data-dir}/pids.json`. */
  #writePids(): void {
    const pids = Object.fromEntries([...this.children].map(([name, { pid }]) => [name, pid]));
    writeFileSync(join(this.#dataDir, "pids.json"), `${JSON.stringify(pids, null, 2)}\n`);
  }

  /** Our processes first, while their servers still answer, then the servers. */
  async stop(): Promise<void> {
    const all = [...this.children.values()];
    const ours = all.filter(({ plan }) => plan.kind === "skerry");
    const servers = all.filter(({ plan }) => plan.kind !== "skerry");
    await Promise.all(ours.map((child) => child.stop(SERVICE_GRACE_MS)));
    await Promise.all(servers.map((child) => child.stop(SERVER_GRACE_MS)));
  }
}
