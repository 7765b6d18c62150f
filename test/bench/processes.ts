// What the kernel says about processes and about this machine. Linux only; elsewhere null, never a guess.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** USER_HZ, which Linux fixes at 100 for everything it tells programs. */
const TICKS_PER_SECOND = 100;

/** CPU seconds, user and system, that a process has used so far; null if it cannot be read. */
export function cpuSeconds(pid: number): number | null {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The program's name is in brackets and may hold blanks: count from behind it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU seconds that everything on this machine has used so far; null if it cannot be read. */
export function machineCpuSeconds(): number | null {
  const line = readProc("/proc/stat")?.split("\n")[0];
  if (line === undefined) return null;
  // user nice system idle iowait irq softirq steal (proc(5)); guests are counted in user.
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS_PER_SECOND;
}

/** Resident memory in KiB; null if it cannot be read. */
export function residentKiB(pid: number): number | null {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? "");
  return match ? Number(match[1]) : null;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/**
 * Waits until these processes together use less than `share` of one core, so that what one target
 * still has to do is not paid by the next one. Resolves to the milliseconds it took.
 */
export async function untilQuiet(
  pids: readonly number[],
  { share = 0.1, withinMs = 30_000 } = {},
): Promise<number> {
  const lookMs = 200;
  const used = (): number => pids.reduce((sum, pid) => sum + (cpuSeconds(pid) ?? 0), 0);
  const startMs = performance.now();
  while (performance.now() - startMs < withinMs) {
    const before = used();
    await sleep(lookMs);
    if (used() - before < (share * lookMs) / 1000) break;
  }
  return performance.now() - startMs;
}

export interface CoresUsed {
  /** By role, in cores. */
  readonly cores: Readonly<Record<string, number>>;
  /** What everything else on this machine used. */
  readonly foreignCores: number;
}

/** Does some work, and says what these processes and all others used meanwhile. */
export async function coresDuring<T>(
  pids: Readonly<Record<string, number>>,
  work: () => Promise<T>,
): Promise<{ result: T; used: CoresUsed }> {
  const each = (): number[] => Object.values(pids).map((pid) => cpuSeconds(pid) ?? 0);
  const [before, allBefore, startMs] = [each(), machineCpuSeconds() ?? 0, performance.now()];
  const result = await work();
  const [after, allAfter] = [each(), machineCpuSeconds() ?? 0];
  const seconds = (performance.now() - startMs) / 1_000;
  const used = after.map((value, at) => (value - before[at]!) / seconds);
  const cores = Object.fromEntries(Object.keys(pids).map((role, at) => [role, used[at]!]));
  const all = (allAfter - allBefore) / seconds;
  return { result, used: { cores, foreignCores: all - used.reduce((sum, own) => sum + own, 0) } };
}

/** Open files a process may have; Node raises the soft limit to the hard one when it starts. */
export function openFilesMax(): number {
  const match = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(
    readProc("/proc/self/limits") ?? "",
  );
  return match && match[1] !== "unlimited" ? Number(match[1]) : Infinity;
}

/** Raises the limit of this process, and so of its children; only root may. True if it is enough. */
export function raiseOpenFiles(needed: number): boolean {
  if (openFilesMax() >= needed) return true;
  spawnSync("prlimit", ["--pid", String(process.pid), `--nofile=${needed}:${needed}`]);
  return openFilesMax() >= needed;
}

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Load average of the minute before the run: what else was going on. */
  readonly loadBefore: number;
}

export const machine = (): Machine => ({
  cores: cpus().length,
  model: cpus()[0]?.model.trim() ?? "unknown",
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  loadBefore: Number(loadavg()[0]!.toFixed(2)),
});

/** The first line a program prints about itself. */
export function firstLine(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, [...args], { encoding: "utf8" });
  return `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n")[0] ?? "";
}

/** What was measured with what. @param peers the programs of those measured against. */
export function benchVersions(
  peers: { readonly mosquitto?: string; readonly natsServer?: string } = {},
): Record<string, string> {
  const { mosquitto, natsServer } = peers;
  const own = firstLine("nats-server", ["--version"]);
  const peer = natsServer === undefined ? own : firstLine(natsServer, ["--version"]);
  const project = join(import.meta.dirname, "../..");
  const aedes = JSON.parse(
    readFileSync(join(project, "node_modules/aedes/package.json"), "utf8"),
  ) as { version: string };
  return {
    node: process.version,
    natsServer: own,
    ...(peer === own ? {} : { natsMqtt: peer }),
    ...(mosquitto === undefined ? {} : { mosquitto: firstLine(mosquitto, ["-h"]) }),
    aedes: aedes.version,
    skerry: firstLine("git", ["-C", project, "rev-parse", "--short", "HEAD"]),
  };
}
