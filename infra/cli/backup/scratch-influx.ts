// An influxd of its own, on free ports of this machine, in a directory that is removed with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refused } from "../../../cloud/operations/refused.ts";
import { environmentOf } from "../kit/credentials.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";

const READY_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** Nobody else is to reach it, so it asks for no password; everything that is stored may be read. */
const CONFIGURATION = `reporting-disabled = true
[http]
  max-row-limit = 0
  log-enabled = false
[monitor]
  store-enabled = false
[data]
  max-series-per-database = 0
  max-values-per-tag = 0
  query-log-enabled = false
`;

export interface ScratchInflux extends AsyncDisposable {
  readonly url: string;
  /** Its backup service, host:port. */
  readonly backup: string;
}

/** Starts the `influxd` of the PATH. @throws AppError `CONFIG_INVALID` if there is none, or it does not come up. */
export async function startScratchInflux(): Promise<ScratchInflux> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "skerry-verify-influx-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const config = join(directory, "influxdb.conf");
  await writeFile(config, CONFIGURATION);
  const [http, backup] = await freePorts();
  const child = spawn("influxd", ["-config", config], {
    stdio: "ignore",
    env: {
      PATH: environmentOf()["PATH"] ?? "",
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${backup}`,
      INFLUXDB_META_DIR: join(directory, "meta"),
      INFLUXDB_DATA_DIR: join(directory, "data"),
      INFLUXDB_DATA_WAL_DIR: join(directory, "wal"),
    },
  });
  const ended = once(child, "exit").catch(() => undefined);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  child.once("error", (error) =>
    failure.reject(refused(`influxd cannot be run: ${error.message}`, error)),
  );
  child.once("exit", (code) => failure.reject(refused(`influxd ended by itself (${code})`)));
  stack.defer(async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  });
  const url = `http://127.0.0.1:${http}`;
  await Promise.race([answers(url), failure.promise]);
  const kept = stack.move();
  return { url, backup: `127.0.0.1:${backup}`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function answers(url: string): Promise<void> {
  for (const until = performance.now() + READY_WITHIN_MS; performance.now() < until;) {
    const answer = await fetch(`${url}/ping`).catch(() => null);
    if (answer?.ok) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw refused(`the influxd for the check did not come up within ${READY_WITHIN_MS / 1000} s`);
}

/** Ports that nobody has at the moment: influxd takes no 0. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), "close");
  return ports as [number, number];
}
