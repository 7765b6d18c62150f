// Goal: the command line makes devices that can log in, shows secrets once, and changes nothing when
// it refuses. Method: `skerry devices …` as child processes against a real hub.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openIdentity } from "../../gateway/identity/identity.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const CLI = join(import.meta.dirname, "../../infra/cli/main.ts");

let nats: NatsWorld;
let directory: { path: string } & AsyncDisposable;

beforeAll(async () => {
  nats = await startHubAndRegions({ regions: ["eu"] });
  directory = await temporaryDirectory();
  // As the launcher leaves it: commands find the hub without being told.
  writeFileSync(
    join(directory.path, "addresses.json"),
    JSON.stringify({ nats: { hub: nats.hub.url, eu: nats.region("eu").url } }),
  );
});
afterAll(async () => {
  await nats[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

interface Result {
  code: number;
  out: string;
  err: string;
}

const skerry = (args: readonly string[], input = ""): Promise<Result> =>
  new Promise((resolve) => {
    const all = [CLI, "devices", ...args, "--data-dir", directory.path];
    const child = execFile(process.execPath, all, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
    child.stdin!.end(input);
  });

/** Whether a gateway of the region lets it in, once it has heard of `count` devices. */
async function canLogIn(id: string, password: string): Promise<boolean> {
  const connection = await nats.region("eu").connect();
  const parts = { connection, logger: makeLogger({}, "silent"), anonymous: "off" } as const;
  const stop = new AbortController();
  const identity = await openIdentity(parts, stop.signal);
  const answer = await identity.authenticate({
    clientId: id,
    username: id,
    password: Buffer.from(password),
    certificate: undefined,
    remoteAddress: "10.0.0.1",
  });
  stop.abort();
  return answer.allowed;
}

const list = async (): Promise<Record<string, Record<string, unknown>>> => {
  const all = JSON.parse((await skerry(["list", "--json"])).out) as { id: string }[];
  return Object.fromEntries(all.map((device) => [device.id, device]));
};

test("add, list, rotate, replace, revoke", async () => {
  const added = await skerry(["add", "boiler-7", "--alerts", "--topic", "tele/boiler-7/#"]);
  expect(added.code).toBe(0);
  expect(added.out).toMatch(/^[\w-]{22}\n$/);
  const first = added.out.trim();
  await eventually("the device may log in", () => canLogIn("boiler-7", first));

  const listed = await skerry(["list"]);
  expect(listed.out).toBe("boiler-7  device  secret  alerts  tele/boiler-7/#\n");
  expect(listed.out + JSON.stringify(await list())).not.toContain(first);

  const again = await skerry(["add", "boiler-7"]);
  expect(again).toMatchObject({ code: 1, out: "" });
  expect(again.err).toContain("exists: say --replace or --rotate");

  const second = (await skerry(["add", "boiler-7", "--rotate"])).out.trim();
  await eventually("the new secret works", () => canLogIn("boiler-7", second));
  expect(await canLogIn("boiler-7", first)).toBe(true);

  expect(await skerry(["revoke", "boiler-7"])).toMatchObject({ code: 0 });
  await eventually("it is out", async () => !(await canLogIn("boiler-7", second)));
  expect((await list())["boiler-7"]).toHaveProperty("revokedAtMs");

  const third = (await skerry(["add", "boiler-7", "--replace"])).out.trim();
  await eventually("it is in again", () => canLogIn("boiler-7", third));
  expect(await canLogIn("boiler-7", second)).toBe(false);
});

test("passwords come from standard input; certificates need no secret; bad input changes nothing", async () => {
  const anna = ["add", "anna", "--role", "operator", "--password-stdin"];
  const [short, long, pump] = await Promise.all([
    skerry(anna, "short\n"),
    skerry(anna, "a long password\n"),
    skerry(["add", "pump", "--certificate"]),
  ]);
  expect(short).toMatchObject({ code: 1, out: "" });
  expect([long, pump]).toMatchObject([
    { code: 0, out: "" },
    { code: 0, out: "" },
  ]);
  await eventually("anna may log in", () => canLogIn("anna", "a long password"));
  const refusals = [
    [["add", "a/b"], "holds / or + or #"],
    [["add", "x", "--role", "root"], "Allowed choices"],
    [["revoke", "nobody"], 'there is no "nobody"'],
    [["add", "x", "--topic", "devices/#"], "belongs to the roles"],
    [["list", "--nats", nats.region("eu").url], "say the hub's URL"],
  ] as const;
  const results = await Promise.all(refusals.map(([args]) => skerry(args)));
  for (const [at, { code, err }] of results.entries()) {
    expect(code).not.toBe(0);
    expect(err).toContain(refusals[at]![1]);
  }
  const all = await list();
  expect(all["anna"]).toMatchObject({ role: "operator", credentials: ["password"] });
  expect(all["pump"]).toMatchObject({ credentials: ["certificate"] });
  expect(all).not.toHaveProperty("x");
});

test("import: all rows or none, secrets in a private file", async () => {
  const csv = join(directory.path, "fleet.csv");
  const out = join(directory.path, "secrets.csv");
  writeFileSync(
    csv,
    "id,role,secret\nok-1,device,\nbad/1,device,\nok-2,root,\nok-1,,\nok-3,,short\n",
  );
  const refused = await skerry(["import", csv, "--secrets-out", out]);
  expect(refused.code).toBe(1);
  for (const words of [
    "line 3: the id holds",
    'line 4: the role "root"',
    'line 5: "ok-1" is on line 2 already',
    "line 6: the secret is shorter",
  ])
    expect(refused.err).toContain(words);
  expect(existsSync(out)).toBe(false);
  expect(await list()).not.toHaveProperty("ok-1");

  const rows = Array.from({ length: 500 }, (_, n) => `fleet-${n},device,`);
  const given = `${"k".repeat(22)}`;
  writeFileSync(
    csv,
    ["\uFEFFid,role,secret", ...rows, `"a, b",,${given}`, "old,,factory-1"].join("\r\n"),
  );
  expect((await skerry(["import", csv])).err).toContain("say --secrets-out");
  const done = await skerry(["import", csv, "--secrets-out", out]);
  expect(done).toMatchObject({ code: 0, out: "502 added, 500 secrets generated, 0 skipped\n" });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  const secrets = readFileSync(out, "utf8").trim().split("\n").slice(1);
  expect(secrets).toHaveLength(500);
  const [id, secret] = secrets[499]!.split(",") as [string, string];
  await eventually("the region knows them", () => canLogIn("old", "factory-1"));
  expect(await canLogIn(id, secret)).toBe(true);
  expect(await canLogIn("a, b", given)).toBe(true);
  expect((await list())["a, b"]).toMatchObject({ credentials: ["password"] }); // However long.

  writeFileSync(csv, `id,secret\nback-1,${secret}\nback-2,${given}x\n`);
  expect((await skerry(["import", csv, "--generated"])).err).toContain(
    "line 3: the secret is none",
  );
  writeFileSync(csv, `id,secret\nback-1,${secret}\n`);
  expect(await skerry(["import", csv, "--generated"])).toMatchObject({ code: 0 });
  expect((await list())["back-1"]).toMatchObject({ credentials: ["secret"] });
  writeFileSync(csv, ["id,role,secret", ...rows, `"a, b",,${given}`, "old,,factory-1"].join("\n"));

  expect((await skerry(["import", csv])).err).toContain('line 2: "fleet-0" exists already');
  const rest = await skerry(["import", csv, "--skip-existing"]);
  expect(rest).toMatchObject({ code: 0, out: "0 added, 0 secrets generated, 502 skipped\n" });
});

test("two writers at once: one wins, nothing is lost", async () => {
  const both = await Promise.all([skerry(["add", "race"]), skerry(["add", "race"])]);
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
});
