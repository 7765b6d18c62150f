// Goal: nobody else reads what we write. Method: what our processes create, under a umask that hides nothing.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../../../device-sim/ledger.ts";
import { openSessionStore } from "../../../../gateway/broker/session/session-store.ts";
import { openBridgeStore } from "../../../../gateway/ingest/bridge-store.ts";
import { takeDirectory } from "../../../../infra/local/preflight.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const RUNTIME = join(import.meta.dirname, "../../../../platform/runtime");

/** Paths below it that others may read, with their rights. */
const openToOthers = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const { mode } = statSync(join(directory, name));
    return (mode & 0o077) === 0 ? [] : [`${name} ${(mode & 0o777).toString(8)}`];
  });

test("sessions, what bridges said, ledgers and the launcher's directories", async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, "data");
  openSessionStore(data, () => undefined)[Symbol.dispose]();
  openBridgeStore(data, makeLogger({}, "silent"))?.[Symbol.dispose]();
  Ledger.open(join(directory.path, "ledger", "room.jsonl"));
  takeDirectory(join(directory.path, "launcher"), process.pid);
  expect(openToOthers(directory.path).filter((path) => !path.includes("launcher.pid"))).toEqual([]);
});

test("files of before lose the rights of others", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "sessions.sqlite");
  writeFileSync(path, "");
  chmodSync(path, 0o644);
  mkdirSync(join(directory.path, "logs"), { mode: 0o755 });
  openSessionStore(directory.path, () => undefined)[Symbol.dispose]();
  takeDirectory(directory.path, process.pid)();
  expect(openToOthers(directory.path)).toEqual([]);
});

test("whatever a process of ours and its children create", async () => {
  await using directory = await temporaryDirectory();
  const script = `
    import { processMain } from ${JSON.stringify(join(RUNTIME, "process-main.ts"))};
    import { execFileSync } from "node:child_process";
    import { writeFileSync, mkdirSync } from "node:fs";
    process.umask(0);
    await processMain({ name: "x", title: "x", options: {}, env: {}, argv: [], run: async () => {
      mkdirSync("made"); writeFileSync("made/own", ""); execFileSync("touch", ["made/child"]);
    } });`;
  const args = ["--input-type=module", "--eval", script];
  execFileSync(process.execPath, args, { cwd: directory.path, stdio: "ignore" });
  expect(readdirSync(join(directory.path, "made")).sort()).toEqual(["child", "own"]);
  expect(openToOthers(directory.path)).toEqual([]);
});
