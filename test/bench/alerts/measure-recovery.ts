// How long after the kill -9 of a process the next alert comes.
//
// The clock starts with the kill. The dead process is started again after the delay of the launcher's
// first attempt (infra/local/child.ts). A device whose condition holds from then on publishes it all the
// time, and a subscriber waits for its alert; both come back by themselves if they lost their connection.
import { setTimeout as sleep } from "node:timers/promises";
import type { Alert } from "../../../contracts/messages/alert.ts";
import { alertTopic, telemetryTopic } from "../../../contracts/names/topics.ts";
import { Backoff } from "../../../platform/runtime/backoff.ts";
import { connectClient } from "../../support/mqtt-client.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { PROBE_RULE, probeAlerts, probeReading } from "../alert-probe.ts";
import { PACED_WINDOW, REFERENCE_CONNECTIONS } from "../ingest/plan.ts";
import type { AlertSite } from "./site.ts";

/** Beside the load that the kill meets; those that it disconnects stay away. */
const LOAD = { ratePerSecond: 1_000, beforeMs: 1_500, afterMs: 1_000 };
const PUBLISH_EVERY_MS = 50;
const RECONNECT_MS = 50;
const WITHIN_MS = 60_000;
const CO2_HIGH = 50_000;
/** As of the launcher: infra/local/child.ts. */
const LAUNCHER_BACKOFF = { baseMs: 100, maxMs: 5_000 };

export interface Recovery {
  readonly process: "gateway" | "engine" | "natsServer";
  /** From each kill to the alert, ms. */
  readonly firstAlertMs: readonly number[];
  readonly worstMs: number;
  /** From each kill until the process said that it is ready again, ms. */
  readonly readyMs: readonly number[];
}

export async function measureRecovery(site: AlertSite, kills: number): Promise<Recovery[]> {
  const processes: Record<Recovery["process"], ServerProcess> = {
    gateway: site.gateway.process,
    engine: site.engine.process,
    natsServer: site.store,
  };
  const recoveries: Recovery[] = [];
  for (const [name, process] of Object.entries(processes)) {
    const [firstAlertMs, readyMs]: [number[], number[]] = [[], []];
    for (let kill = 0; kill < kills; kill++) {
      const after = await killOnce(site, process);
      firstAlertMs.push(after.alertMs);
      readyMs.push(after.readyMs);
      // Until all is as it was: an alert comes, and is cleared, within a second.
      await probeAlerts({ port: site.gateway.target().port, seconds: 1 });
    }
    const worstMs = Math.max(...firstAlertMs);
    recoveries.push({ process: name as Recovery["process"], firstAlertMs, worstMs, readyMs });
  }
  return recoveries;
}

let killsSoFar = 0;

async function killOnce(
  { generator, gateway }: AlertSite,
  victim: ServerProcess,
): Promise<{ alertMs: number; readyMs: number }> {
  const target = gateway.target();
  const { port } = target;
  const device = `recovery-${++killsSoFar}`;
  const options = { reconnectPeriod: RECONNECT_MS, reconnectOnConnackError: true };
  await using subscriber = await connectClient(port, { ...options, clientId: `${device}-watch` });
  await using client = await connectClient(port, { ...options, clientId: device });
  const alert = Promise.withResolvers<number>();
  // The topic is retained: a subscriber that comes late hears of it as well, and that is when it comes.
  subscriber.on("message", (_topic, payload) => {
    if ((JSON.parse(payload.toString()) as Alert).state === "firing")
      alert.resolve(performance.now());
  });
  await subscriber.subscribeAsync(alertTopic(PROBE_RULE.id, device), { qos: 1 });
  await generator.open(target, REFERENCE_CONNECTIONS, PACED_WINDOW);
  const { ratePerSecond, beforeMs, afterMs } = LOAD;
  const load = generator.load({
    do: "pace",
    ratePerSecond,
    warmupMs: 0,
    measureMs: beforeMs + afterMs,
  });
  await sleep(beforeMs);
  const killedMs = performance.now();
  await victim.kill();
  let sequence = 0;
  const publishing = setInterval(() => {
    const topic = telemetryTopic(device, "environment");
    client.publish(topic, probeReading(++sequence, CO2_HIGH), { qos: 1 });
  }, PUBLISH_EVERY_MS);
  const timeout = setTimeout(
    () =>
      alert.reject(
        new Error(`no alert within ${WITHIN_MS} ms of a kill of ${victim.command.name}`),
      ),
    WITHIN_MS,
  );
  try {
    const restart = async (): Promise<number> => {
      await sleep(new Backoff(LAUNCHER_BACKOFF).next());
      await victim.start();
      return performance.now();
    };
    const [alertedAtMs, readyAtMs] = await Promise.all([alert.promise, restart()]);
    return { alertMs: alertedAtMs - killedMs, readyMs: readyAtMs - killedMs };
  } finally {
    clearInterval(publishing);
    clearTimeout(timeout);
    await load;
    await generator.close();
  }
}
