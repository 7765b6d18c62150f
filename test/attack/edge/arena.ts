// A region at work, with its hub and console: gateways that let in nobody without credentials and one that does, the
// alerting engine, devices that send, and people who listen.
import { setTimeout as sleep } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IConnackPacket, IConnectPacket, IPublishPacket } from "mqtt-packet";
import { type Device, deviceKey } from "../../../contracts/device.ts";
import { decodeFrame } from "../../../contracts/messages/frame.ts";
import { telemetryFilter, telemetryStream } from "../../../contracts/names/subjects.ts";
import { passwordCredential } from "../../../gateway/identity/passwords.ts";
import { generateSecret, secretCredential } from "../../../gateway/identity/secrets.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { OPERATOR_TOKEN, VIEWER_TOKEN } from "../../support/console.ts";
import { anAlert } from "../../support/an-alert.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { RawClient, connectPacket, publishPacket } from "../../support/mqtt-client.ts";
import { startHubAndRegions } from "../../support/nats.ts";
import { type Service, makeService } from "../../support/services.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import type { Arena, ArenaOptions } from "../arena.ts";
import { WITHOUT_VARIABLE } from "../patches.ts";
import type { State } from "../state.ts";
import { ATTACKERS, MAPPINGS, RECORDS, VICTIMS, WITHOUT_BOUNDS } from "./cast.ts";

/** Streams of what is said and of who may say it; what the region's own work adds to is left out. */
const WATCHED =
  /^(COMMANDS|AUDIT|ALERTS_\w+|REPLIES_\w+|DEADLETTERS_\w+|KV_(devices|rules|contracts|acknowledgements|notifiers))$/;
const WILL_SAID_WITHIN_MS = 60;
/** Eight processes start at once, on a machine that may have two cores. */
const READY_WITHIN_MS = 90_000;
const PROJECT = join(import.meta.dirname, "../../..");

/** Gateways that ask everybody for credentials, and such as let in anonymous clients, by what they speak. */
type PortName = "closed" | "open" | "closedWeb" | "openWeb" | "closedHttp" | "openHttp";

export interface MqttLogin {
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly isKept?: boolean;
  readonly will?: { readonly topic: string; readonly payload: string };
  /** The gateway that lets in anonymous clients. */
  readonly atOpen?: boolean;
  /** An address of this machine. */
  readonly from?: string;
}

export class EdgeArena implements Arena {
  readonly #stack: AsyncDisposableStack;
  readonly #hub: NatsConnection;
  readonly #eu: NatsConnection;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly console: string;
  /** False: HTTP has the widest bounds that there are. */
  readonly isBounded: boolean;
  readonly services: Readonly<Record<string, Service>>;
  readonly #secrets = new Map<string, string>();
  readonly #listeners = new Map<string, RawClient>();
  readonly #said = new Map<string, number>();
  #readUntil = 0;
  #count = 0;

  private constructor(of: {
    stack: AsyncDisposableStack;
    hub: NatsConnection;
    eu: NatsConnection;
    ports: EdgeArena["ports"];
    console: string;
    isBounded: boolean;
    services: Readonly<Record<string, Service>>;
  }) {
    this.#stack = of.stack;
    this.#hub = of.hub;
    this.#eu = of.eu;
    this.ports = of.ports;
    this.console = of.console;
    this.isBounded = of.isBounded;
    this.services = of.services;
  }

  static async open({ without, natsServer }: ArenaOptions): Promise<EdgeArena> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory()).path;
    const world = stack.use(
      await startHubAndRegions({ regions: ["eu"], partitions: 1, natsServer }),
    );
    const table = join(directory, "mappings.json");
    await writeFile(table, JSON.stringify(MAPPINGS));
    const ports = {
      ...{ closed: await freePort(), open: await freePort() },
      ...{ closedWeb: await freePort(), openWeb: await freePort() },
      ...{ closedHttp: await freePort(), openHttp: await freePort() },
    };
    const consolePort = await freePort();
    const patched =
      without.size > 0 ? { [WITHOUT_VARIABLE]: [...without].join(",") } : ({} as object);
    const load = without.size > 0 ? ["--import", join(PROJECT, "test/attack/patches.ts")] : [];
    const region = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1", ...patched };
    const gateway = {
      ...region,
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MAPPINGS: table,
      SKERRY_LIMIT_WILL_GRACE_MS: "1000",
      ...(without.has("http-bounds") ? WITHOUT_BOUNDS : {}),
    };
    const lenient = without.has("http-shapes") ? ["--insecure-http-parser"] : [];
    const start = async (main: string, env: Record<string, string>): Promise<Service> => {
      const service = await makeService(main, env, [...load, ...lenient], READY_WITHIN_MS);
      stack.use(service.process);
      await service.process.start();
      return service;
    };
    const [closed, open, alerting, console_] = await Promise.all([
      start("gateway/main.ts", {
        ...gateway,
        SKERRY_MQTT_PORT: String(ports.closed),
        SKERRY_WS_PORT: String(ports.closedWeb),
        SKERRY_HTTP_PORT: String(ports.closedHttp),
        SKERRY_DATA_DIR: join(directory, "gateway-1"),
        SKERRY_ANONYMOUS: without.has("anonymous") ? "anywhere" : "off",
      }),
      start("gateway/main.ts", {
        ...gateway,
        SKERRY_GATEWAY_ID: "gateway-2",
        SKERRY_MQTT_PORT: String(ports.open),
        SKERRY_WS_PORT: String(ports.openWeb),
        SKERRY_HTTP_PORT: String(ports.openHttp),
        SKERRY_DATA_DIR: join(directory, "gateway-2"),
        SKERRY_ANONYMOUS: "loopback",
      }),
      start("gateway/alerting/main.ts", {
        ...region,
        SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
      }),
      start("cloud/console/main.ts", {
        ...patched,
        SKERRY_PARTITIONS: "1",
        SKERRY_REGIONS: "eu",
        SKERRY_NATS_URL: world.hub.urlOf("console"),
        SKERRY_CONSOLE_PORT: String(consolePort),
        SKERRY_CONSOLE_OPERATOR_TOKEN: OPERATOR_TOKEN,
        SKERRY_CONSOLE_VIEWER_TOKEN: VIEWER_TOKEN,
        SKERRY_CONSOLE_MQTT: `eu=ws://127.0.0.1:${ports.openWeb}`,
      }),
    ]);
    const arena = new EdgeArena({
      ...{ hub: await world.hub.connect(), eu: await world.region("eu").connect() },
      ...{ stack: stack.move(), ports, console: `http://127.0.0.1:${consolePort}` },
      isBounded: !without.has("http-bounds"),
      services: { closed: closed, open: open, alerting: alerting, console: console_ },
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

  secretOf(id: string): string {
    return this.#secrets.get(id) ?? "no-secret-of-anybody-00";
  }

  /** Writes a record and returns its secret. */
  async put(id: string, over: Partial<Device> = {}): Promise<string> {
    const secret = generateSecret();
    const credentials = [secretCredential(secret)];
    const device: Device = { id, role: "device", credentials, createdAtMs: 1, ...over };
    const devices = await Bucket.open(this.#hub, "devices");
    await devices.put(deviceKey(id), JSON.stringify(device));
    this.#secrets.set(id, secret);
    return secret;
  }

  /** Writes the record of somebody with a chosen password, which the gateways know once this resolves. */
  async putPerson(id: string, password: string): Promise<string> {
    await this.put(id, { credentials: [await passwordCredential(password)] });
    const behind = `behind-${id}`;
    await this.put(behind);
    await eventually("the gateways know it", async () => {
      (await this.as(behind, 5)).socket.destroy();
      return true;
    });
    return id;
  }

  /** A client with whatever it says of itself; -1 if the gateway hung up without an answer. */
  async login(login: MqttLogin): Promise<{ client: RawClient; code: number; resumed: boolean }> {
    const { version, clientId, username, password, isKept = false, will } = login;
    const port = login.atOpen ? this.ports.open : this.ports.closed;
    const client = await RawClient.open(port, version, login.from);
    const connect: Partial<IConnectPacket> = {
      ...{ clientId, protocolVersion: version, clean: !isKept },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(version === 5 && isKept ? { properties: { sessionExpiryInterval: 3600 } } : {}),
      ...(will
        ? { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: false } }
        : {}),
    };
    client.send(connectPacket(connect));
    const answer = await client
      .until<IConnackPacket>(({ cmd }) => cmd === "connack")
      .catch(() => null);
    const code = answer === null ? -1 : (answer.reasonCode ?? answer.returnCode ?? -1);
    return { client, code, resumed: answer?.sessionPresent === true };
  }

  /** With its own record, at the gateway that asks everybody. */
  async as(id: string, version: 4 | 5, over: Partial<MqttLogin> = {}): Promise<RawClient> {
    const clientId = `${id}/${this.next()}`;
    const own = { version, clientId, username: id, password: this.secretOf(id) };
    const { client, code } = await this.login({ ...own, ...over });
    if (code !== 0) throw new Error(`${id} is not let in: ${code}`);
    return client;
  }

  /** An anonymous client, where they are let in. */
  async guest(version: 4 | 5, over: Partial<MqttLogin> = {}): Promise<RawClient> {
    const clientId = `guest-${this.next()}`;
    const { client, code } = await this.login({ version, clientId, atOpen: true, ...over });
    if (code !== 0) throw new Error(`a guest is not let in: ${code}`);
    return client;
  }

  /** What others say at work: a reading, a command, an alert, an answer. */
  async traffic(): Promise<void> {
    const n = this.next();
    const victim = this.#listeners.get("victim")!;
    for (const [messageId, topic] of [
      `devices/victim/telemetry/measurement`,
      `devices/victim/commands/c${n}/reply`,
    ].entries())
      victim.send(
        publishPacket({
          ...{ topic, messageId: 100 + messageId },
          payload: JSON.stringify({ ts: Date.now(), value: n }),
        }),
      );
    await victim.settle();
    const alice = this.#listeners.get("alice")!;
    alice.send(publishPacket({ topic: "home/alice/state", payload: `${n}`, messageId: 102 }));
    await alice.settle();
    const op = this.#listeners.get("op")!;
    op.send(publishPacket({ topic: `devices/victim/commands/d${n}`, payload: "{}", messageId: 9 }));
    await op.settle();
    const alert = anAlert({ key: `k${n}` });
    await this.#eu
      .jetstream()
      .publish(`alerts.eu.${alert.rule}.${alert.key}`, JSON.stringify(alert));
    await sleep(50);
  }

  /** Tells the victim an alert and a command, after a while. @returns what did not come in time; null if both did. */
  async heardWithin(withinMs: number, afterMs: number): Promise<string | null> {
    await sleep(afterMs);
    const key = `flood-${this.next()}`;
    const alert = anAlert({ key });
    const victim = this.#listeners.get("victim")!;
    const from = victim.packets.length;
    await this.#eu
      .jetstream()
      .publish(`alerts.eu.${alert.rule}.${alert.key}`, JSON.stringify(alert));
    const topic = `devices/victim/commands/${key}`;
    this.#listeners.get("op")!.send(publishPacket({ topic, payload: "{}", messageId: 8 }));
    const isHeard = (what: string): Promise<string | null> =>
      victim
        .until<IPublishPacket>((one) => one.cmd === "publish" && one.topic.includes(what), {
          from,
          timeoutMs: withinMs,
        })
        .then(
          () => null,
          () => `${what} did not come within ${withinMs} ms`,
        );
    const late = await Promise.all([isHeard(topic), isHeard(`alerts/${alert.rule}/${key}`)]);
    return late.find((one) => one !== null) ?? null;
  }

  /** True once a device is let in and acknowledged. */
  async isAtWork(): Promise<boolean> {
    const client = await this.as("boiler", 5);
    try {
      const payload = JSON.stringify({ ts: Date.now(), value: 1 });
      const topic = "devices/boiler/telemetry/measurement";
      client.send(publishPacket({ topic, payload, messageId: 1 }));
      await client.until(({ cmd }) => cmd === "puback");
      return true;
    } finally {
      client.socket.destroy();
    }
  }

  /** Wills of clients that are gone are said. */
  async wills(): Promise<void> {
    await sleep(WILL_SAID_WITHIN_MS);
  }

  async state(): Promise<State> {
    await this.#settled();
    const state = new Map<string, string>();
    for (const [where, connection] of [
      ["hub", this.#hub],
      ["eu", this.#eu],
    ] as const)
      for (const { name, messages, lastSeq } of await new Streams(connection).list())
        if (WATCHED.test(name)) state.set(`${where} ${name}`, `${messages}, last ${lastSeq}`);
    await this.#read();
    for (const [what, count] of this.#said) state.set(`log of eu: ${what}`, `${count} readings`);
    for (const [id, client] of this.#listeners) {
      const heard = client
        .of<IPublishPacket>("publish")
        .filter(({ topic }) => !/^(devices|tele)\/(mallory|relay|plug|guest)/.test(topic));
      state.set(`client ${id}`, client.closed ? "gone" : `heard ${heard.length} messages`);
    }
    for (const [name, { process: of }] of Object.entries(this.services))
      state.set(`process ${name}`, of.exited ? "gone" : "there");
    return state;
  }

  /** Readings of those who are not attacked with, by device and contract. */
  async #read(): Promise<void> {
    const stream = telemetryStream("eu");
    const { lastSeq } = await new Streams(this.#eu).state(stream);
    if (lastSeq <= this.#readUntil) return;
    const slice = { stream, subject: telemetryFilter("eu"), from: this.#readUntil + 1 };
    for await (const { data } of readStored(this.#eu, slice, lastSeq))
      for (const { device, contract, payload } of decodeFrame(data).readings) {
        if (!VICTIMS.includes(device) && !device.startsWith("room-")) continue;
        const isGateways = contract === "presence" && payload["gateway"] !== "forged";
        if (isGateways) continue;
        const what = `${contract} of ${device}`;
        this.#said.set(what, (this.#said.get(what) ?? 0) + 1);
      }
    this.#readUntil = lastSeq;
  }

  async #settled(): Promise<void> {
    for (const client of this.#listeners.values()) if (!client.closed) await client.settle();
  }

  /** What was said stays said; whoever was cut off comes back. */
  async mend(): Promise<void> {
    for (const [id, client] of this.#listeners) if (client.closed) await this.#listen(id);
  }

  async #populate(): Promise<void> {
    for (const [id, over] of Object.entries(RECORDS)) await this.put(id, over);
    for (const id of ["victim", "boiler", "alice", "op", "obs", "victim/open", "obs/open"])
      await eventually(`${id} is let in`, async () => {
        await this.#listen(id);
        return true;
      });
    for (const id of ATTACKERS)
      await eventually(`${id} is let in`, async () => {
        (await this.as(id, 5)).socket.destroy();
        return true;
      });
    await this.traffic();
  }

  /** @param clientId a record's id; with more behind it, at the other gateway. */
  async #listen(clientId: string): Promise<void> {
    this.#listeners.get(clientId)?.socket.destroy();
    const [id = "", ...more] = clientId.split("/");
    const client = await this.as(id, 5, { clientId, atOpen: more.length > 0 });
    const all: Readonly<Record<string, readonly string[]>> = {
      obs: ["devices/#", "alerts/#"],
      op: ["devices/+/commands/+/reply"],
      victim: ["devices/victim/#", "alerts/#"],
      alice: ["home/alice/#"],
    };
    const filters = all[id] ?? [`devices/${id}/#`];
    const subscriptions = filters.map((topic) => ({ topic, qos: 0 as const }));
    client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    await client.until(({ cmd }) => cmd === "suback");
    this.#listeners.set(clientId, client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#listeners.values()) client.socket.destroy();
    await this.#stack.disposeAsync();
  }
}
