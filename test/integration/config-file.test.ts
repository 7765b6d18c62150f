// Goal: a real process takes its configuration file, from wherever it is named, and starts with none that is wrong.
// Method: links, which need no server, in a directory of their own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = join(import.meta.dirname, "../../infra/cli/main.ts");

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => void (directory = await temporaryDirectory()));
afterAll(() => directory[Symbol.asyncDispose]());

function link(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, "link", ...args], {
    ...{ cwd: directory.path, env: { ...process.env, ...env } },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

const answers = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)) !== null;

test("skerry.yaml of the working directory counts, the environment before it, the command line before both", async () => {
  const listen = await freePort();
  const inFile = await freePort();
  const inEnvironment = await freePort();
  const typed = await freePort();
  writeFileSync(
    join(directory.path, "skerry.yaml"),
    [
      "shared:",
      `  status-port: ${inFile}`,
      "link:",
      "  side: region",
      `  listen: 127.0.0.1:${listen}`,
      "  target: 127.0.0.1:9",
      "",
    ].join("\n"),
  );
  const runs: readonly (readonly [number, string[], Record<string, string>])[] = [
    [inFile, [], {}],
    [inEnvironment, [], { SKERRY_STATUS_PORT: String(inEnvironment) }],
    [typed, ["--status-port", String(typed)], { SKERRY_STATUS_PORT: String(inEnvironment) }],
  ];
  for (const [port, args, env] of runs) {
    const child = link(args, env);
    try {
      await eventually(`it answers at ${port}`, () => answers(port), 20_000);
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    expect(child.exitCode).toBe(0);
  }
  const { out } = await skerry(["config", "print", "link"], {
    cwd: directory.path,
    env: { SKERRY_STATUS_PORT: "7" },
  });
  expect(out).toMatch(/^link, of skerry.yaml:/);
  expect(out).toMatch(/side +region {2}\(skerry.yaml:4: link.side\)/);
  expect(out).toMatch(/status-port +7 {2}\(environment\)/);
  expect(out).toMatch(/log-level +info {2}\(default\)/);
}, 90_000);

test("a process does not start with a file that is wrong anywhere, and config check says the same", async () => {
  const path = join(directory.path, "wrong.yaml");
  writeFileSync(path, "link:\n  side: middle\naggregator:\n  regoins: eu\n");
  const started = await skerry(["link", "--config", path]);
  expect(started).toEqual({
    code: 1,
    out: `link: ${path}:4: aggregator.regoins: aggregator has no option regoins; the nearest is regions\n`,
  });
  const checked = await skerry(["config", "check", path]);
  expect(checked.code).toBe(1);
  expect(checked.out).toContain(`${path}:2: link.side must be one of`);
  expect(checked.out).toContain(`${path}:4: aggregator.regoins`);
  writeFileSync(path, "link: {side: middle}\n");
  expect((await skerry(["link", "--config", path])).out).toMatch(
    new RegExp(`^link: ${path}:1: link.side must be one of`),
  );
});
