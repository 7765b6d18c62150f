// One run: start every target, then idle memory, throughput and latency in interleaved rounds, then
// read the log back.
import { join } from "node:path";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type PeerPrograms, ensureBenchPrograms } from "../prerequisites.ts";
import { benchVersions, machine, openFilesMax, raiseOpenFiles } from "../processes.ts";
import type { AccessControl } from "./credentials.ts";
import { type GatewayTarget, type OurTarget, startGateway } from "./gateway-target.ts";
import { Generator } from "./generator.ts";
import { measureAckLatency, measureIdle, measureThroughput } from "./measure.ts";
import type { AckLatency, IdleMemory, Throughput } from "./measure.ts";
import { type Plan, openFilesNeeded } from "./plan.ts";
import { type Raw, type Report, summarize } from "./report.ts";
import {
  type Target,
  startBareAedes,
  startMosquitto,
  startNatsMqtt,
  startSink,
} from "./targets.ts";

export interface RunOptions {
  readonly access: AccessControl;
  readonly profileDirectory: string | undefined;
  /** Of others to be compared with, where they are not those of Debian. */
  readonly peers: PeerPrograms;
  readonly say: (line: string) => void;
}

export async function runIngest(wanted: Plan, options: RunOptions): Promise<Report> {
  const { say } = options;
  const peers = ensureBenchPrograms(say, options.peers);
  const startedAt = new Date().toISOString();
  const host = machine();
  const { plan, skipped } = withinOpenFiles(wanted);
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const generator = stack.use(new Generator(plan.workers, loadOf(plan)));
  const targets = await startTargets(stack, plan, { ...options, directory, peers });
  const raw = await measureAll(plan, { generator, targets, say });
  const ours = targets.filter((target): target is GatewayTarget => "stored" in target);
  const gateway = ours.find(({ name }) => name === "gateway");
  say("reading the gateway's log back");
  const stored = gateway ? { ...(await gateway.stored()), ...sumOfGateway(raw) } : null;
  // A profile is written when the process ends by itself.
  if (options.profileDirectory) for (const of of ours) await of.gateway.stop("SIGTERM");
  return summarize({
    startedAt,
    plan,
    machine: host,
    versions: benchVersions(peers),
    accessControl: options.access.name,
    skipped,
    ...raw,
    stored,
  });
}

const loadOf = ({ shape, devices }: Plan): Pick<Plan, "shape" | "devices"> => ({
  ...(shape ? { shape } : {}),
  ...(devices === undefined ? {} : { devices }),
});

/** Connection counts that this system allows; the others are reported, not silently left out. */
function withinOpenFiles(plan: Plan): { plan: Plan; skipped: string[] } {
  if (raiseOpenFiles(openFilesNeeded(plan))) return { plan, skipped: [] };
  const most = openFilesMax() - openFilesNeeded({ ...plan, idleConnections: 0, connections: [0] });
  const connections = plan.connections.filter((count) => count <= most);
  const skipped = plan.connections
    .filter((count) => count > most)
    .map((count) => `${count} connections: ulimit -n allows ${openFilesMax()} open files`);
  const idleConnections = Math.min(plan.idleConnections, most);
  return { plan: { ...plan, connections, idleConnections }, skipped };
}

async function startTargets(
  stack: AsyncDisposableStack,
  plan: Plan,
  options: Omit<RunOptions, "peers"> & {
    readonly directory: string;
    readonly peers: ReturnType<typeof ensureBenchPrograms>;
  },
): Promise<Target[]> {
  const { directory, access, profileDirectory, peers } = options;
  const devices = Math.max(plan.idleConnections, plan.pace.connections, ...plan.connections);
  const startOurs = (name: OurTarget) => () => {
    const dataDirectory = join(directory, name);
    const { shape } = plan;
    const role = plan.devices === undefined ? "device" : "bridge";
    return startGateway(stack, {
      name,
      access,
      devices,
      role,
      shape,
      profileDirectory,
      dataDirectory,
    });
  };
  const start = {
    gateway: startOurs("gateway"),
    gatewayTraced: startOurs("gatewayTraced"),
    gatewayV5: startOurs("gatewayV5"),
    gatewayTls: startOurs("gatewayTls"),
    gatewayMqtts: startOurs("gatewayMqtts"),
    natsMqtt: () => startNatsMqtt(peers.natsServer)(stack, directory),
    mosquitto: () => startMosquitto(peers.mosquitto)(stack, directory),
    bareAedes: () => startBareAedes(stack, directory),
    sink: () => startSink(stack, directory),
  };
  options.say(`starting ${plan.targets.join(", ")}`);
  const targets: Target[] = [];
  for (const name of plan.targets) targets.push(await start[name]());
  return targets;
}

interface Parts {
  readonly generator: Generator;
  readonly targets: readonly Target[];
  readonly say: (line: string) => void;
}

type Measured = Pick<Raw, "throughput" | "ackLatency" | "idle">;

async function measureAll(plan: Plan, { generator, targets, say }: Parts): Promise<Measured> {
  const idle: IdleMemory[] = [];
  // First, because a heap that was under load has room that hides what a connection takes.
  for (const target of targets) {
    if (target.name === "sink") continue;
    const memory = await measureIdle(generator, target, plan.idleConnections);
    if (!memory) continue;
    idle.push(memory);
    say(`idle        ${target.name.padEnd(10)} ${memory.perConnectionKiB.toFixed(1)} KiB`);
  }
  const throughput: Throughput[] = [];
  for (const connections of plan.connections)
    for (let round = 1; round <= plan.rounds; round++)
      for (const target of targets) {
        const at = { connections, round };
        const measured = await measureThroughput(generator, target, plan, at);
        throughput.push(measured);
        const lost = measured.connectionsLost > 0 ? `, ${measured.connectionsLost} lost` : "";
        say(
          `throughput  ${target.name.padEnd(10)} ${connections} connections, round ${round}: ${Math.round(measured.perSecond)}/s${lost}`,
        );
      }
  const ackLatency: AckLatency[] = [];
  for (let round = 1; round <= plan.pace.rounds; round++)
    for (const target of targets) {
      const measured = await measureAckLatency(generator, target, plan, round);
      ackLatency.push(measured);
      const { p50, p99, p999 } = measured.ackMs;
      say(
        `latency     ${target.name.padEnd(10)} round ${round}: p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} p99.9 ${p999.toFixed(2)} ms at ${Math.round(measured.perSecond)}/s`,
      );
    }
  return { throughput, ackLatency, idle };
}

function sumOfGateway({ throughput, ackLatency }: Measured): {
  acknowledged: number;
  sent: number;
} {
  const ours = [...throughput, ...ackLatency].filter(({ target }) => target === "gateway");
  return {
    acknowledged: ours.reduce((sum, each) => sum + each.acknowledged, 0),
    sent: ours.reduce((sum, each) => sum + each.sent, 0),
  };
}
