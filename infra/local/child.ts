import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type WriteStream, createWriteStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { type CrashLoop, RecentEnds, crashLoopText } from "./crash-loop.ts";
import type { Incident } from "./incident.ts";
import type { ProcessPlan } from "./places.ts";

export interface ChildEvents {
  incident(incident: Incident): void;
  /** Told once, when a process begins to be started again too often. */
  looping(process: string, loop: CrashLoop): void;
  started(): void;
}

/** A process that held for this long starts again at once when it dies. */
const HELD_MS = 10_000;
const PINO_ERROR = 50;

/**
 * One supervised process: started again whenever it dies, until it is told to stop. It gets a
 * session of its own, so that Ctrl-C reaches the supervisor only, and the stop has an order.
 */
export class Child {
  readonly plan: ProcessPlan;
  readonly #log: WriteStream;
  readonly #events: ChildEvents;
  readonly #backoff = new Backoff({ baseMs: 100, maxMs: 5_000 });
  #process: ChildProcess | null = null;
  #stopping = false;
  #lastLine = "";
  readonly #ends = new RecentEnds();
  #isToldOfLoop = false;
  starts = 0;

  constructor(plan: ProcessPlan, logPath: string, events: ChildEvents) {
    this.plan = plan;
    this.#log = createWriteStream(logPath, { flags: "a", mode: 0o600 });
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get restarts(): number {
    return Math.max(0, this.starts - 1);
  }

  /** Null unless it was started again too often within the last minute. */
  get crashLoop(): CrashLoop | null {
    return this.#ends.loop(performance.now());
  }

  start(): void {
    const child = spawn(this.plan.command, this.plan.args, {
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...this.plan.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const startedAtMs = performance.now();
    this.starts += 1;
    this.#process = child;
    this.#events.started();
    this.#follow(child.stdout, "utf8");
    this.#follow(child.stderr, "utf8");
    let gone = false;
    const exited = (how: string): void => {
      if (gone) return;
      gone = true;
      this.#process = null;
      if (this.#stopping) return;
      const because = `${how}${this.#lastLine ? `; it said: ${this.#lastLine}` : ""}`;
      this.#incident(because.replace(how, `${how}, starting it again`));
      this.#noteEnd(because);
      if (performance.now() - startedAtMs > HELD_MS) this.#backoff.reset();
      void sleep(this.#backoff.next()).then(() => this.#stopping || this.start());
    };
    child.once("error", (error) => exited(error.message));
    child.once("exit", (code, signal) => exited(signal ? `killed by ${signal}` : `exit ${code}`));
  }

  /** Tells once of a loop, until it is over. */
  #noteEnd(because: string): void {
    this.#ends.add(because, performance.now());
    const loop = this.crashLoop;
    if (loop && !this.#isToldOfLoop) {
      const what = crashLoopText(loop);
      this.#incident(what);
      this.#log.write(`${JSON.stringify({ level: PINO_ERROR, process: "launcher", msg: what })}\n`);
      this.#events.looping(this.plan.name, loop);
    }
    this.#isToldOfLoop = loop !== null;
  }

  kill(): void {
    this.#process?.kill("SIGKILL");
  }

  /** Stands still, its sockets open, until what is returned is called: as a machine that gives it no time. */
  freeze(): () => void {
    const child = this.#process;
    child?.kill("SIGSTOP");
    return () => void child?.kill("SIGCONT");
  }

  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => {
        this.#incident(`did not stop within ${graceMs} ms, killed`);
        child.kill("SIGKILL");
      }, graceMs);
      await gone;
      clearTimeout(timer);
    }
    if (!this.#log.writableEnded) await new Promise<void>((resolve) => this.#log.end(resolve));
  }

  /** Waits for the ready URL. @throws AppError `PROCESS_FAILED` with the last line it logged. */
  async ready(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!signal.aborted) {
      const ok = await fetch(this.plan.readyUrl, { signal: AbortSignal.timeout(1_000) }).then(
        (response) => response.ok && response.arrayBuffer().then(() => true),
        () => false,
      );
      if (ok) return;
      if (performance.now() > deadlineMs || this.starts > 5)
        throw new AppError(
          "PROCESS_FAILED",
          "fatal",
          `${this.plan.name} did not become ready; it said: ${this.#lastLine || "nothing"}`,
        );
      await sleep(50, signal);
    }
  }

  #incident(what: string): void {
    this.#events.incident({ at: new Date(), process: this.plan.name, what });
  }

  #follow(stream: NodeJS.ReadableStream, encoding: BufferEncoding): void {
    const decoder = new StringDecoder(encoding);
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      if (!this.#log.writableEnded) this.#log.write(chunk);
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = (lines.pop() ?? "").slice(-10_000);
      for (const line of lines) if (line.trim() !== "") this.#heard(line);
    });
  }

  #heard(line: string): void {
    const entry = parseLogLine(line);
    this.#lastLine = (entry?.msg ?? line).slice(0, 300);
    if (entry && entry.level >= PINO_ERROR && !this.#stopping) this.#incident(this.#lastLine);
  }
}

function parseLogLine(line: string): { level: number; msg: string } | null {
  if (!line.startsWith("{")) return null;
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return typeof level === "number" && typeof msg === "string" ? { level, msg } : null;
  } catch {
    return null;
  }
}
