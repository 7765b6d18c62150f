import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import type { ClientTls } from "../../platform/runtime/client-tls.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { INFLUX_COLLECTOR } from "../../infra/local/influx-collector.ts";
import { setUpInflux, urlOfUser } from "../../cloud/sinks/influx/set-up.ts";

const CONFIGURATION = join(import.meta.dirname, "../../infra/influx/influxdb.conf");

export const INFLUX_PASSWORDS = {
  administrator: "a-secret",
  writer: "w-secret",
  reader: "r-secret",
};
export type InfluxUser = keyof typeof INFLUX_PASSWORDS;

/** A real influxd with an empty store and its users; kill and start it again through `process`. */
export interface InfluxUnderTest extends AsyncDisposable {
  /** As its writer. */
  readonly url: string;
  /** Without a user. */
  readonly origin: string;
  /** Its backup service, host:port. */
  readonly backup: string;
  readonly process: ServerProcess;
  /** @param port of a proxy before it. */
  urlOf(user: InfluxUser, port?: number): string;
  /** Makes the database, the users and their rights again. */
  setUp(): Promise<void>;
  /** A client of one database, for queries and writes; the database is not created. */
  client(database?: string, user?: InfluxUser): InfluxClient;
  administrator(): InfluxClient;
}

/** A real influxd as the launcher starts it, whose users are not made yet. */
export async function startBareInflux(
  directory: string,
  env: Record<string, string> = {},
): Promise<{ origin: string; backup: string; process: ServerProcess } & AsyncDisposable> {
  const [http, backup] = [await freePort(), await freePort()];
  const scheme = env["INFLUXDB_HTTP_HTTPS_ENABLED"] === "true" ? "https" : "http";
  const origin = `${scheme}://127.0.0.1:${http}`;
  const server = new ServerProcess({
    name: "influxd",
    program: "influxd",
    args: ["-config", CONFIGURATION],
    env: {
      ...INFLUX_COLLECTOR,
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${backup}`,
      INFLUXDB_META_DIR: join(directory, "meta"),
      INFLUXDB_DATA_DIR: join(directory, "data"),
      INFLUXDB_DATA_WAL_DIR: join(directory, "wal"),
      ...env,
    },
    ready: async () =>
      scheme === "http" ? (await fetch(`${origin}/ping`)).status === 204 : listens(http),
  });
  const dispose = async (): Promise<void> => {
    await server.kill();
  };
  await server.start().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    ...{ origin, backup: `127.0.0.1:${backup}` },
    process: server,
    [Symbol.asyncDispose]: dispose,
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** @param env further settings of the server. @param tls whom clients trust, if they make it serve https. */
export async function startInflux(
  env: Record<string, string> = {},
  tls?: ClientTls,
): Promise<InfluxUnderTest> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const { origin, backup, process } = stack.use(await startBareInflux(directory.path, env));
  const target = { url: origin, database: "skerry", ...(tls && { tls }) };
  const setUp = async () => void (await setUpInflux({ target, passwords: INFLUX_PASSWORDS }));
  await setUp();
  const urlOf = (user: InfluxUser, port?: number): string =>
    urlOfUser(
      port === undefined ? origin : `http://127.0.0.1:${port}`,
      user,
      INFLUX_PASSWORDS[user],
    );
  const held = stack.move();
  return {
    ...{ origin, backup, process, urlOf, setUp },
    url: urlOf("writer"),
    client: (database = "skerry", user = "writer") =>
      new InfluxClient({ ...target, url: urlOf(user), database }),
    administrator: () => new InfluxClient({ ...target, url: urlOf("administrator") }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
