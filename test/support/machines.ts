// Machines as far as namespaces go: each has a network, mounts, a host name and processes of its own, with copies of /etc,
// /var and /usr/local that nobody else sees. systemctl, journalctl and ssh are stand-ins (machine/), everything else is real.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { endAtExit, hasEnded } from "./children.ts";
import { eventually } from "./eventually.ts";

const PROJECT = join(import.meta.dirname, "../..");
/** Where a machine sees the checkout: units see nothing of home and temporary directories. */
const SEEN = "/opt/skerry";

/** The reason why there can be no such machines here; null if there can. */
export function whyNoMachines(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it needs root on Linux";
  const tried = spawnSync("unshare", ["-mnpuf", "sh", "-c", OVERLAY_TRIED], { encoding: "utf8" });
  if (tried.status === 0) return null;
  return `namespaces, veth or overlays are missing: ${tried.stderr || String(tried.error)}`;
}
const OVERLAY_TRIED =
  "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && mount -t overlay o -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc && " +
  "ip link add dev v0 type veth peer name v1";

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A network of machines, one address each. */
export class Machines implements AsyncDisposable {
  readonly #names: readonly string[];
  readonly #directory: string;
  readonly #programs: Readonly<Record<string, string>>;
  readonly #children: ChildProcess[] = [];
  readonly #pids = new Map<string, number>();

  /**
   * @param directory of the layers of their files.
   * @param programs executables that are found first, by name.
   */
  constructor(
    names: readonly string[],
    directory: string,
    programs: Readonly<Record<string, string>>,
  ) {
    this.#names = names;
    this.#directory = directory;
    this.#programs = programs;
  }

  async start(): Promise<void> {
    const hosts = this.#names.map((name, at) => `${addressOf(at)} ${name} ${name}.example.com\n`);
    writeFileSync(join(this.#directory, "hosts"), `127.0.0.1 localhost\n${hosts.join("")}`);
    // The bridge is in a namespace as well, so that nothing is left when all end.
    await this.#spawn(BRIDGE, "ip link add dev br0 type bridge; ip link set br0 up");
    for (const [at, name] of this.#names.entries()) {
      await this.#spawn(name, this.#mounts(name));
      const inBridge = (...args: string[]) =>
        execFileSync("nsenter", ["-t", String(this.#pids.get(BRIDGE)), "-n", "ip", ...args]);
      const link = `v${at}`;
      const peer = ["peer", "name", "eth0", "netns", String(this.#pids.get(name))];
      inBridge("link", "add", "dev", link, "type", "veth", ...peer);
      inBridge("link", "set", "dev", link, "master", "br0", "up");
      const { code, err } = await this.on(
        name,
        `ip link set lo up && ip addr add ${addressOf(at)}/24 dev eth0 && ip link set eth0 up`,
      );
      if (code !== 0) throw new Error(err);
    }
  }

  /** Runs a command as root of a machine. */
  on(name: string, command: string, withinMs = 90_000): Promise<Said> {
    const args = ["-t", String(this.#pids.get(name)), "-m", "-n", "-p", "-u", "-w", "--"];
    const env = ["env", "-i", "HOME=/root", "LANG=C.UTF-8", `PATH=${PATH}`];
    const child = spawn("nsenter", [...args, ...env, "bash", "-c", command], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: withinMs,
      killSignal: "SIGKILL",
    });
    endAtExit(child);
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    // Not until the pipes close: what a command leaves running may hold them.
    return new Promise((resolve) =>
      child.once("exit", (code) => setImmediate(() => resolve({ code, out, err }))),
    );
  }

  async #spawn(name: string, prepare: string): Promise<void> {
    const script = `set -e\n${prepare}\nhostname ${name}\nmount -t proc p /proc\necho up\n`;
    const then = name === BRIDGE ? "exec sleep infinity" : `exec ${NODE} ${MANAGER} --manager`;
    const child = spawn("unshare", ["-mnpuf", "--kill-child", "bash", "-c", script + then], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    endAtExit(child);
    this.#children.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await eventually(`machine ${name} is up`, () => {
      if (child.exitCode !== null) throw new Error(said);
      return said.includes("up\n");
    });
    const pid = execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" }).trim();
    this.#pids.set(name, Number(pid));
    writeFileSync(join(this.#directory, `${name}.pid`), pid);
  }

  #mounts(name: string): string {
    const overlays = ["/etc", "/var", "/usr/local", "/root", "/opt"].map((path) => {
      const [upper, work] = ["u", "w"].map((end) => join(this.#directory, name, path, end));
      for (const directory of [upper!, work!]) mkdirSync(directory, { recursive: true });
      return `mount -t overlay o -o lowerdir=${path},upperdir=${upper},workdir=${work} ${path}`;
    });
    const bin = join(this.#directory, name, "bin");
    mkdirSync(bin, { recursive: true });
    const put = (program: string, text: string): void =>
      writeFileSync(join(bin, program), text, { mode: 0o755 });
    put("skerry", `#!/bin/sh\nexec ${NODE} ${SEEN}/infra/entry/skerry.mjs "$@"\n`);
    put("systemctl", `#!/bin/sh\nexec ${NODE} ${MANAGER} "$@"\n`);
    put("journalctl", `#!/bin/sh\nexec ${NODE} ${MANAGER} journal "$2"\n`);
    put("ssh", `#!/bin/sh\nexec bash ${SEEN}/test/support/machine/ssh.sh "$@"\n`);
    return [
      ...overlays,
      "mount -t tmpfs t /run && mount -t tmpfs t /mnt && mkdir /mnt/proc /mnt/machines",
      // Other machines' namespaces, for the stand-in of ssh.
      `mount --rbind /proc /mnt/proc && mount --bind ${this.#directory} /mnt/machines`,
      `mkdir -p ${SEEN} && mount --bind ${PROJECT} ${SEEN}`,
      `cp ${bin}/* /usr/local/bin/`,
      ...Object.entries(this.#programs).map(([to, from]) => `cp ${from} /usr/local/bin/${to}`),
      `cp ${this.#directory}/hosts /etc/hosts`,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (hasEnded(child)) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  }
}

const BRIDGE = "bridge";
const NODE = `${SEEN}/node_modules/node/bin/node`;
const MANAGER = `${SEEN}/test/support/machine/systemctl.ts`;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const addressOf = (at: number): string => `10.77.0.${at + 1}`;
