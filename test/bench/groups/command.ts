// Readings of the log over MQTT: a group that was away reads what came meanwhile, with one member and with several.
import { Command } from "commander";
import { generate } from "mqtt-packet";
import { eventually } from "../../support/eventually.ts";
import { startGatewayProcess, startLinkedRegion } from "../drain/site.ts";
import { machine } from "../processes.ts";
import { RelayClient } from "../relay/client.ts";

interface Flags {
  readonly readings: number;
  readonly devices: number;
  readonly members: string;
}

const WITHIN_MS = 60_000;
const IN_FLIGHT = 2_000;
const whole = (value: number): string => Math.round(value).toLocaleString("en");
const topicOf = (member: number): string => `$share/bench-${member}/$log/measurement`;

/** As many as there are to be, of all devices in turns; resolves once all are acknowledged. */
async function publish(port: number, { readings, devices }: Flags): Promise<number> {
  const client = await RelayClient.connect({ port, clientId: "publisher", clean: true });
  let [sent, acknowledged] = [0, 0];
  const refill = (): void => {
    for (; sent < readings && sent - acknowledged < IN_FLIGHT; sent++) {
      const topic = `devices/device-${sent % devices}/telemetry/measurement`;
      const payload = JSON.stringify({ ts: Date.now(), value: sent });
      const packet = { cmd: "publish", topic, payload, qos: 1, messageId: 1 } as const;
      const bytes = generate({ ...packet, dup: false, retain: false });
      client.publish(bytes, bytes.length - Buffer.byteLength(payload) - 2);
    }
  };
  client.onPuback = () => {
    acknowledged += 1;
    refill();
  };
  const startedMs = performance.now();
  refill();
  await eventually("all are stored", () => acknowledged === readings, WITHIN_MS);
  client.socket.destroy();
  return (readings * 1_000) / (performance.now() - startedMs);
}

interface Read {
  readonly perSecond: number;
  readonly repeated: number;
  readonly outOfOrder: number;
  readonly fewest: number;
}

async function readAll(port: number, members: number, { readings, devices }: Flags): Promise<Read> {
  const seen = new Set<number>();
  const last = new Map<number, number>();
  const counts = new Array<number>(members).fill(0);
  let [total, outOfOrder] = [0, 0];
  const startedMs = performance.now();
  const clients: RelayClient[] = [];
  for (let at = 0; at < members; at++) {
    const client = await RelayClient.connect({ port, clientId: `member-${at}`, clean: true });
    client.onPublish = (payload) => {
      const value = Number(/"value":(\d+)/.exec(payload.toString("latin1"))?.[1]);
      if (value < (last.get(value % devices) ?? 0)) outOfOrder += 1;
      last.set(value % devices, value);
      seen.add(value);
      counts[at]! += 1;
      total += 1;
    };
    clients.push(client);
    await client.subscribe(topicOf(members));
  }
  await eventually("all are there", () => seen.size === readings, WITHIN_MS);
  const perSecond = (readings * 1_000) / (performance.now() - startedMs);
  for (const { socket } of clients) socket.destroy();
  return { perSecond, repeated: total - readings, outOfOrder, fewest: Math.min(...counts) };
}

export const groupsCommand = new Command("groups")
  .description("Readings of the log over MQTT, by a group that was away.")
  .option("--readings <n>", "that came meanwhile", Number, 40_000)
  .option("--devices <n>", "they are of", Number, 40)
  .option("--members <list>", "of each group, one after the other", "1,4")
  .action(async (flags: Flags) => {
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    await using stack = new AsyncDisposableStack();
    const gateway = await startGatewayProcess(stack, await startLinkedRegion(stack));
    const { port } = gateway.target();
    const { cores, model } = machine();
    say(`${cores} cores, ${model}; ${whole(flags.readings)} readings of ${flags.devices} devices`);
    const sizes = flags.members.split(",").map(Number);
    for (const size of sizes) {
      const first = await RelayClient.connect({ port, clientId: "first", clean: true });
      await first.subscribe(topicOf(size));
      first.socket.destroy();
    }
    say(`stored: ${whole(await publish(port, flags))}/s`);
    for (const size of sizes) {
      const { perSecond, repeated, outOfOrder, fewest } = await readAll(port, size, flags);
      if (outOfOrder > 0) process.exitCode = 1;
      say(
        `${size} ${size === 1 ? "member" : "members"}: ${whole(perSecond)}/s, the time to have the lease included; ` +
          `${whole(repeated)} repeated, ${whole(outOfOrder)} out of order; the least a member had: ${whole(fewest)}`,
      );
    }
  });
