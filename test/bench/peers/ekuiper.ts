// Mosquitto and eKuiper as an edge box runs them: rules in SQL over a stream of MQTT, alerts back over MQTT.
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import type { Target } from "../ingest/targets.ts";

/** A rule as eKuiper has it: from a condition in SQL to a topic. */
export interface SqlRule {
  readonly id: string;
  readonly where: string;
}

const STREAM = "environment";

/**
 * eKuiper with one stream, decoded once for all rules. What a rule sends has the members of this product's alerts that a
 * measurement needs: `rule`, `value`, `receivedAtMs`, of which the last is the device's clock here.
 *
 * @param distribution directory of a release or of a build: `bin/kuiperd` and `etc`.
 * @throws Error in eKuiper's words if it does not take the stream or a rule.
 */
export async function startEkuiper(
  stack: AsyncDisposableStack,
  of: { distribution: string; directory: string; broker: Target; rules: readonly SqlRule[] },
): Promise<number> {
  const { distribution, directory, broker, rules } = of;
  const home = join(directory, "ekuiper");
  for (const name of ["data", "log", "plugins"]) await mkdir(join(home, name), { recursive: true });
  await cp(join(distribution, "etc"), join(home, "etc"), { recursive: true });
  const server = `tcp://127.0.0.1:${broker.port}`;
  await writeFile(
    join(home, "etc/mqtt_source.yaml"),
    `default:\n  qos: 1\n  server: "${server}"\n  protocolVersion: "3.1.1"\n`,
  );
  const [rest, console, services] = [await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${rest}`;
  const kuiper = new ServerProcess({
    name: "ekuiper",
    program: join(distribution, "bin/kuiperd"),
    args: [],
    env: {
      KuiperBaseKey: home,
      KUIPER__BASIC__RESTIP: "127.0.0.1",
      KUIPER__BASIC__RESTPORT: String(rest),
      KUIPER__BASIC__IP: "127.0.0.1",
      KUIPER__BASIC__PORT: String(console),
      KUIPER__BASIC__PPROF: "false",
      KUIPER__BASIC__LOGLEVEL: "error",
      KUIPER__SOURCE__HTTPSERVERIP: "127.0.0.1",
      KUIPER__SOURCE__HTTPSERVERPORT: String(services),
    },
    ready: async () => (await fetch(url)).ok,
  });
  stack.use(kuiper);
  await kuiper.start();
  await post(`${url}/streams`, {
    sql: `CREATE STREAM ${STREAM} () WITH (TYPE="mqtt", DATASOURCE="devices/+/telemetry/${STREAM}", FORMAT="json", SHARED="true")`,
  });
  for (const { id, where } of rules)
    await post(`${url}/rules`, {
      id,
      sql: `SELECT "${id}" AS rule, co2 AS value, ts AS receivedAtMs FROM ${STREAM} WHERE ${where}`,
      actions: [{ mqtt: { server, topic: `alerts/${id}`, qos: 1, sendSingle: true } }],
    });
  return kuiper.pid!;
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`eKuiper: ${answer.status} ${await answer.text()}`);
}
