import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const PROJECT = join(import.meta.dirname, "../..");

export interface SkerryOptions {
  /** Where it is typed. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Nobody reads its standard output: the first write meets a closed pipe. */
  readonly isUnread?: boolean;
  /** The root of another release's source. */
  readonly root?: string;
}

/** Arguments without the passwords in their URLs, and the variables with them: of servers here they are all the same. */
function withoutPasswords(args: readonly string[]): {
  args: string[];
  env: Record<string, string>;
} {
  const env: Record<string, string> = {};
  const bare = args.map((arg) =>
    arg.replace(/(nats:\/\/[^:@/]+):([^@]+)@/, (_, before: string, password: string) => {
      env["SKERRY_NATS_PASSWORD"] = decodeURIComponent(password);
      return `${before}@`;
    }),
  );
  return { args: bare, env };
}

/** `npx skerry …` without npx; `out` is what it printed, errors included. */
export async function skerry(
  args: readonly string[],
  { cwd, env = {}, isUnread = false, root = PROJECT }: SkerryOptions = {},
): Promise<{ code: number | null; out: string }> {
  const bare = withoutPasswords(args);
  const child = spawn(process.execPath, [join(root, "infra/cli/main.ts"), ...bare.args], {
    cwd,
    env: { ...process.env, ...bare.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (isUnread) child.stdout.destroy();
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, out };
}
