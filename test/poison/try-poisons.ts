// Brings every kind of poison into a running installation, and waits until each is listed.
import { setTimeout as sleep } from "node:timers/promises";
import type { IPubackPacket } from "mqtt-packet";
import { latestAlerts } from "../../cloud/operations/alerts/latest.ts";
import { recordsIn } from "../../infra/cli/set-aside/records.ts";
import type { AggregatorStatus, AlertingStatus } from "../../contracts/messages/status.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import {
  CONTRACTS_BUCKET,
  rejectAddress,
  rejectSubjects,
  rejectsStream,
} from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient, publishPacket } from "../support/mqtt-client.ts";
import { ENCODED } from "./encodings.ts";
import { FRAMED_READINGS, FRAMES, ODD_FRAMES } from "./frames.ts";
import { OTHERS } from "./operators.ts";
import { PACKETS } from "./packets.ts";
import type { Installation, Listed, Lists, Poison } from "./poison.ts";
import { FREE_KEY_CONTRACT, KEYS, READINGS } from "./readings.ts";
import { ALERTS, COMMANDS, ENTRIES, RULES } from "./records.ts";
import { REQUESTS } from "./requests.ts";

export const POISONS: readonly Poison[] = [
  ...READINGS,
  ...KEYS,
  ...ENCODED,
  ...REQUESTS,
  ...PACKETS,
  ...ALERTS,
  ...COMMANDS,
  ...ENTRIES,
  ...RULES,
  ...OTHERS,
  ...FRAMES,
  ...FRAMED_READINGS,
  ...ODD_FRAMES,
];

export interface Tried {
  readonly name: string;
  /** Where it is listed, and its reason; null if it is not. */
  readonly listed: string | null;
}

/** What the processes say of themselves. */
export interface Statuses {
  readonly alerting: () => Promise<AlertingStatus>;
  readonly aggregator: () => Promise<AggregatorStatus>;
}

const LISTED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;

/** Publishes what some poisons need, and waits until the gateway knows it. */
export async function prepare({ hubNats, mqttPort }: Installation): Promise<void> {
  const value = { schema: FREE_KEY_CONTRACT, publishedAtMs: Date.now(), mode: "BACKWARD" };
  await (await Bucket.open(hubNats, CONTRACTS_BUCKET)).put("bill.v1", JSON.stringify(value));
  using asker = await RawClient.connect(mqttPort, { protocolVersion: 5, clientId: "asker" });
  await eventually("the gateway knows the contract", async () => {
    const from = asker.packets.length;
    const payload = '{"seq":1,"account":"a"}';
    asker.send(publishPacket({ topic: "devices/asker/telemetry/bill", payload }));
    const isAnswer = ({ cmd }: { cmd?: string }): boolean => cmd === "puback";
    return (await asker.until<IPubackPacket>(isAnswer, { from })).reasonCode === 0;
  });
}

/** @returns one line for each, in their order. */
export async function tryPoisons(
  into: Installation,
  statuses: Statuses,
  poisons: readonly Poison[] = POISONS,
): Promise<Tried[]> {
  const waiting = new Map<Poison, Listed>();
  const said = new Map<Poison, string | null>();
  for (const [at, poison] of poisons.entries())
    try {
      waiting.set(poison, await poison.deliver(into, `poison-${at}-`));
    } catch (error) {
      said.set(poison, null);
      process.stderr.write(`${poison.name}: ${String(error)}\n`);
    }
  const untilMs = performance.now() + LISTED_WITHIN_MS;
  for (;;) {
    const lists = await gather(into, statuses);
    for (const [poison, listed] of waiting) {
      const where = listed(lists);
      if (where === null) continue;
      said.set(poison, where);
      waiting.delete(poison);
    }
    if (waiting.size === 0 || performance.now() > untilMs) break;
    await sleep(LOOK_EVERY_MS);
  }
  return poisons.map((poison) => ({ name: poison.name, listed: said.get(poison) ?? null }));
}

async function gather({ region, regionNats, hubNats }: Installation, of: Statuses): Promise<Lists> {
  const domains = [
    [region, regionNats],
    ["hub", hubNats],
  ] as const;
  const setAside: Lists["setAside"][number][] = [];
  const rejects: Lists["rejects"][number][] = [];
  for (const [domain, nats] of domains) {
    for (const { record } of await recordsIn(nats, domain)) setAside.push({ ...record, domain });
    for (const reject of await rejectsIn(nats, domain)) rejects.push({ ...reject, domain });
  }
  const open = (await latestAlerts(regionNats, region)).filter(({ state }) => state !== "resolved");
  const { rulesWaiting, losses } = await of.alerting();
  return {
    setAside,
    rejects,
    alerts: new Map(open.map(({ rule, key, message }) => [`${rule}/${key}`, message])),
    waiting: rulesWaiting,
    losses: losses.map(({ what }) => what),
  };
}

async function rejectsIn(nats: NatsConnection, domain: string): Promise<Reject[]> {
  const [stream, subject] = [rejectsStream(domain), rejectSubjects(domain)];
  const newest = await new Streams(nats).newest(stream, subject);
  const rejects: Reject[] = [];
  if (!newest) return rejects;
  for await (const entry of readStored(nats, { stream, subject, from: 1 }, newest.seq))
    if (rejectAddress(entry.subject))
      try {
        rejects.push(jsonOf<Reject>(entry.data));
      } catch {
        // One of the poisons.
      }
  return rejects;
}
