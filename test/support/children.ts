// Children of tests end with the process that started them, however that ends: a server that outlives its test holds
// its ports and eats the machine's memory until somebody looks.
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";

/** A program of util-linux. Without it (not on Linux) a child outlives a parent that is killed with SIGKILL. */
const SETPRIV = "/usr/bin/setpriv";

const running = new Map<ChildProcess, NodeJS.Signals>();
process.on("exit", () => {
  for (const [child, signal] of running) child.kill(signal);
});

/** The command of a program that Linux sends `signal` when its parent dies (prctl(2), PR_SET_PDEATHSIG); same pid. */
export const endingWithParent = (
  program: string,
  args: readonly string[],
  signal: NodeJS.Signals = "SIGKILL",
): [program: string, args: string[]] =>
  existsSync(SETPRIV)
    ? [SETPRIV, ["--pdeathsig", signal.slice("SIG".length), "--", program, ...args]]
    : [program, [...args]];

/** Sends `signal` to the child when this process exits. */
export function endAtExit(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
  running.set(child, signal);
  child.once("exit", () => running.delete(child));
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;
