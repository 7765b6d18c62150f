import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makePrivateDirectory } from "../../platform/runtime/private-files.ts";
import type { ProcessPlan } from "./places.ts";

/** @throws AppError `ADDRESS_IN_USE` naming the first port that somebody else has. */
export async function checkPorts(processes: readonly ProcessPlan[]): Promise<void> {
  for (const { name, ports } of processes)
    for (const [use, port] of Object.entries(ports))
      if (!(await canListen(port)))
        throw new AppError(
          "ADDRESS_IN_USE",
          "fatal",
          `port ${port} (${name}, ${use}) is in use; choose other ports with --port-base`,
        );
}

/** The ports that Linux takes for outgoing connections, unless it is told otherwise. */
const OUTGOING_DEFAULT = [32_768, 60_999] as const;
const OUTGOING_FILE = "/proc/sys/net/ipv4/ip_local_port_range";
/** Ports of one installation, from its base on. */
export const PORTS = 30;

/** The first and the last port that the system may give to any outgoing connection. */
export function outgoingPorts(file = OUTGOING_FILE): readonly [first: number, last: number] {
  try {
    const [first, last] = readFileSync(file, "utf8").trim().split(/\s+/).map(Number);
    if (first && last) return [first, last];
  } catch {
    // Not Linux.
  }
  return OUTGOING_DEFAULT;
}

/** The objection to a port base that is allowed; null if there is none. */
export function portBaseWarning(
  base: number,
  [first, last]: readonly [first: number, last: number],
): string | null {
  if (base + PORTS <= first || base > last) return null;
  return (
    `--port-base ${base}: ports ${base} to ${base + PORTS - 1} lie in the range that outgoing connections take ` +
    `theirs from (${first} to ${last}), so that one of them may be in use at any time; ` +
    `choose a port base up to ${first - PORTS}`
  );
}

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

/**
 * Creates the data directory and takes it for this process.
 * @returns how to give it back.
 * @throws AppError `DIRECTORY_UNWRITABLE` naming the directory.
 */
export function takeDirectory(dataDir: string, pid: number): () => void {
  const lock = join(dataDir, "launcher.pid");
  try {
    for (const name of ["logs", "ledger", "nats", "influx", "mappings"]) {
      makePrivateDirectory(join(dataDir, name));
      chmodSync(join(dataDir, name), 0o700); // Also those of before.
    }
    const owner = readOwner(lock);
    if (owner !== null && owner !== pid && isAlive(owner))
      throw new Error(`it is in use by process ${owner}; choose another with --data-dir`);
    writeFileSync(lock, `${pid}\n`);
  } catch (error) {
    throw new AppError(
      "DIRECTORY_UNWRITABLE",
      "fatal",
      `data directory ${dataDir}: ${messageOf(error)}`,
    );
  }
  return () => rmSync(lock, { force: true });
}

function readOwner(lock: string): number | null {
  try {
    return Number.parseInt(readFileSync(lock, "utf8"), 10) || null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
