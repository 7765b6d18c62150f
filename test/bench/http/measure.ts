// Batches over HTTP at the gateway, and at a server that only answers: what the load itself can do.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { accessControlOfGateway } from "../ingest/credentials.ts";
import { startGateway } from "../ingest/gateway-target.ts";
import { deviceName } from "../ingest/wire.ts";
import { type CoresUsed, coresDuring } from "../processes.ts";
import { FORMATS } from "./formats.ts";
import type { LoadFigures, LoadSpec } from "./protocol.ts";

export type HttpPlan = Omit<LoadSpec, "port" | "credentials"> & { readonly connections: number };

export interface MeasuredHttp extends LoadFigures, CoresUsed {
  readonly name: string;
  /** Readings in the log; null where there is none. */
  readonly stored: number | null;
  /** Devices whose readings are not in their order, each once. */
  readonly devicesAtFault: readonly string[];
}

export async function measureGateway(plan: HttpPlan): Promise<MeasuredHttp> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const httpPort = await freePort();
  const target = await startGateway(stack, {
    name: "gateway",
    access: accessControlOfGateway(),
    devices: plan.connections,
    role: "device",
    shape: undefined,
    profileDirectory: undefined,
    dataDirectory: join(path, "gateway"),
    env: { SKERRY_HTTP_PORT: String(httpPort) },
  });
  const { credentials, pids } = target;
  const { result, used } = await coresDuring(pids, () =>
    load({ ...plan, port: httpPort, credentials }),
  );
  const { readings: stored, devicesAtFault } = await target.stored();
  return { ...result, ...used, name: "this gateway", stored, devicesAtFault };
}

export async function measureFloor(plan: HttpPlan): Promise<MeasuredHttp> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const sink = new ServerProcess({
    name: "sink",
    program: process.execPath,
    args: [
      join(import.meta.dirname, "../servers/http-sink.ts"),
      String(port),
      String(FORMATS[plan.format].status),
    ],
    env: {},
    ready: async () => (await fetch(`http://127.0.0.1:${port}`)).ok,
  });
  stack.use(sink);
  await sink.start();
  const credentials = Array.from({ length: plan.connections }, (_, at) => ({
    username: deviceName(at),
    password: "any",
  }));
  const { result, used } = await coresDuring({ sink: sink.pid! }, () =>
    load({ ...plan, port, credentials }),
  );
  return {
    ...result,
    ...used,
    name: "a server that only answers",
    stored: null,
    devicesAtFault: [],
  };
}

async function load(spec: LoadSpec): Promise<LoadFigures> {
  const program = join(import.meta.dirname, "load.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(spec)]);
  return JSON.parse(stdout) as LoadFigures;
}
