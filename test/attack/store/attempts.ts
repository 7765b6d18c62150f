// What the store's reader and writer, a web page and anybody in the network try at InfluxDB.
import { INFLUX_PASSWORDS, type InfluxUser } from "../../support/influx.ts";
import type { Attempt } from "../attempt.ts";
import type { StoreArena } from "./arena.ts";

type Of = Attempt<StoreArena>;

const FORM = "application/x-www-form-urlencoded";
const EVIL = "https://evil.example";

/** Statements that are an administrator's. */
const ADMINISTRATORS = [
  ...["DROP DATABASE skerry", "CREATE DATABASE owned", "DROP MEASUREMENT climate"],
  ...[
    "CREATE USER evil WITH PASSWORD 'evil' WITH ALL PRIVILEGES",
    "GRANT ALL PRIVILEGES TO reader",
  ],
  ...["REVOKE ALL ON skerry FROM reader", "DROP USER reader"],
  "CREATE RETENTION POLICY brief ON skerry DURATION 1h REPLICATION 1 DEFAULT",
  "CREATE SUBSCRIPTION s ON skerry.autogen DESTINATIONS ALL 'http://127.0.0.1:1'",
];
/** Those that change points. */
const CHANGES = [
  ...["DELETE FROM climate", "DROP SERIES FROM climate"],
  "SELECT * INTO copied FROM climate",
];
const READS = ["SELECT * FROM climate", "SHOW SERIES", "SHOW USERS", "SHOW DATABASES"];

interface Way {
  readonly name: string;
  readonly role: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

const user = (name: Exclude<InfluxUser, "administrator">): Way => ({
  ...{ name, role: `influx user ${name}`, query: "" },
  headers: { authorization: basic(name, INFLUX_PASSWORDS[name]) },
});
const NOBODY: readonly Way[] = [
  { name: "nobody", role: "anybody in the network", headers: {}, query: "" },
  {
    ...{ name: "page", role: "a stranger's page in a browser of the network" },
    ...{ headers: { origin: EVIL }, query: "" },
  },
  {
    ...{ name: "guess", role: "anybody in the network" },
    ...{ headers: {}, query: "&u=administrator&p=administrator" },
  },
];

function stating(way: Way, statement: string): Of {
  const isRead = READS.includes(statement);
  return {
    ...{ role: way.role, wall: "influx" },
    id: `store/${way.name}/${statement}`,
    tries: statement,
    trick: way.name === "page" ? "a form that a page submits" : "a query",
    harms: isRead ? "the secrecy of points and users" : "the points, or who may reach them",
    control: `store ${way.name} ${statement}`,
    ...(isRead ? { comparesState: false as const } : {}),
    run: async (arena) => {
      const { status, body } = await arena.ask({
        path: `/query?db=skerry${way.query}`,
        method: "POST",
        body: new URLSearchParams({ q: statement }).toString(),
        headers: { ...way.headers, "content-type": FORM },
      });
      return isRead && status === 200 && !body.includes('"error"') ? "it was answered" : null;
    },
  };
}

function writing(way: Way): Of {
  return {
    ...{ role: way.role, wall: "influx" },
    id: `store/${way.name}/write`,
    tries: "write a point",
    trick: "/write",
    harms: "the points: forged readings",
    control: `store ${way.name} write`,
    run: async (arena) => {
      const body = "forged,device=victim temperature=66 1000000001";
      const path = `/write?db=skerry${way.query}`;
      await arena.ask({ path, method: "POST", body, headers: way.headers });
      return null;
    },
  };
}

export const STORE_ATTEMPTS: readonly Of[] = [
  ...[...ADMINISTRATORS, ...CHANGES].map((one) => stating(user("reader"), one)),
  ...READS.slice(2, 3).map((one) => stating(user("reader"), one)),
  ...[...ADMINISTRATORS]
    .filter((one) => !one.startsWith("DROP MEASUREMENT"))
    .map((one) => stating(user("writer"), one)),
  writing(user("reader")),
  ...NOBODY.flatMap((way) => [
    ...[...ADMINISTRATORS, ...CHANGES, ...READS].map((one) => stating(way, one)),
    writing(way),
  ]),
];
