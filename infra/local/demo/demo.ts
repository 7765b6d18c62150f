// Demo controls of the local installation: a control server on loopback that the console asks.
//
// Q1. Only whoever has the token of this start is answered.
import { timingSafeEqual } from "node:crypto";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import { telemetryTopic } from "../../../contracts/names/topics.ts";
import { MqttLink } from "../../../device-sim/mqtt-link.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { REGIONS, type Region } from "../places.ts";
import type { Supervisor } from "../supervisor.ts";
import type { DemoPlan } from "./plan-demo.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** Devices that may be added. */
const DEVICES_MAX = 20;
const READING_EVERY_MS = 1_000;
const UNANSWERED_MAX = 1_000;

/** Messages that are no readings, of many kinds. */
const JUNK: readonly (readonly [topic: string, payload: string])[] = [
  ["devices/visitor/telemetry/environment", "not json"],
  ["devices/visitor/telemetry/environment", '{"seq":1,"temperature":"hot"}'],
  ["devices/visitor/telemetry/nonsense", '{"value":1}'],
  ["somewhere/else", '{"value":1}'],
  ["devices/visitor/telemetry/environment", '{"seq":1,"ts":1,"temperature":20}'],
];

interface AddedDevice {
  readonly id: string;
  readonly region: Region;
  readonly link: MqttLink;
  readonly timer: NodeJS.Timeout;
}

export class Demo implements AsyncDisposable {
  readonly #demo: DemoPlan;
  readonly #supervisor: () => Supervisor;
  readonly #wan = new Map<Region, { proxy: TcpProxy; isCut: boolean }>();
  readonly #devices: AddedDevice[] = [];
  readonly #visitors = new Map<Region, MqttLink>();
  readonly #stack = new AsyncDisposableStack();

  constructor(demo: DemoPlan, supervisor: () => Supervisor) {
    this.#demo = demo;
    this.#supervisor = supervisor;
  }

  /** Listens before the servers start, because their links go through here. */
  async open(): Promise<void> {
    const { leafPort, wanPorts, controlPort } = this.#demo;
    for (const region of REGIONS) {
      const proxy = this.#stack.use(await TcpProxy.listen(wanPorts[region], leafPort));
      this.#wan.set(region, { proxy, isCut: false });
    }
    const server = createServer((request, response) => void this.#answer(request, response));
    server.listen(controlPort, "127.0.0.1");
    await once(server, "listening");
    this.#stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: unknown): void =>
      void response
        .writeHead(status, { "content-type": "application/json" })
        .end(JSON.stringify(body));
    try {
      if (!this.#isKnown(request.headers.authorization)) return reply(401, { problem: "no token" });
      if (request.method === "POST") {
        const body = (await json(request)) as Record<string, unknown>;
        this.#do(request.url ?? "", body);
      }
      reply(200, this.#state());
    } catch (error) {
      reply(422, { problem: messageOf(error) });
    }
  }

  #isKnown(authorization = ""): boolean {
    const given = Buffer.from(authorization);
    const wanted = Buffer.from(`Bearer ${this.#demo.token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted); // Q1
  }

  #state() {
    return {
      wan: Object.fromEntries(
        [...this.#wan].map(([region, { isCut }]) => [region, isCut ? "cut" : "up"]),
      ),
      processes: [...this.#supervisor().children.keys()],
      devices: this.#devices.map(({ id, region }) => ({ id, region })),
    };
  }

  #do(path: string, { region, cut, name, count }: Record<string, unknown>): void {
    const known = REGIONS.find((one) => one === region);
    if (path === "/process") return this.#supervisor().get(String(name)).kill();
    if (!known) throw new Error(`there is no region "${String(region)}"`);
    if (path === "/wan") return this.#cut(known, cut === true);
    if (path === "/device") return this.#addDevice(known);
    if (path === "/junk") return this.#sendJunk(known, Number(count));
    throw new Error(`nobody knows how to do ${path}`);
  }

  #cut(region: Region, isCut: boolean): void {
    const wan = this.#wan.get(region)!;
    wan.isCut = isCut;
    if (isCut) wan.proxy.cut();
    else wan.proxy.heal();
  }

  #addDevice(region: Region): void {
    if (this.#devices.length >= DEVICES_MAX)
      throw new Error(`${DEVICES_MAX} devices are added already`);
    const id = `demo-${region}-${this.#devices.length + 1}`;
    const link = this.#link(region, id);
    let seq = Date.now();
    const send = (): void => {
      if (link.full) return;
      seq += 1;
      const wave = Math.sin(seq / 60);
      const reading = {
        ...{ seq, ts: Date.now(), temperature: 21 + wave, humidity: 45, light: 300 },
        ...{ co2: 700 + Math.round(200 * wave), occupancy: 1 },
      };
      publish(link, telemetryTopic(id, "environment", 1), JSON.stringify(reading));
    };
    const timer = setInterval(send, READING_EVERY_MS);
    this.#devices.push({ id, region, link, timer });
    this.#stack.defer(() => clearInterval(timer));
  }

  #sendJunk(region: Region, count: number): void {
    const link = this.#visitors.get(region) ?? this.#link(region, "visitor");
    this.#visitors.set(region, link);
    for (let n = 0; n < count && !link.full; n++) publish(link, ...JUNK[n % JUNK.length]!);
  }

  #link(region: Region, clientId: string): MqttLink {
    const url = this.#demo.plan.addresses.mqtt[region];
    const link = new MqttLink({ url, clientId, bufferMax: UNANSWERED_MAX });
    link.open();
    this.#stack.defer(() => link.close());
    return link;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const publish = (link: MqttLink, topic: string, payload: string): void =>
  link.publish({ topic, payload, traceparent: null, answered: () => undefined });
