// A systemd unit, started as far as a test can without systemd: its command with its environment, specifiers expanded,
// credentials in a directory of its own, as a user of its own without any privilege, and somebody who hears sd_notify.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { endAtExit, endingWithParent, hasEnded } from "./children.ts";
import { eventually } from "./eventually.ts";

const SETPRIV = "/usr/bin/setpriv";
/** Users of nobody on any machine, one for each name. */
const UID_FIRST = 61_200;
const GROUP_ID = 61_199;
const isRoot = process.getuid?.() === 0;

/** Node has no datagram sockets of Unix. perl-base is on every Debian. */
const LISTENER = `use Socket; $|=1; umask 0; unlink $ARGV[0]; socket(S,AF_UNIX,SOCK_DGRAM,0) or die $!;
bind(S,pack_sockaddr_un($ARGV[0])) or die $!; print "listening\\n"; while(defined recv(S,$m,65536,0)){print "$m\\n"}`;

interface Line {
  readonly key: string;
  readonly value: string;
}

const linesOf = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => /^\w+=/.test(line))
    .map((line) => ({ key: line.split("=")[0]!, value: line.slice(line.indexOf("=") + 1) }));

/** Words as systemd splits them, as far as units of ours go. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? bare!,
  );

const idOf = (which: "-u" | "-g", user: string): number =>
  Number(execFileSync("id", [which, user], { encoding: "utf8" }));
const groupOf = (name: string): string =>
  execFileSync("getent", ["group", name], { encoding: "utf8" }).split(":")[2]!;

/** Runs a unit that lies below a staging root. */
export class UnitRun implements AsyncDisposable {
  readonly name: string;
  readonly after: readonly string[];
  readonly type: string;
  output = "";
  /** Whatever it told its service manager. */
  readonly told: string[] = [];
  readonly #root: string;
  readonly #lines: readonly Line[];
  readonly #uid: number;
  readonly #groupIds: string;
  #child: ChildProcess | null = null;
  #listener: ChildProcess | null = null;

  /** @param at which of the units it is: its user follows from it; absent: the one that it names. */
  constructor(root: string, name: string, at?: number) {
    const text = readFileSync(join(root, "etc/systemd/system", `${name}.service`), "utf8");
    this.name = name;
    this.#root = root;
    this.#lines = linesOf(text);
    this.#uid = at === undefined ? idOf("-u", this.#all("User")[0]!) : UID_FIRST + at;
    this.#groupIds =
      at === undefined
        ? String(idOf("-g", this.#all("User")[0]!)) +
          this.#all("SupplementaryGroups")
            .map((one) => `,${groupOf(one)}`)
            .join("")
        : String(GROUP_ID);
    this.after = this.#all("After").flatMap(wordsOf);
    this.type = this.#all("Type")[0]!;
  }

  #all(key: string): string[] {
    return this.#lines.filter((line) => line.key === key).map(({ value }) => value);
  }

  get condition(): string | undefined {
    return this.#all("ConditionPathExists").map((path) => join(this.#root, path))[0];
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Starts it as its user, who has no privilege. */
  async start(): Promise<void> {
    const own = join(this.#root, "run", this.name);
    const credentials = join(own, "credentials");
    const directories = {
      "%d": credentials,
      "%S": join(this.#root, "var/lib"),
      "%C": join(this.#root, "var/cache"),
    };
    const expanded = (text: string): string =>
      text
        .replaceAll(/%[dSC]/g, (specifier) => directories[specifier as keyof typeof directories])
        .replaceAll(/(^|=)\/etc\/skerry/g, `$1${this.#root}/etc/skerry`);
    this.#makeDirectory(credentials);
    for (const one of this.#all("LoadCredential")) {
      const [name = "", path = ""] = one.split(":");
      copyFileSync(join(this.#root, path), join(credentials, name));
      this.#give(join(credentials, name), 0o400);
    }
    for (const one of this.#all("StateDirectory"))
      this.#makeDirectory(join(directories["%S"], one));
    for (const one of this.#all("CacheDirectory"))
      this.#makeDirectory(join(directories["%C"], one));
    const env = Object.fromEntries(
      this.#all("Environment").map((one) => {
        const [, name = "", value = ""] = /^"?(\w+)=(.*?)"?$/.exec(one)!;
        return [name, expanded(value)];
      }),
    );
    if (this.type === "notify") {
      env["NOTIFY_SOCKET"] = join(own, "notify");
      env["WATCHDOG_USEC"] = `${Number(this.#all("WatchdogSec")[0]) * 1e6}`;
      await this.#listen(env["NOTIFY_SOCKET"]);
    }
    const command = wordsOf(this.#all("ExecStart")[0]!).map(expanded);
    const [program, args] = endingWithParent(SETPRIV, [...this.#privileges(), "--", ...command]);
    const child = spawn(program, args, {
      cwd: "/",
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    endAtExit(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.#child = child;
  }

  #privileges(): string[] {
    const none = ["--no-new-privs", "--inh-caps=-all"];
    if (!isRoot) return none;
    const user = ["--reuid", String(this.#uid), "--regid", String(this.#uid)];
    return [...none, ...user, "--groups", this.#groupIds, "--bounding-set=-all"];
  }

  #makeDirectory(path: string): void {
    mkdirSync(path, { recursive: true });
    this.#give(path, 0o700);
  }

  #give(path: string, mode: number): void {
    chmodSync(path, mode);
    if (isRoot) chownSync(path, this.#uid, this.#uid);
  }

  async #listen(socket: string): Promise<void> {
    const listener = spawn("perl", ["-e", LISTENER, socket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    endAtExit(listener);
    this.#listener = listener;
    let isListening = false;
    listener.stdout.on("data", (chunk: Buffer) => {
      isListening = true;
      this.told.push(...chunk.toString().split("\n").filter(Boolean));
    });
    await eventually("somebody hears sd_notify", () => isListening);
  }

  get hasEnded(): boolean {
    return this.#child !== null && hasEnded(this.#child);
  }

  /** Its exit status, once it has ended; null if a signal ended it. */
  async ended(): Promise<number | null> {
    if (!hasEnded(this.#child!)) await once(this.#child!, "exit");
    return this.#child!.exitCode;
  }

  /** Sends SIGTERM, as systemd does. @returns the exit status. */
  stop(): Promise<number | null> {
    this.#child!.kill("SIGTERM");
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#child, this.#listener])
      if (child && !hasEnded(child)) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
  }
}

/** The group of the configuration file, as systemd-tmpfiles gives it. */
export function giveConfiguration(root: string): void {
  if (isRoot) chownSync(join(root, "etc/skerry/skerry.yaml"), 0, GROUP_ID);
  execFileSync("chmod", ["755", root]);
}
