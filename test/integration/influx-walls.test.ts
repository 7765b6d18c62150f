// Goal: nobody reads or writes the store without a password, and with one only what its user is for.
// Method: a real influxd with the product's configuration; each user, a web page and nobody try what they may not;
// a data directory of before, without users, is taken up; so is one whose administrator is somebody else's.
import { expect, test } from "vitest";
import { InfluxClient, refusalStatus } from "../../cloud/sinks/influx/client.ts";
import { setUpInflux } from "../../cloud/sinks/influx/set-up.ts";
import {
  INFLUX_PASSWORDS,
  type InfluxUser,
  startBareInflux,
  startInflux,
} from "../support/influx.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const EVIL = "https://evil.example";
const LINE = "climate,region=eu,device=a temperature=20 1000000000";

/** `done`, or the HTTP status with which it was refused. */
const outcome = (work: Promise<unknown>): Promise<string | number | null> =>
  work.then(
    () => "done",
    (error: unknown) => refusalStatus(error),
  );

test("each user may do what it is for, and nothing else", async () => {
  await using influx = await startInflux();
  const ALLOWED: Readonly<Record<"writer" | "reader", readonly string[]>> = {
    writer: ["SELECT * FROM climate", "DELETE FROM climate WHERE device = 'b'"],
    reader: ["SELECT * FROM climate", "SHOW MEASUREMENTS", "SELECT * FROM _internal..httpd"],
  };
  const ADMINISTRATORS = [
    ...["DROP DATABASE skerry", "CREATE DATABASE owned", "DROP MEASUREMENT climate"],
    ...["SHOW USERS", "CREATE USER evil WITH PASSWORD 'evil' WITH ALL PRIVILEGES"],
    ...["SET PASSWORD FOR administrator = 'evil'", "GRANT ALL PRIVILEGES TO reader"],
    "CREATE RETENTION POLICY brief ON skerry DURATION 1h REPLICATION 1 DEFAULT",
    "ALTER RETENTION POLICY autogen ON skerry DURATION 1h",
    "CREATE SUBSCRIPTION s ON skerry.autogen DESTINATIONS ALL 'http://127.0.0.1:1'",
    ...["SHOW DIAGNOSTICS", "SHOW STATS", "DROP SHARD 1"],
  ];
  const REFUSED: Readonly<Record<"writer" | "reader", readonly string[]>> = {
    writer: [...ADMINISTRATORS, "SELECT * FROM _internal..httpd"],
    reader: [
      ...ADMINISTRATORS,
      ...["DELETE FROM climate", "DROP SERIES FROM climate"],
      "SELECT * INTO copied FROM climate",
    ],
  };
  expect(await outcome(influx.client().write([LINE]))).toBe("done");
  expect(await outcome(influx.client("skerry", "reader").write([LINE]))).toBe(403);
  for (const user of ["writer", "reader"] as const) {
    const client = influx.client("skerry", user);
    for (const statement of ALLOWED[user])
      expect([statement, await outcome(client.execute(statement))]).toEqual([statement, "done"]);
    for (const statement of REFUSED[user])
      expect([user, statement, await outcome(client.execute(statement))]).toEqual([
        ...[user, statement],
        403,
      ]);
  }
  expect(await influx.client().query("SELECT * FROM climate")).toHaveLength(1);
});

test("a reader does not write through a continuous query", async () => {
  await using influx = await startInflux();
  await influx.client().write([`climate,region=eu,device=a temperature=20 ${Date.now()}000000`]);
  const reader = influx.client("skerry", "reader");
  await reader
    .execute(
      "CREATE CONTINUOUS QUERY c ON skerry RESAMPLE EVERY 1s FOR 1h BEGIN " +
        "SELECT mean(temperature) INTO forged FROM climate GROUP BY time(1s) END",
    )
    .catch(() => undefined);
  // The service that would run it is not there at all.
  const stats = await influx.administrator().execute("SHOW STATS FOR 'cq'");
  expect(stats).toEqual([]);
});

test("a web page in a browser of the machine reads and changes nothing", async () => {
  await using influx = await startInflux();
  await influx.client().write([LINE]);
  const { host } = new URL(influx.origin);
  const form = "application/x-www-form-urlencoded";
  const ask = (path: string, statement?: string, headers: Record<string, string> = {}) =>
    fetch(`${influx.origin}${path}`, {
      headers: { origin: EVIL, ...headers },
      ...(statement === undefined
        ? {}
        : { method: "POST", body: new URLSearchParams({ q: statement }).toString() }),
    });
  for (const headers of [{}, { host: `evil.example:${host.split(":")[1]}` }])
    for (const statement of ["DROP DATABASE skerry", "CREATE DATABASE owned", "SHOW DATABASES"])
      for (const type of [form, "text/plain"])
        expect((await ask("/query", statement, { "content-type": type, ...headers })).status).toBe(
          401,
        );
  expect((await ask("/query?db=skerry&q=SELECT+*+FROM+climate")).status).toBe(401);
  expect((await ask("/query?u=reader&p=guess&q=SHOW+DATABASES")).status).toBe(401);
  const write = { method: "POST", body: LINE, headers: { origin: EVIL } };
  expect((await fetch(`${influx.origin}/write?db=skerry`, write)).status).toBe(401);
  for (const path of ["/api/v1/prom/read?db=skerry", "/api/v1/prom/write?db=skerry"])
    expect((await fetch(`${influx.origin}${path}`, write)).status).toBe(401);
  for (const path of ["/debug/pprof/", "/debug/pprof/heap", "/api/v2/query", "/api/v2/write"])
    expect([path, (await ask(path)).status]).toEqual([path, 404]);
  // What stays open in a 1.6 tells of the process, not of the data.
  for (const path of ["/ping", "/debug/vars", "/metrics"])
    expect(await (await ask(path)).text()).not.toMatch(/climate|temperature/);
  const names = (await influx.administrator().execute("SHOW DATABASES")).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["_internal", "skerry"]);
});

test("an installation of before, without users, is taken up with all its points", async () => {
  await using directory = await temporaryDirectory();
  const before = { INFLUXDB_HTTP_AUTH_ENABLED: "false" };
  {
    await using old = await startBareInflux(directory.path, before);
    const anybody = new InfluxClient({ url: old.origin, database: "skerry" });
    await anybody.createDatabase();
    await anybody.write([LINE]);
  }
  await using influx = await startBareInflux(directory.path);
  const target = { url: influx.origin, database: "skerry" };
  for (const _time of ["first", "second"])
    expect(await setUpInflux({ target, passwords: INFLUX_PASSWORDS })).toEqual({
      otherAdministrators: [],
    });
  const as = (user: InfluxUser) =>
    new InfluxClient({
      ...target,
      url: influx.origin.replace("//", `//${user}:${INFLUX_PASSWORDS[user]}@`),
    });
  expect(await as("reader").query("SELECT temperature FROM climate")).toEqual([
    { time: "1970-01-01T00:00:01Z", temperature: 20 },
  ]);
  expect(await outcome(new InfluxClient(target).execute("SHOW DATABASES"))).toBe(401);
});

test("users of ours that somebody made administrators before are so no longer", async () => {
  await using influx = await startInflux();
  const administrator = influx.administrator();
  await administrator.execute("GRANT ALL PRIVILEGES TO reader");
  await administrator.execute("CREATE USER evil WITH PASSWORD 'evil' WITH ALL PRIVILEGES");
  const target = { url: influx.origin, database: "skerry" };
  const { otherAdministrators } = await setUpInflux({ target, passwords: INFLUX_PASSWORDS });
  expect(otherAdministrators).toEqual(["evil"]);
  expect(await outcome(influx.client("skerry", "reader").execute("SHOW USERS"))).toBe(403);
  expect(await outcome(influx.client("skerry", "reader").query("SELECT * FROM climate"))).toBe(
    "done",
  );
});

test.each([
  "CREATE USER evil WITH PASSWORD 'evil' WITH ALL PRIVILEGES",
  "CREATE USER evil WITH PASSWORD 'evil'",
])(
  "whoever made a user while there were no walls keeps nobody out quietly: %s",
  async (statement) => {
    await using directory = await temporaryDirectory();
    {
      const open = { INFLUXDB_HTTP_AUTH_ENABLED: "false" };
      await using old = await startBareInflux(directory.path, open);
      await new InfluxClient({ url: old.origin, database: "skerry" }).execute(statement);
    }
    await using influx = await startBareInflux(directory.path);
    const target = { url: influx.origin, database: "skerry" };
    await expect(setUpInflux({ target, passwords: INFLUX_PASSWORDS })).rejects.toThrow(
      /has users already, and does not let in "administrator"/,
    );
  },
);

test("an administrator that is not let in, and a server that asks nobody, are said in words", async () => {
  await using directory = await temporaryDirectory();
  await using influx = await startInflux();
  const target = { url: influx.origin, database: "skerry" };
  const passwords = { ...INFLUX_PASSWORDS, administrator: "another" };
  await expect(setUpInflux({ target, passwords })).rejects.toThrow(
    /has users already, and does not let in "administrator" with the password that is kept for it/,
  );
  await using open = await startBareInflux(directory.path, { INFLUXDB_HTTP_AUTH_ENABLED: "false" });
  await expect(
    setUpInflux({ target: { url: open.origin, database: "skerry" }, passwords }),
  ).rejects.toThrow(/asks nobody for a password: set auth-enabled = true in \[http\]/);
});
