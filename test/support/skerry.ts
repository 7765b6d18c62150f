import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../infra/cli/main.ts");

/** `npx skerry …` without npx; `out` is what it printed, errors included. */
export async function skerry(
  args: readonly string[],
): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, out };
}
