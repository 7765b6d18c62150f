import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endAtExit, endingWithParent } from "./children.ts";
import { eventually } from "./eventually.ts";
import type { Report } from "../../infra/local/report.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** `npm start` without npm: the launcher as a process of its own. */
export class Launcher implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #dataDir: string;
  /** It ended, and everything that it wrote was read. */
  readonly #closed: Promise<unknown>;
  output = "";

  /** @param root of the source that is started. */
  constructor(
    dataDir: string,
    args: readonly string[],
    env: Record<string, string> = {},
    root = PROJECT,
  ) {
    this.#dataDir = dataDir;
    const main = [join(root, "infra/local/main.ts"), "--data-dir", dataDir, ...args];
    // It stops its own children, which a SIGKILL would leave behind.
    this.#child = spawn(...endingWithParent(process.execPath, main, "SIGTERM"), {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    endAtExit(this.#child, "SIGTERM");
    this.#closed = once(this.#child, "close");
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves once devices publish. @throws Error with what it wrote, if it ends before or takes too long. */
  async publishes(withinMs: number): Promise<void> {
    await eventually(
      "devices publish",
      () => this.#child.exitCode !== null || this.output.includes("acknowledged"),
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(this.output, { cause: error });
    });
    if (!this.output.includes("acknowledged")) throw new Error(this.output);
  }

  /** Resolves to the exit code. */
  async exit(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  pids(): Record<string, number> {
    return JSON.parse(readFileSync(join(this.#dataDir, "pids.json"), "utf8")) as Record<
      string,
      number
    >;
  }

  report(): Report {
    return JSON.parse(readFileSync(join(this.#dataDir, "report.json"), "utf8")) as Report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    await this.exit();
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
