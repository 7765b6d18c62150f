// The simulator put together: recordings → fleet → gateways, and every PUBACK into the ledger.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../platform/runtime/backoff.ts";
import { AppError } from "../platform/runtime/errors.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import type { OptionTable } from "../platform/runtime/config.ts";
import type { ProcessContext } from "../platform/runtime/process-main.ts";
import type { HealthCheck } from "../platform/runtime/health.ts";
import { serveStatus, statusAddress } from "../platform/runtime/status-server.ts";
import { startTelemetry } from "../otel/telemetry.ts";
import { DEVICE_RATE_MAX, Fleet } from "./fleet.ts";
import { Ledger } from "./ledger.ts";
import { simulatorMetricSpecs } from "./metrics.ts";
import { MqttLink } from "./mqtt-link.ts";
import type { SimulatorConfig } from "./options.ts";
import { specifyDevices } from "./device-specs.ts";
import { parseMachine, parseRooms } from "./replay.ts";

const DATA_DIRECTORY = join(import.meta.dirname, "data");
/** The interval at which due readings are sent and the ledger is flushed. */
const TICK_MS = 20;

/** Runs until `signal` aborts; then waits for what is unacknowledged, at most `drainTimeout`. */
export async function runSimulator(
  config: SimulatorConfig,
  { logger, signal, ending }: Omit<ProcessContext<OptionTable>, "config">,
): Promise<void> {
  const deviceRate = config.rate / config.devices;
  if (deviceRate > DEVICE_RATE_MAX)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `--rate ${config.rate} is ${deviceRate} readings a second for each of ${config.devices} devices; at most ${DEVICE_RATE_MAX}`,
    );
  const environment = ["datatest", "datatraining"].flatMap((name) =>
    parseRooms(readData(`uci-occupancy/${name}.csv`)),
  );
  const machine = parseMachine(readData("nab/machine_temperature_system_failure.csv"));
  const co2 = environment.map(({ fields }) => fields.co2);
  const specs = specifyDevices(config, co2, machine.length);

  using ledger = Ledger.open(config.ledger);
  const telemetry = ending.use(await startTelemetry({ name: "simulator" }, config, logger));
  const fleet = new Fleet(
    { ...config, devices: specs, recordings: { environment, machine } },
    {
      linkOf: ({ device, gateway }) =>
        new MqttLink({
          url: gateway.url,
          clientId: device,
          bufferMax: config.inFlightMax,
          onLost: (reason) => logger.debug({ device, reason }, "not connected"),
        }),
      ledger,
      tracing: telemetry.tracing,
      logger,
      nowMs: Date.now,
    },
  );
  telemetry.metrics.add(simulatorMetricSpecs(() => fleet.status()));
  await using _server = await serveStatus(
    statusAddress(config),
    { checks: () => fleetChecks(fleet), status: () => fleet.status() },
    telemetry.metrics,
  );
  logger.info({ devices: specs.length, rate: config.rate, ledger: config.ledger }, "started");
  fleet.connect();
  try {
    await produce(fleet, ledger, signal);
    await drain(fleet, ledger, config.drainTimeout, logger);
  } finally {
    await fleet.disconnect();
  }
}

/** Well over a restart of a gateway. */
const SILENT_MS_MAX = 10_000;

function fleetChecks(fleet: Fleet): HealthCheck[] {
  const silentMs = fleet.silentMs(Date.now());
  const silent = `no reading has been acknowledged for ${Math.round(silentMs / 1_000)} s`;
  return [
    {
      ...{ name: "devices", kind: "ready" },
      why: fleet.ready ? null : "not every device has been connected yet",
    },
    {
      ...{ name: "readings are acknowledged", kind: "ready" },
      why: silentMs < SILENT_MS_MAX ? null : silent,
    },
  ];
}

const readData = (path: string): string => readFileSync(join(DATA_DIRECTORY, path), "utf8");

async function produce(fleet: Fleet, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  while (!signal.aborted) {
    fleet.tick(performance.now() - startedMs);
    ledger.flush();
    await sleep(TICK_MS, signal);
  }
}

async function drain(
  fleet: Fleet,
  ledger: Ledger,
  timeoutMs: number,
  logger: Logger,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (fleet.unanswered > 0 && performance.now() < deadlineMs) {
    ledger.flush();
    await sleep(TICK_MS);
  }
  const { acknowledged, rejected, skipped, inFlight } = fleet.status();
  const counts = { acknowledged, rejected, skipped, unacknowledged: inFlight };
  if (inFlight > 0) logger.warn(counts, "stopping with unacknowledged readings");
  else logger.info(counts, "every reading is acknowledged");
}
