// A server program under test: started on free ports, killed by pid, restarted at the same place.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { endAtExit, endingWithParent, hasEnded } from "./children.ts";
import { eventually } from "./eventually.ts";

const OUTPUT_KEPT_CHARACTERS = 20_000;

export interface ServerCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** True once the server does its real work, not merely listens. */
  readonly ready: () => Promise<boolean>;
  /** One that takes longer has failed. */
  readonly readyWithinMs?: number;
}

/** One child process that may be killed and started again with the same command. */
export class ServerProcess implements AsyncDisposable {
  readonly command: ServerCommand;
  #child: ChildProcess | null = null;
  #output = "";

  constructor(command: ServerCommand) {
    this.command = command;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The end of what it wrote to stdout and stderr, over all its starts. */
  get output(): string {
    return this.#output;
  }

  get exited(): boolean {
    return this.#child === null || hasEnded(this.#child);
  }

  /** Starts the program and waits until it is ready; one that does not become ready is killed. */
  async start(): Promise<void> {
    if (!this.exited) throw new Error(`${this.command.name} is already running`);
    const { name, program, args, env, ready, readyWithinMs } = this.command;
    const child = spawn(...endingWithParent(program, args), {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    endAtExit(child);
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_KEPT_CHARACTERS);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let failure: Error | null = null;
    child.once("error", (error) => (failure = error));
    const isReady = (): Promise<boolean> | boolean => failure !== null || this.exited || ready();
    await eventually(`${name} is ready`, isReady, readyWithinMs).catch(async (error: unknown) => {
      await this.kill();
      throw new Error(`${String(error)}\n${this.#output}`);
    });
    if (failure) throw failure as Error;
    if (this.exited) throw new Error(`${name} ended while starting:\n${this.#output}`);
  }

  /** Resolves once the program has written it: that may arrive after what it answers elsewhere. */
  said(what: RegExp): Promise<RegExpMatchArray> {
    return eventually(
      `${this.command.name} says ${what.source}`,
      () => this.#output.match(what) ?? false,
    );
  }

  /** Sends a signal and waits for the end; resolves to the exit code, null if it was killed. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (!child || this.exited) return child?.exitCode ?? null;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.stop("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** SIGHUP, upon which many a server reads its files anew. */
  reload(): void {
    this.#child?.kill("SIGHUP");
  }

  /** SIGSTOP: the process keeps its sockets and answers nothing; `resume` ends that. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
