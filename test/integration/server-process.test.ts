// Goal: no server of a test outlives it, whether it fails to become ready or its test process is killed.
// Method: servers that never become ready, or whose parent gets SIGKILL; then their pids are asked for.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { isAlive } from "../support/launcher.ts";
import { ServerProcess } from "../support/server-process.ts";

const FOREVER = ["-e", "console.log('here'); setInterval(() => undefined, 1000)"];

test("a server that does not become ready is gone, and what it said is told", async () => {
  let pid = 0;
  const server = new ServerProcess({
    name: "sleeper",
    program: process.execPath,
    args: FOREVER,
    env: {},
    ready: () => {
      pid = server.pid!;
      return Promise.resolve(false);
    },
    readyWithinMs: 1_500,
  });
  await expect(server.start()).rejects.toThrow(/sleeper is ready[^]*here/);
  expect(pid).toBeGreaterThan(0);
  expect(isAlive(pid)).toBe(false);
  expect(server.exited).toBe(true);
});

test("a program that is not there fails at once, by name", async () => {
  const server = new ServerProcess({
    ...{ name: "nothing", program: "no-such-program-of-ours", args: [], env: {} },
    ready: () => Promise.resolve(false),
  });
  await expect(server.start()).rejects.toThrow("no-such-program-of-ours");
});

test("servers of a test process that is killed with SIGKILL are gone with it", async () => {
  const support = join(import.meta.dirname, "../support/server-process.ts");
  const script =
    `import { ServerProcess } from ${JSON.stringify(support)};` +
    `const server = new ServerProcess({ name: "one", program: process.execPath, args: ${JSON.stringify(FOREVER)},` +
    ` env: {}, ready: () => Promise.resolve(true) });` +
    `await server.start(); console.log(server.pid); setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script]);
  let said = "";
  parent.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const pid = await eventually("the server is started", () => Number(said.trim()) || false);
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await eventually("it is gone", () => !isAlive(pid));
});
