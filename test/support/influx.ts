import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";

const CONFIGURATION = join(import.meta.dirname, "../../infra/influx/influxdb.conf");

/** A real influxd with an empty store; kill and start it again through `process`. */
export interface InfluxUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly process: ServerProcess;
  /** A client of one database, for queries; the database is not created. */
  client(database?: string): InfluxClient;
}

/** @param env further settings of the server. */
export async function startInflux(env: Record<string, string> = {}): Promise<InfluxUnderTest> {
  const directory = await temporaryDirectory();
  const [http, backup] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const server = new ServerProcess({
    name: "influxd",
    program: "influxd",
    args: ["-config", CONFIGURATION],
    env: {
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${backup}`,
      INFLUXDB_META_DIR: join(directory.path, "meta"),
      INFLUXDB_DATA_DIR: join(directory.path, "data"),
      INFLUXDB_DATA_WAL_DIR: join(directory.path, "wal"),
      ...env,
    },
    ready: async () => (await fetch(`${url}/ping`)).status === 204,
  });
  const dispose = async (): Promise<void> => {
    await server.kill();
    await directory[Symbol.asyncDispose]();
  };
  await server.start().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    url,
    process: server,
    client: (database = "skerry") => new InfluxClient({ url, database }),
    [Symbol.asyncDispose]: dispose,
  };
}
