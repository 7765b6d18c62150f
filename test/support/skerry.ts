import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../infra/cli/main.ts");

export interface SkerryOptions {
  /** Where it is typed. */
  readonly cwd?: string;
  /** Nobody reads its standard output: the first write meets a closed pipe. */
  readonly isUnread?: boolean;
}

/** `npx skerry …` without npx; `out` is what it printed, errors included. */
export async function skerry(
  args: readonly string[],
  { cwd, isUnread = false }: SkerryOptions = {},
): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (isUnread) child.stdout.destroy();
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, out };
}
