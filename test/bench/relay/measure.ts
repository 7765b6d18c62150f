// The same publishers and subscribers at this gateway and at Mosquitto.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { startGatewayProcess, startLinkedRegion } from "../drain/site.ts";
import { startMosquitto } from "../ingest/targets.ts";
import { type CoresUsed, coresDuring } from "../processes.ts";
import type { RelayFigures, RelaySpec } from "./protocol.ts";

export type RelayPlan = Omit<RelaySpec, "port">;

export interface MeasuredRelay extends RelayFigures, CoresUsed {
  readonly name: string;
}

export async function measureGateway(plan: RelayPlan): Promise<MeasuredRelay> {
  await using stack = new AsyncDisposableStack();
  const region = await startLinkedRegion(stack);
  const gateway = await startGatewayProcess(stack, region);
  const { port, pids } = gateway.target();
  return { name: "this gateway", ...(await load({ ...plan, port }, pids.broker)) };
}

export async function measureMosquitto(plan: RelayPlan, program: string): Promise<MeasuredRelay> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const { port, pids } = await startMosquitto(program)(stack, path);
  return { name: "Mosquitto", ...(await load({ ...plan, port }, pids.broker)) };
}

async function load(spec: RelaySpec, broker: number): Promise<RelayFigures & CoresUsed> {
  const program = join(import.meta.dirname, "load.ts");
  const { result, used } = await coresDuring({ broker }, () =>
    promisify(execFile)(process.execPath, [program, JSON.stringify(spec)]),
  );
  return { ...(JSON.parse(result.stdout) as RelayFigures), ...used };
}
