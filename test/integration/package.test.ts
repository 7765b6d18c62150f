// Goal: a package that npm packed runs where there is no checkout and no TypeScript, from any directory.
// Method: `npm pack`, its files where `npm install -g` puts them (below node_modules, where Node strips no types), the
// dependencies of this checkout beside them; then the command, each process and a whole installation, run from elsewhere.
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROCESS_NAMES } from "../../infra/processes/processes.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let installed: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const modules = join(directory.path, "lib/node_modules");
  installed = join(modules, "skerry");
  mkdirSync(join(directory.path, "elsewhere"));
  mkdirSync(modules, { recursive: true });
  await run("npm", ["pack", "--pack-destination", directory.path], { cwd: ROOT });
  const [archive = ""] = globSync("*.tgz", { cwd: directory.path });
  await run("tar", ["xzf", join(directory.path, archive), "-C", modules]);
  await run("mv", [join(modules, "package"), installed]);
  symlinkSync(join(ROOT, "node_modules"), join(installed, "node_modules"));
}, 120_000);

afterAll(() => directory[Symbol.asyncDispose]());

const skerry = (args: readonly string[], node: readonly string[] = []) =>
  run(process.execPath, [...node, join(installed, "infra/entry/skerry.mjs"), ...args], {
    cwd: join(directory.path, "elsewhere"),
  });

test("the package holds JavaScript, what it reads, and no test", () => {
  const paths = globSync("**/*", { cwd: installed, exclude: ["node_modules"] });
  expect(paths.filter((path) => path.endsWith(".ts"))).toEqual([]);
  expect(paths.filter((path) => /(^|\/)test\//.test(path))).toEqual([]);
  for (const path of ["contracts/schemas", "docs/guides", "cloud/console/page/index.html"])
    expect(existsSync(join(installed, "dist", path)), path).toBe(true);
});

test.each([...PROCESS_NAMES, "up"])("skerry %s is the process, with its own help", async (name) => {
  const { stdout } = await skerry([name, "--help"]);
  expect(stdout).toMatch(name === "up" ? /--port-base/ : /SKERRY_LOG_LEVEL/);
});

test("the commands are there, those below a process as well", async () => {
  const { stdout } = await skerry(["--help"]);
  for (const name of [...PROCESS_NAMES, "up", "devices"])
    expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
  expect((await skerry(["console", "login", "--help"])).stdout).toContain("--token-file");
});

test("a Node that is too old hands over to the one that npm brought, exit status included", async () => {
  const old = join(directory.path, "old.mjs");
  writeFileSync(old, 'Object.defineProperty(process, "version", { value: "v20.1.0" });');
  const { stdout } = await skerry(["gateway", "--help"], ["--import", old]);
  expect(stdout).toContain("SKERRY_MQTT_PORT");
  await expect(skerry(["gateway", "--nowhere"], ["--import", old])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--nowhere") as string,
  });
});

test("without one it says in a sentence what to do", async () => {
  const bare = join(directory.path, "bare");
  await run("cp", ["-r", installed, bare]);
  await run("rm", [join(bare, "node_modules")]);
  const old = join(directory.path, "old.mjs");
  writeFileSync(old, 'Object.defineProperty(process, "version", { value: "v20.1.0" });');
  const entry = join(bare, "infra/entry/skerry.mjs");
  await expect(run(process.execPath, ["--import", old, entry, "up"])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^skerry: this is Node v20\.1\.0, and Node 26 or newer is needed: put one on the PATH/,
    ) as string,
  });
});

test("units name what is in the package", async () => {
  const root = join(directory.path, "root");
  await skerry(["install", "--role", "all", "--region", "eu", "--root", root]);
  const unit = readFileSync(join(root, "etc/systemd/system/skerry-gateway.service"), "utf8");
  const [, node = "", entry = ""] = /^ExecStart=(\S+) (\S+) gateway$/m.exec(unit)!;
  expect([node, entry]).toEqual([process.execPath, join(installed, "infra/entry/skerry.mjs")]);
  expect(existsSync(join(root, "etc/skerry/influxdb.conf"))).toBe(true);
});

test("everything runs from the package", async () => {
  const { stderr } = await skerry(["up", "--port-base", "19460", "--run-for", "3s"]);
  expect(stderr).toMatch(/acknowledged \d+, stored \d+, missing 0, duplicated 0/);
}, 120_000);
