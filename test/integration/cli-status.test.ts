// Goal: whoever asks what runs and what a lane holds is told the truth, and asking changes nothing.
// Method: a real hub and region with a gateway, an engine and devices; the command line as processes,
// typed below the directory in which the installation lies.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import { POSITIONS_BUCKET } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { type Service, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let edge: Edge;
let engine: Service;
let directory: string;
const LANES = 4;

/** As it is typed by somebody who works in a folder of the project. */
const typed = (...args: string[]) => skerry(args, { cwd: join(directory, "deep/down") });

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  edge = stack.use(await startEdge({ devices: 4, rate: 40, partitions: LANES }));
  const rules = join(directory, "rules.json");
  writeFileSync(rules, "[]");
  engine = await startService("gateway/alerting/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: edge.nats.region("eu").urlOf("alerting"),
    SKERRY_RULES: rules,
    SKERRY_PARTITIONS: String(LANES),
  });
  stack.use(engine.process);
  const addresses = {
    nats: { hub: edge.nats.hub.url, eu: edge.nats.region("eu").url },
    status: {
      "gateway-eu": edge.gateway.url("/status"),
      "alerting-eu": engine.url("/status"),
      simulator: edge.devices.url("/status"),
    },
  };
  for (const path of [".skerry", "deep/down"])
    mkdirSync(join(directory, path), { recursive: true });
  writeFileSync(join(directory, ".skerry/addresses.json"), JSON.stringify(addresses));
  await eventually("readings are acknowledged", async () => (await edge.acknowledged()) > 20);
});
afterAll(() => stack.disposeAsync());

test("status: everything runs, and each process, lane and region is there", async () => {
  const { code, out } = await typed("status");
  expect([code, out.split("\n")[0]]).toEqual([0, "Everything runs; all is up to date."]);
  for (const name of ["nats-hub", "nats-eu", "gateway-eu", "alerting-eu", "simulator"])
    expect(out).toMatch(new RegExp(`^${name} +(runs|ready) +127\\.0\\.0\\.1:`, "m"));
  for (const lane of ["eu/0", "eu/1", "eu/2", "eu/3"])
    expect(out).toMatch(new RegExp(`^${lane} +\\d+ +\\d+ +\\d+ +\\d+ s ago`, "m"));
  expect(out).toMatch(/^eu +[\d.]+ [KM]iB of 1\.0 GiB, 0 % full +#1 to #\d+ +0 +0$/m);
});

test("lane cat: the newest frames, or those from a sequence on, decoded", async () => {
  const { out } = await typed("lane", "cat", "--region", "eu", "--partition", "0", "--limit", "3");
  expect(out.match(/^#\d+ {2}\d{4}-.* ago {2}gateway /gm)).toHaveLength(3);

  const all = [];
  for (const partition of ["0", "1", "2", "3"]) {
    const args = ["--partition", partition, "--from", "1", "--limit", "1000", "--json"];
    const lines = (await typed("lane", "cat", "--region", "eu", ...args)).out.trim().split("\n");
    const frames = lines.map(
      (line) => JSON.parse(line) as { n: number; hole: null; readings: { device: string }[] },
    );
    expect(frames.map(({ n }) => n)).toEqual(frames.map((_, at) => at + 1));
    expect(frames.every(({ hole }) => hole === null)).toBe(true);
    all.push(...frames.flatMap(({ readings }) => readings));
  }
  expect(new Set(all.map(({ device }) => device)).size).toBe(4);
  const copied = ["--partition", "0", "--at", "hub", "--from", "1", "--limit", "1", "--json"];
  expect(JSON.parse((await typed("lane", "cat", "--region", "eu", ...copied)).out)).toMatchObject({
    n: 1,
  });
});

test("lane show: position, watermark and log; a hole becomes visible in cat, show and status", async () => {
  const shown = await typed("lane", "show", "--region", "eu", "--partition", "0");
  expect(shown.out).toMatch(/^log of eu: #1 to #\d+, the newest [\d.]+ s ago, .*, 4 lanes$/m);
  expect(shown.out).toMatch(/^copy of the log of eu: #1 to #\d+/m);
  expect(shown.out).toMatch(/^eu\/0 +alerting +\d+ +\d+ +\d+ s ago +\d+ +runs$/m);
  expect(shown.out).toContain("losses  none since the processes started");

  await edge.devices.process.stop("SIGTERM");
  const writer = new FrameWriter({ region: "eu", partition: 0 }, "gateway-2");
  await writer.publish(edge.connection, [], Date.now());
  writer.encode([], Date.now(), 1); // Two frames that nobody stores.
  await writer.publish(edge.connection, [], Date.now());
  await eventually(
    "the engine tells of the loss",
    async () => (await engine.status<AlertingStatus>()).losses.length === 1,
  );
  const cat = await typed("lane", "cat", "--region", "eu", "--partition", "0", "--limit", "50");
  expect(cat.out).toContain("hole: frames 2 to 3 of gateway gateway-2, epoch e1, 0 readings");
  expect((await typed("lane", "show", "--region", "eu")).out).toMatch(
    /eu\/0: 0 acknowledged readings exist nowhere any more: .*gateway-2/,
  );
  const status = await typed("status");
  expect(status.code).toBe(1);
  expect(status.out).toMatch(/^Region eu lost 0 acknowledged readings: .*gateway-2/);
  expect(status.out).toMatch(/^ {4}next: The ledger names the frames\./m);
  expect(status.out).toContain("run book: docs/guides/run-books.md#skerryreadingslost");
  expect(status.out).toMatch(/^ {2}simulator at .*: does not answer; its log is /m);
});

test("asking moves no position", async () => {
  await engine.process.stop("SIGTERM");
  const positions = async () => (await Bucket.open(edge.connection, POSITIONS_BUCKET)).records();
  const before = await positions();
  expect(before).toHaveLength(4);
  await typed("lane", "show", "--region", "eu");
  await typed("lane", "cat", "--region", "eu", "--partition", "1", "--from", "1");
  await typed("status");
  expect(await positions()).toEqual(before);
});

test("a closed pipe ends the output, not the work, and nobody sees a stack trace", async () => {
  const cwd = directory;
  for (const args of [
    ["lane", "cat", "--region", "eu", "--partition", "0"],
    ["alerts", "list"],
    ["rejects", "list", "--region", "eu"],
    ["lane", "cat", "--help"],
  ])
    expect(await skerry(args, { cwd, isUnread: true })).toEqual({ code: 0, out: "" });
});

test("what is wrong is said in one sentence; the status tells a refusal from wrong usage", async () => {
  const said = async (...args: string[]) => {
    const { code, out } = await typed(...args);
    return [code, out.trim()];
  };
  expect(await said("lane", "cat", "--region", "eu", "--partition", "9")).toEqual([
    1,
    "skerry: region eu has no partition 9, only 4, from 0 on",
  ]);
  expect(await said("lane", "show", "--region", "moon")).toEqual([
    1,
    'skerry: ../../.skerry/addresses.json has no nats-server "moon", only hub, eu.',
  ]);
  expect(await said("lane", "cat", "--region", "eu")).toEqual([
    2,
    "error: required option '--partition <n>' not specified",
  ]);
  expect(await said("rejects", "replay", "--region", "eu")).toEqual([
    2,
    "skerry: say what to replay: --seq, --all, or any of --reason, --device and --contract",
  ]);
});

test("a server that does not answer is named, with where its address is from and what to do", async () => {
  await using elsewhere = await temporaryDirectory();
  const host = `127.0.0.1:${await freePort()}`;
  const url = `nats://admin:secret@${host}`;
  mkdirSync(join(elsewhere.path, ".skerry"));
  const addresses = { nats: { hub: url }, status: {} };
  writeFileSync(join(elsewhere.path, ".skerry/addresses.json"), JSON.stringify(addresses));
  const at = { cwd: elsewhere.path };
  const [listed, status, named] = await Promise.all([
    skerry(["rules", "list"], at),
    skerry(["status"], at),
    skerry(["rules", "list", "--nats", url], at),
  ]);
  expect(listed).toEqual({
    code: 1,
    out:
      `skerry: No Skerry answers at ${host} (from .skerry/addresses.json). ` +
      "Start it with npm start, or name another server with --nats URL.\n",
  });
  expect(status).toEqual({
    code: 1,
    out:
      "Nothing runs: none of the addresses in .skerry/addresses.json answers. " +
      "Start Skerry with npm start.\n",
  });
  expect(named).toEqual({
    code: 1,
    out: `skerry: No Skerry answers at ${host}. Check the URL and that the server runs.\n`,
  });
});
