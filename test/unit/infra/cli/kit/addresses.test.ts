// Goal: a local installation is found where the launcher leaves its addresses, and who does not find it
// is told what to do.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findInstallation, natsAddress } from "../../../../../infra/cli/kit/addresses.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const ADDRESSES = { nats: { hub: "nats://a:b@127.0.0.1:1", eu: "nats://a:b@127.0.0.1:2" } };
let directory: { path: string } & AsyncDisposable;
let dataDir: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, "site/.skerry");
  for (const path of [dataDir, join(directory.path, "site/deep/down"), join(directory.path, "bad")])
    mkdirSync(path, { recursive: true });
  writeFileSync(join(dataDir, "addresses.json"), JSON.stringify(ADDRESSES));
  writeFileSync(join(directory.path, "bad/addresses.json"), "{");
});
afterAll(() => directory[Symbol.asyncDispose]());

test("found in .skerry of the directory, and of one above it", () => {
  const here = findInstallation(undefined, join(directory.path, "site"));
  expect(here).toEqual({ path: ".skerry/addresses.json", addresses: ADDRESSES });
  const below = findInstallation(undefined, join(directory.path, "site/deep/down"));
  expect(below).toEqual({ path: "../../.skerry/addresses.json", addresses: ADDRESSES });
});

test("a data directory that is named is the only one that counts", () => {
  expect(findInstallation(dataDir).addresses).toEqual(ADDRESSES);
  const elsewhere = join(directory.path, "nowhere");
  expect(() => findInstallation(elsewhere, join(directory.path, "site"))).toThrow(
    `No local installation is at ${elsewhere}/addresses.json. Start one with npm start, or name its directory with --data-dir (most commands also take --nats URL).`,
  );
});

test("who is nowhere, or finds something else, is told what to do", () => {
  expect(() => findInstallation(undefined, "/", "/nowhere/addresses.json")).toThrow(
    "No local installation is here: neither / nor a directory above it has .skerry/addresses.json, nor is there /nowhere/addresses.json. " +
      "Start one with npm start, or name its directory with --data-dir (most commands also take --nats URL).",
  );
  expect(() => findInstallation(join(directory.path, "bad"))).toThrow(
    /bad\/addresses\.json cannot be read: .*JSON/,
  );
});

test("a server that is named counts before the installation; an unknown domain is refused", () => {
  const url = "nats://c:d@example:4222";
  expect(natsAddress({ nats: url, dataDir }, "eu")).toEqual({ url, from: null });
  const from = join(dataDir, "addresses.json");
  expect(natsAddress({ dataDir }, "eu")).toEqual({ url: ADDRESSES.nats.eu, from });
  expect(() => natsAddress({ dataDir }, "asia")).toThrow(
    `${from} has no nats-server "asia", only hub, eu.`,
  );
});

test("on a machine where skerry install has been, that installation is found from everywhere, a local one first", () => {
  const ofMachine = join(directory.path, "site/.skerry/addresses.json");
  expect(findInstallation(undefined, "/", ofMachine)).toEqual({
    ...{ path: ofMachine, addresses: ADDRESSES },
  });
  const elsewhere = join(directory.path, "bad/addresses.json");
  expect(findInstallation(undefined, join(directory.path, "site"), elsewhere).path).toBe(
    ".skerry/addresses.json",
  );
});
