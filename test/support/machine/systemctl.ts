// systemd on an emulated machine, as far as a guide needs it: `--manager` runs units, anything else asks the manager.
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { createServer, connect } from "node:net";
import { once } from "node:events";
import { basename, join } from "node:path";
import { UnitRun } from "../unit-run.ts";

const SOCKET = "/run/manager.sock";
const UNITS = "/etc/systemd/system";
const AGAIN_MS = 1_000;

class Unit {
  readonly #name: string;
  #run: UnitRun | null = null;
  #isWanted = false;

  constructor(name: string) {
    this.#name = name;
  }

  get output(): string {
    return this.#run?.output ?? "";
  }

  get status(): string {
    const run = this.#run;
    if (run === null) return "inactive";
    const said = run.told.findLast((line) => line.startsWith("STATUS="))?.slice("STATUS=".length);
    const state = run.hasEnded ? "inactive" : "active";
    return `${state}${said === undefined ? "" : `\n     Status: "${said}"`}`;
  }

  /** Starts it; a job that runs at times is waited for. */
  async start(): Promise<number> {
    if (this.#run && !this.#run.hasEnded && this.#isWanted) return 0;
    const run = new UnitRun("/", this.#name);
    if (run.condition !== undefined && !existsSync(run.condition)) return 0;
    this.#run = run;
    this.#isWanted = true;
    await run.start();
    if (existsSync(`${UNITS}/${this.#name}.timer`)) return (await run.ended()) ?? 1;
    void run.ended().then(async (code) => {
      if (!this.#isWanted || this.#run !== run || (run.type === "oneshot" && code === 0)) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      if (this.#isWanted && this.#run === run) await this.start();
    });
    return 0;
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    if (this.#run && !this.#run.hasEnded) await this.#run.stop();
  }

  kill(): void {
    process.kill(this.#run!.pid, "SIGKILL");
  }
}

const units = new Map<string, Unit>();
const unit = (name: string): Unit => {
  let known = units.get(name);
  if (!known) units.set(name, (known = new Unit(name)));
  return known;
};
/** Names of services that the target starts. */
const ofTarget = (): string[] =>
  globSync("skerry-*.service", { cwd: UNITS })
    .filter((file) => readFileSync(join(UNITS, file), "utf8").includes("WantedBy=skerry.target"))
    .map((file) => basename(file, ".service"))
    .toSorted();
const named = (given: readonly string[]): string[] =>
  given.flatMap((one) => (one === "skerry.target" ? ofTarget() : [one.replace(/\.service$/, "")]));

async function answer(
  verb: string,
  given: readonly string[],
): Promise<{ code: number; out: string }> {
  const all = named(given);
  let code = 0;
  const missing = all.find((name) => !existsSync(`${UNITS}/${name}.service`));
  if (missing !== undefined) return { code: 5, out: `Unit ${missing} not found.\n` };
  switch (verb) {
    case "daemon-reload":
      return { code, out: "" };
    case "enable":
    case "start":
      for (const name of all) code ||= await unit(name).start();
      return { code, out: "" };
    case "restart":
      for (const name of all) {
        await unit(name).stop();
        code ||= await unit(name).start();
      }
      return { code, out: "" };
    case "stop":
      for (const name of all) await unit(name).stop();
      return { code, out: "" };
    case "kill":
      for (const name of all) unit(name).kill();
      return { code, out: "" };
    case "status":
      return { code, out: all.map((name) => `${name}.service: ${unit(name).status}\n`).join("") };
    case "journal":
      return { code, out: all.map((name) => unit(name).output).join("") };
    default:
      return { code: 1, out: `no stand-in for systemctl ${verb}\n` };
  }
}

async function manage(): Promise<void> {
  rmSync(SOCKET, { force: true });
  createServer({ allowHalfOpen: true }, (socket) => {
    let asked = "";
    socket.on("data", (chunk) => (asked += chunk.toString()));
    socket.on("end", () => {
      const [verb = "", ...given] = JSON.parse(asked) as string[];
      answer(verb, given).then(
        (said) => socket.end(JSON.stringify(said)),
        (error: unknown) => socket.end(JSON.stringify({ code: 1, out: String(error) })),
      );
    });
  }).listen(SOCKET);
  // An init takes the processes that lose their parents; Node reaps its own only, and the others end with the machine.
  await once(process, "SIGTERM");
}

async function ask(args: readonly string[]): Promise<void> {
  const socket = connect(SOCKET);
  socket.end(JSON.stringify(args.filter((one) => !one.startsWith("-"))));
  let said = "";
  for await (const chunk of socket) said += String(chunk);
  const { code, out } = JSON.parse(said) as { code: number; out: string };
  process.stdout.write(out);
  process.exitCode = code;
}

const args = process.argv.slice(2);
await (args[0] === "--manager" ? manage() : ask(args));
