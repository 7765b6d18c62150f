// A region whose processes take only signed records, beside a hub: the gateway, the alerting engine, a notifier and a
// device at work. Attackers write to a nats-server as its administrator, without the key.
import { type KeyObject, createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IConnackPacket, IPublishPacket } from "mqtt-packet";
import { type Device, deviceKey } from "../../../contracts/device.ts";
import { decodeFrame } from "../../../contracts/messages/frame.ts";
import type { Alert } from "../../../contracts/messages/alert.ts";
import {
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  SIGNED_BUCKETS,
  alertSubject,
  alertsStream,
  bucketStream,
  repliesStream,
  telemetryFilter,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { generateSecret, secretCredential } from "../../../gateway/identity/secrets.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { headersOf } from "../../../platform/nats/client/publish.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { DELETION } from "../../../platform/nats/signed/seal.ts";
import {
  type PlacedRecord,
  SIGNATURE_HEADER,
  signatureOf,
} from "../../../platform/nats/signed/signature.ts";
import { newSigningKey, publicPemOf } from "../../../platform/nats/signed/trusted-keys.ts";
import type { NatsUser } from "../../../platform/nats/topology/permissions.ts";
import { applyTopology } from "../../../platform/nats/topology/apply-topology.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { RawClient, connectPacket, publishPacket } from "../../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../../support/nats.ts";
import { type Service, makeService } from "../../support/services.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import type { Arena, ArenaOptions } from "../arena.ts";
import type { State } from "../state.ts";
import { giveBack, isMirror, lastOf, padTo, takeOver } from "./taken-streams.ts";

/** Where an attacker writes. */
export type Origin = "hub" | "region";
export type ProcessName = "gateway" | "alerting" | "notifier";

const TOPOLOGY = { regions: ["eu"], partitions: 1, logBytesMax: 64 * 1024 ** 2 };
/** The device that carries commands out. */
export const VALVE = "valve";
/** Streams of signed records, each with the filter of its subjects. */
const STREAMS: ReadonlyMap<string, string> = new Map([
  ...[...SIGNED_BUCKETS].map((name) => [bucketStream(name), `$KV.${name}.>`] as const),
  [COMMANDS_STREAM, COMMANDS_SUBJECTS],
]);
const READY_WITHIN_MS = 90_000;

export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly isDeletion?: boolean;
  readonly signature?: string;
}

export class RegionArena implements Arena {
  readonly #world: NatsWorld;
  readonly #stack: AsyncDisposableStack;
  readonly #admins: Readonly<Record<Origin, NatsConnection>>;
  readonly #services: Readonly<Record<ProcessName, Service>>;
  readonly #mqttPort: number;
  /** The key that the region trusts, and that of somebody else. */
  readonly key: KeyObject = createPrivateKey(PEM);
  readonly strangersKey: KeyObject = createPrivateKey(newSigningKey());
  /** The key of the region's alerting engine. */
  readonly engineKey: KeyObject = createPrivateKey(ENGINE_PEM);
  readonly #secret = generateSecret();
  readonly #connections = new Map<NatsUser, Promise<NatsConnection>>();
  #valve!: RawClient;
  #count = 0;
  #number = Date.now();

  private constructor(of: {
    world: NatsWorld;
    stack: AsyncDisposableStack;
    admins: Readonly<Record<Origin, NatsConnection>>;
    services: Readonly<Record<ProcessName, Service>>;
    mqttPort: number;
  }) {
    this.#world = of.world;
    this.#stack = of.stack;
    this.#admins = of.admins;
    this.#services = of.services;
    this.#mqttPort = of.mqttPort;
  }

  static async open({ without, natsServer }: ArenaOptions): Promise<RegionArena> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory()).path;
    const world = stack.use(await startHubAndRegions({ ...TOPOLOGY, natsServer }));
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    const keys = await write("trusted-keys.pem", publicPemOf(PEM));
    const engineKeys = await write("engine-keys.pem", publicPemOf(ENGINE_PEM));
    const channel = { name: "people", kind: "webhook", format: "json", url: await people(stack) };
    const channels = await write("channels.json", JSON.stringify([channel]));
    const mqttPort = await freePort();
    const start = async (user: ProcessName, main: string, env: Record<string, string>) => {
      const trust = without.has("signatures")
        ? {}
        : {
            SKERRY_TRUSTED_KEYS_FILE: keys,
            SKERRY_VERIFIED_RECORDS_FILE: join(directory, `${user}.sqlite`),
          };
      const of = { SKERRY_NATS_URL: world.region("eu").urlOf(user), ...trust, ...env };
      const service = await makeService(main, of, [], READY_WITHIN_MS);
      stack.use(service.process);
      await service.process.start();
      return service;
    };
    const region = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
    const [gateway, alerting, notifier] = await Promise.all([
      start("gateway", "gateway/main.ts", {
        ...region,
        SKERRY_MQTT_PORT: String(mqttPort),
        SKERRY_DATA_DIR: join(directory, "gateway"),
        ...(without.has("alert-signatures") ? {} : { SKERRY_TRUSTED_ENGINE_KEYS_FILE: engineKeys }),
        SKERRY_ANONYMOUS: "loopback",
      }),
      start("alerting", "gateway/alerting/main.ts", region),
      start("notifier", "cloud/notifier/main.ts", {
        SKERRY_REGIONS: "eu",
        SKERRY_NOTIFIER_PLACE: "region",
        SKERRY_CHANNELS: channels,
      }),
    ]);
    const arena = new RegionArena({
      ...{ world, mqttPort, stack: stack.move() },
      admins: { hub: await world.hub.connect(), region: await world.region("eu").connect() },
      services: { gateway, alerting, notifier },
    });
    try {
      await arena.#populate();
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
    return arena;
  }

  next(): number {
    return ++this.#count;
  }

  /** The region's nats-server is the attacker's, or it is not: readers there go on by the numbers of before. */
  async #ownedBy(origin: Origin): Promise<void> {
    const { hub, region } = this.#admins;
    for (const [stream, filter] of STREAMS) {
      const isTaken = !(await isMirror(region, stream));
      if (isTaken === (origin === "region")) continue;
      if (origin === "region") {
        await takeOver(region, stream, filter);
        continue;
      }
      await padTo(hub, stream, filter, await lastOf(region, stream));
      await giveBack(region, stream);
    }
    if (origin === "hub") await applyTopology({ hub, eu: region }, TOPOLOGY);
  }

  /** A record signed by a key, with a number above all before. */
  signed({ subject, data, isDeletion = false }: Message, key = this.key): Message {
    const record: PlacedRecord = { stream: streamOf(subject), subject, data, isDeletion };
    return { ...record, signature: signatureOf(record, ++this.#number, key) };
  }

  /** Publishes as the administrator of a nats-server, or by what was made of it. */
  async append(origin: Origin, ...messages: readonly Message[]): Promise<void> {
    await this.#ownedBy(origin);
    for (const { subject, data, isDeletion, signature } of messages) {
      const texts = {
        ...(isDeletion ? DELETION : {}),
        ...(signature === undefined ? {} : { [SIGNATURE_HEADER]: signature }),
      };
      await this.#admins[origin].jetstream().publish(subject, data, { headers: headersOf(texts) });
    }
  }

  /** Publishes into the region with the password of a user there. */
  async publish(user: NatsUser, { subject, data, signature }: Message): Promise<void> {
    const connection = await this.#connectionOf(user);
    const texts = signature === undefined ? {} : { [SIGNATURE_HEADER]: signature };
    connection.publish(subject, data, { headers: headersOf(texts) });
    await connection.flush();
  }

  #connectionOf(user: NatsUser): Promise<NatsConnection> {
    const known = this.#connections.get(user);
    if (known) return known;
    const made = this.#world.region("eu").connect(user);
    this.#connections.set(user, made);
    return made;
  }

  /** A process has written it, since its last start. */
  async said(process: ProcessName, what: RegExp): Promise<void> {
    await this.#services[process].process.said(what);
  }

  output(process: ProcessName): string {
    return this.#services[process].process.output;
  }

  /** `kill -9`, and a new start. */
  async restart(process: ProcessName): Promise<void> {
    await this.#services[process].process.restart();
    if (process === "gateway") await this.#listen();
  }

  /** A record with a secret that the attacker knows, too. */
  device(id: string, over: Partial<Device> = {}): Message {
    const credentials = [secretCredential(this.#secret)];
    const device: Device = { id, role: "device", credentials, createdAtMs: 1, ...over };
    return { subject: `$KV.devices.${deviceKey(id)}`, data: bytes(device) };
  }

  /** True if the gateway lets a device in. */
  async isLetIn(id: string): Promise<boolean> {
    using client = await RawClient.open(this.#mqttPort, 5);
    client.send(connectPacket(this.#login(id)));
    const answer = await client
      .until<IConnackPacket>(({ cmd }) => cmd === "connack")
      .catch(() => null);
    return answer?.reasonCode === 0;
  }

  #login(id: string) {
    const password = Buffer.from(this.#secret);
    return { clientId: id, username: id, password, protocolVersion: 5 as const };
  }

  /** A reading of a device that nobody has registered. */
  async reading(device: string, contract: string, value: number): Promise<void> {
    using client = await RawClient.connect(this.#mqttPort, {
      ...{ clientId: device, protocolVersion: 5 },
    });
    const payload = JSON.stringify({ ts: Date.now(), value });
    client.send(publishPacket({ topic: `devices/${device}/telemetry/${contract}`, payload }));
    await client.until(({ cmd }) => cmd === "puback");
  }

  /** The newest step of an alert in the region, or null. */
  async alert(rule: string, key: string): Promise<Alert | null> {
    const subject = alertSubject({ region: "eu", rule, key });
    const found = await this.#streams.newest(alertsStream("eu"), subject);
    return found && jsonOf<Alert>(found.data);
  }

  get #streams(): Streams {
    return new Streams(this.#admins.region);
  }

  /** Contracts of a device's readings in the region's log. */
  async contractsOf(device: string): Promise<string[]> {
    const found: string[] = [];
    const slice = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
    for await (const { data } of readStored(this.#admins.region, slice))
      for (const reading of decodeFrame(data).readings)
        if (reading.device === device) found.push(reading.contract);
    return found;
  }

  /** Ids of the commands that the valve was told, in their order. */
  get told(): string[] {
    return this.#valve
      .of<IPublishPacket>("publish")
      .map(({ topic }) => topic.split("/")[3]!)
      .filter((id) => id !== "reply");
  }

  /** The valve answers, and the region's administrator removes the answer. */
  async answerAndForget(id: string): Promise<void> {
    const topic = `devices/${VALVE}/commands/${id}/reply`;
    const from = this.#valve.packets.length;
    this.#valve.send(publishPacket({ topic, payload: "{}", messageId: 7 }));
    await this.#valve.until(({ cmd }) => cmd === "puback", { from });
    await this.#streams.purge(repliesStream("eu"), { subject: ">" });
  }

  /** Ids of the commands that wait for the valve. */
  async waiting(): Promise<string[]> {
    await this.#listen();
    await this.#valve.settle();
    return this.told;
  }

  async #listen(): Promise<void> {
    this.#valve?.socket.destroy();
    await eventually("the valve is let in", () => this.isLetIn(VALVE));
    this.#valve = await RawClient.connect(this.#mqttPort, this.#login(VALVE));
    const subscriptions = [{ topic: `devices/${VALVE}/commands/+`, qos: 0 as const }];
    this.#valve.send({ cmd: "subscribe", messageId: 1, subscriptions });
    await this.#valve.until(({ cmd }) => cmd === "suback");
  }

  async #populate(): Promise<void> {
    const rule = { kind: "threshold", contract: "measurement", when: "value > 100" };
    const level = { id: "level", version: 1, ...rule };
    await this.append(
      "hub",
      this.signed(this.device(VALVE)),
      this.signed({ subject: "$KV.rules.level", data: bytes(level) }),
    );
    await this.said("alerting", /"rule":"level"/);
    await this.#listen();
  }

  /** Nothing is compared: what an attempt would do is looked for by name. */
  state(): Promise<State> {
    return Promise.resolve(new Map());
  }

  mend(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#valve?.socket.destroy();
    await this.#stack.disposeAsync();
  }
}

const PEM = newSigningKey();
const ENGINE_PEM = newSigningKey();

/** Whoever is told of alerts. @returns where. */
async function people(stack: AsyncDisposableStack): Promise<string> {
  const server = createServer((_, answer) => void answer.end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

export const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The stream that takes a subject. */
const streamOf = (subject: string): string =>
  subject.startsWith("$KV.")
    ? bucketStream(subject.split(".")[1]!)
    : subject.startsWith("alerts.")
      ? alertsStream("eu")
      : COMMANDS_STREAM;
