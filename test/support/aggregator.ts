// An aggregator process of one test.
import { join } from "node:path";
import type { AggregatorStatus } from "../../contracts/messages/status.ts";
import type { InfluxUnderTest } from "./influx.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import type { NatsWorld } from "./nats.ts";

const MAIN = join(import.meta.dirname, "../../cloud/aggregator/main.ts");

export interface AggregatorUnderTest {
  readonly process: ServerProcess;
  /** A URL of its status server. */
  url(path: string): string;
  status(): Promise<AggregatorStatus & { repeatedReadings: number }>;
}

export async function makeAggregator(
  world: NatsWorld,
  influx: Pick<InfluxUnderTest, "url">,
  regions: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<AggregatorUnderTest> {
  const port = await freePort();
  const at = `http://127.0.0.1:${port}`;
  return {
    process: new ServerProcess({
      name: "aggregator",
      program: process.execPath,
      args: [MAIN, "--regions", regions.join(","), "--status-port", String(port)],
      env: {
        SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
        SKERRY_INFLUX_URL: influx.url,
        ...env,
      },
      ready: async () => (await fetch(`${at}/readyz`)).status === 200,
    }),
    url: (path) => `${at}${path}`,
    status: async () =>
      (await (await fetch(`${at}/status`)).json()) as AggregatorStatus & {
        repeatedReadings: number;
      },
  };
}
