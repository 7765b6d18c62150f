import type { AlertingStatus, RuleStatus } from "../../contracts/messages/status.ts";
import { lanesOf, presentLanes } from "../../contracts/names/lane-stages.ts";
import {
  ACKNOWLEDGEMENTS_BUCKET,
  CONTRACTS_BUCKET,
  RULES_BUCKET,
  alertsStream,
  laneName,
} from "../../contracts/names/subjects.ts";
import { oncePerTurn } from "../../otel/once-per-turn.ts";
import { startTelemetry } from "../../otel/telemetry.ts";
import { itsServer } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { joinFleet } from "../../platform/nats/client/fleet.ts";
import { ServerWatch } from "../../platform/nats/client/server-watch.ts";
import { natsAccess } from "../../platform/nats/client/options.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { awaitLanes, watchGrowth } from "../../platform/nats/lanes/log-lanes.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { LaneHealth } from "../../platform/nats/lanes/lane-health.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import {
  natsServerMetricSpecs,
  volumeMetricSpecs,
} from "../../platform/nats/monitoring/metrics.ts";
import { Volumes } from "../../platform/nats/monitoring/volumes.ts";
import { ServerMonitor } from "../../platform/nats/monitoring/server-monitor.ts";
import { SetAside, entriesSetAside } from "../../platform/nats/lanes/set-aside.ts";
import { retryEntries, serveRetries } from "../../platform/nats/lanes/set-aside-retries.ts";
import { useRecordTrust } from "../../platform/nats/signed/record-guard.ts";
import { insist } from "../../platform/runtime/insist.ts";
import { readSigningKey } from "../../platform/nats/signed/trusted-keys.ts";
import type { Resolved } from "../../platform/runtime/config.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import { Starting, serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import { openAcknowledgements } from "./acknowledgements.ts";
import { GoingOn } from "../retention/going-on.ts";
import { AlertLog } from "./alert-log.ts";
import { AlertSigner } from "./alert-signer.ts";
import { AlertingLane } from "./alerting-lane.ts";
import { watchGateways } from "./gateway-silence.ts";
import { alertingMetricSpecs } from "./metrics.ts";
import { ALERTING_OPTIONS } from "./options.ts";
import { type RuleBook, openRuleBook } from "./rules/rule-book.ts";
import { ruleCounts } from "./rules/rule-counts.ts";
import { alertOfSetAside } from "./set-aside-alerts.ts";
import { retryAlerting } from "./set-aside-retry.ts";

/** Keys that rules cannot be evaluated for, and the readings of them, in whatever lanes. */
function failingOf(lanes: readonly AlertingLane[]): AlertingStatus["rulesFailing"] {
  const failing: Record<string, { readings: number; keys: Record<string, number> }> = {};
  for (const { rules } of lanes)
    for (const { id, errors } of rules?.rules.states.values() ?? []) {
      if (errors.readings === 0 && errors.byKey.size === 0) continue;
      const of = (failing[id] ??= { readings: 0, keys: {} });
      of.readings += errors.readings;
      for (const [key, { readings }] of errors.byKey) of.keys[key] = readings;
    }
  return failing;
}

/** Rules that are not evaluated any more, each with the reason, in whatever lanes. */
const disabledOf = (lanes: readonly AlertingLane[]): Record<string, string> =>
  Object.fromEntries(
    lanes.flatMap(({ rules }) =>
      [...(rules?.rules.states.values() ?? [])].flatMap(({ compiled, disabled }) =>
        disabled ? [[compiled.id, disabled.why]] : [],
      ),
    ),
  );

/** The rules that count, each with what its lanes say of it. */
function rulesOf(ruleBook: RuleBook, lanes: readonly AlertingLane[]) {
  const counts = ruleCounts(lanes.flatMap(({ rules }) => rules?.rules ?? []));
  const rules = ruleBook.rules.map(({ id, version }): RuleStatus => {
    const of = counts.get(id);
    return { id, version, ...(of && { counts: of }) };
  });
  const pending = counts.values().reduce((sum, of) => sum + of.pending, 0);
  return { rules, pending };
}

function countersOf(lanes: readonly AlertingLane[]) {
  const sums = { late: 0, repeated: 0, unevaluated: 0, failed: 0 };
  for (const { rules } of lanes) {
    if (!rules) continue;
    const { late, repeated, unevaluated, failed } = rules.counters;
    sums.late += late;
    sums.repeated += repeated;
    sums.unevaluated += unevaluated;
    sums.failed += failed;
  }
  return sums;
}

function lanesAreRead(lanes: readonly AlertingLane[]): HealthCheck {
  const unread = lanes.flatMap(({ id, isRead, status }) =>
    isRead
      ? []
      : `lane ${laneName(id)} is not being read${status.stoppedBy ? `: ${status.stoppedBy}` : ""}`,
  );
  return { name: "lanes are read", kind: "ready", why: unread.join("; ") || null };
}

/** An alert is raised only where it can be remembered. */
function lanesAreSaved(lanes: readonly AlertingLane[]): HealthCheck {
  const unsaved = lanes.flatMap(({ id, unsaved: why }) =>
    why === null ? [] : `what lane ${laneName(id)} knows is not saved: ${why}`,
  );
  return { name: "lanes are saved", kind: "ready", why: unsaved.join("; ") || null };
}

function signerOf(
  { engineKeyFile }: Resolved<typeof ALERTING_OPTIONS>,
  logger: Logger,
): AlertSigner | undefined {
  const { env } = ALERTING_OPTIONS.engineKeyFile;
  if (engineKeyFile !== "") return new AlertSigner(readSigningKey(engineKeyFile, env));
  logger.info(`alerts with commands are written unsigned: ${env} ends that`);
  return undefined;
}

await processMain({
  name: "alerting",
  title: "Skerry alerting engine: rules on the region's log, alive without the cloud.",
  options: ALERTING_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    const { region } = config;
    const telemetry = ending.use(
      await startTelemetry({ name: "alerting", region }, config, logger),
    );
    const target = { ...natsAccess(config), name: "alerting" };
    const starting = new Starting(itsServer(target));
    await using _server = await serveStatus(statusAddress(config), starting, telemetry.metrics);
    const connection = await connectNats(target, logger, signal);
    useRecordTrust(connection, config, logger);
    await joinFleet(connection, logger);
    const streams = new Streams(connection);
    starting.waitsFor(`the log, contracts and rules of region ${region}`);
    const stages = await awaitLanes(streams, config, signal);
    const by = { domain: region, by: "alerting" } as const;
    const setAside = new SetAside({ connection, ...by, logger, signal });
    const { tracing } = telemetry;
    const signer = signerOf(config, logger);
    const alerts = { connection, region, setAside, tracing, signer, logger };
    // The log may be there before the stream of alerts is: `topology apply` may be at work.
    const alertLog = await insist(() => AlertLog.open(alerts), logger, signal);
    if (!alertLog) return;
    const judged = {
      contracts: entriesSetAside("contract", CONTRACTS_BUCKET, setAside),
      rules: entriesSetAside("rule", RULES_BUCKET, setAside),
      acknowledgements: entriesSetAside("acknowledgement", ACKNOWLEDGEMENTS_BUCKET, setAside),
    };
    const registry = {
      ...{ connection, shippedDirectory: config.schemas, logger },
      judged: judged.contracts,
    };
    const catalog = await openContractRegistry(registry, signal);
    const { rules: configured } = config;
    const ruleBook = await openRuleBook(
      { connection, configured, catalog, logger, judged: judged.rules },
      signal,
    );
    const acknowledgements = await openAcknowledgements(
      { connection, region, logger, judged: judged.acknowledgements },
      signal,
    );
    const books = { alertLog, setAside, catalog, ruleBook, acknowledgements };
    const own = { lanes: presentLanes(stages).count, stages };
    const parts = { connection, ...books, ...own, tracing, logger };
    const lanes = Array.from(
      { length: lanesOf(stages) },
      (_, partition) => new AlertingLane({ region: config.region, partition }, parts),
    );
    const natsServer = new ServerMonitor(config.natsMonitorUrl, logger);
    const volumes = new Volumes(config.disks, natsServer, logger);
    const goingOn = new GoingOn({ connection, region, streams: [alertsStream(region)], logger });
    const status = (): AlertingStatus => ({
      process: "alerting",
      region: config.region,
      openAlerts: alertLog.openAlerts,
      ...rulesOf(ruleBook, lanes),
      rulesWaiting: ruleBook.waiting,
      rulesDisabled: disabledOf(lanes),
      rulesFailing: failingOf(lanes),
      ...countersOf(lanes),
      raised: alertLog.raised,
      cleared: alertLog.cleared,
      setAside: setAside.count,
      wentOn: goingOn.wentOn,
      losses: lanes.flatMap((lane) => lane.losses),
      lanes: lanes.map((lane) => lane.status),
      volumes: volumes.read(),
      linkBytes: natsServer.figures?.leafBytes ?? null,
    });
    telemetry.metrics.add(alertingMetricSpecs(oncePerTurn(status)));
    telemetry.metrics.add(natsServerMetricSpecs(natsServer));
    telemetry.metrics.add(volumeMetricSpecs(volumes));
    const server = new ServerWatch({ connection, domain: region });
    const health = new LaneHealth({
      connection,
      lanes: () => lanes.map((lane) => ({ ...lane.status, lane: lane.id })),
      isHindered: () => !server.answers,
    });
    const checks = () => [server.check, health.check, lanesAreRead(lanes), lanesAreSaved(lanes)];
    starting.works({ checks, status });
    const known = new Map([[region, stages]]);
    logger.info({ rules: ruleBook.rules.map(({ id }) => id) }, "ready");
    await Promise.all([
      ...lanes.map((lane) => lane.run(signal)),
      watchGrowth(streams, { known, partitions: config.partitions }, signal),
      natsServer.run(signal),
      server.run(signal),
      health.run(signal),
      goingOn.run(signal),
      watchGateways({ streams, region, alertLog, logger }, signal),
      alertOfSetAside({ streams, region, alertLog }, signal),
      announceProcess({ connection, kind: "alerting", domain: region, telemetry, status }, signal),
      serveRetries({ connection, ...by, logger }, retryEntries(setAside, retryAlerting), signal),
    ]);
    await connection.close();
  },
});
