// Goal: an upgrade of aedes fails here, by the name of what has changed, and not in production.
// Method: the private members that the door touches are looked up in the installed package, around a
// real CONNECT; the list is held against the source, so that it can neither lack one nor keep one.
import { type EventEmitter, once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { type Duplex, duplexPair } from "node:stream";
import { Aedes } from "aedes";
import type { IConnectPacket } from "mqtt-packet";
import { expect, onTestFinished, test } from "vitest";
import type {
  AedesBroker,
  AedesClient,
  PrivateBroker,
  PrivateClient,
} from "../../../../../gateway/broker/aedes/seam.ts";

type Check<T> = (value: T, name: string) => void;

const aFunction = (value: unknown, name: string): void =>
  expect(value, name).toBeTypeOf("function");
const aBoolean = (value: unknown, name: string): void => expect(value, name).toBeTypeOf("boolean");
const aNumber = (value: unknown, name: string): void => expect(value, name).toBeTypeOf("number");

/** As they are right after the client is registered, while its CONNACK is on its way. */
const CLIENT = {
  will: (value, name) => expect(value, name).toMatchObject({ topic: "will" }),
  _parser: (value, name) => {
    expect(value.listenerCount("packet"), name).toBe(1);
    expect(value.client, name).toHaveProperty("id", "a");
  },
  _eos: aFunction,
  deliver0: aFunction,
  deliverQoS: aFunction,
  _nextBatch: aFunction,
  _parsingBatch: aNumber,
  _cleanStart: aBoolean,
  _requestProblemInformation: aBoolean,
  _serverKeepAlive: (value, name) => expect(value, name).toBe(7),
  // One and a half times the keep-alive that the server asked for.
  _keepaliveInterval: (value, name) => expect(value, name).toBe(10_501),
  _keepaliveTimer: (value, name) => expect(value, name).toHaveProperty("refresh"),
} satisfies { [K in keyof PrivateClient]: Check<PrivateClient[K]> };

const BROKER = {
  clients: (value, name) => expect(Object.keys(value), name).toEqual(["a"]),
  _takingOver: (value, name) => expect(value, name).toBeInstanceOf(Set),
  _clearWillInterval: (value, name) => expect(value, name).toHaveProperty("refresh"),
  publishWill: aFunction,
  scheduleSessionExpiry: aFunction,
  deleteClient: aFunction,
} satisfies { [K in keyof PrivateBroker]: Check<PrivateBroker[K]> };

const CONNECT: IConnectPacket = {
  cmd: "connect",
  clientId: "a",
  protocolVersion: 5,
  protocolId: "MQTT",
  clean: true,
  keepalive: 60,
  length: 20,
  will: { topic: "will", payload: Buffer.from("w"), qos: 0, retain: false },
};

const startAedes = async (): Promise<AedesBroker> => {
  const aedes = (await Aedes.createBroker()) as AedesBroker;
  onTestFinished(() => new Promise((resolve) => aedes.close(resolve)));
  return aedes;
};

/** Hands a CONNECT over as the door does; resolves once the client is registered. */
async function connect(aedes: AedesBroker): Promise<{ client: AedesClient; stream: Duplex }> {
  const [stream, far] = duplexPair();
  far.resume();
  const client = aedes.handle(stream) as AedesClient;
  const registered = once(aedes as EventEmitter, "client");
  expect(stream.listeners("readable"), "_nextBatch reads the socket").toContain(client._nextBatch);
  client._parsingBatch = 0;
  client._serverKeepAlive = 7;
  client._parser.emit("packet", CONNECT);
  expect(await registered).toEqual([client]);
  return { client, stream };
}

test("each private member that the door touches is there, with its type", async () => {
  const aedes = await startAedes();
  const { client } = await connect(aedes);
  expectMembers("client", client, CLIENT);
  expectMembers("broker", aedes, BROKER);
});

function expectMembers(owner: string, object: object, checks: object): void {
  for (const [name, check] of Object.entries(checks) as [string, Check<unknown>][]) {
    expect(object, `${owner}.${name}`).toHaveProperty(name);
    check((object as Record<string, unknown>)[name], `${owner}.${name}`);
  }
}

test("a lost client: its will is due, then it has left", async () => {
  const aedes = await startAedes();
  const { client, stream } = await connect(aedes);
  const heard: unknown[] = [];
  aedes.publishWill = (...of) => void heard.push("will", ...of);
  const left = new Promise<void>((resolve) => {
    aedes.scheduleSessionExpiry = (who) => {
      heard.push("left", who, aedes._takingOver.has(who.id));
      resolve();
    };
  });
  stream.destroy();
  await left;
  expect(heard).toEqual(["will", client, CONNECT.will, "left", client, false]);
});

test("a takeover: the former client leaves, marked, before the newer one is registered", async () => {
  const aedes = await startAedes();
  const { client: former } = await connect(aedes);
  const heard: unknown[] = [];
  aedes.scheduleSessionExpiry = (who) => heard.push(who === former, aedes._takingOver.has(who.id));
  aedes.on("client", () => heard.push("registered"));
  await connect(aedes);
  expect(heard).toEqual([true, true, "registered"]);
});

test("a DISCONNECT through the parser drops the will", async () => {
  const aedes = await startAedes();
  const { client } = await connect(aedes);
  await once(client, "connected");
  aedes.publishWill = () => expect.fail("the will must not be due");
  const left = new Promise((resolve) => {
    aedes.scheduleSessionExpiry = resolve;
  });
  client._parser.emit("packet", { cmd: "disconnect", reasonCode: 0 });
  expect(await left).toBe(client);
});

test("the list is complete, and names nothing that is not touched", () => {
  const sources = globSync("gateway/broker/aedes/*.ts").map((file) => ({
    file,
    source: readFileSync(file, "utf8"),
  }));
  expect(sources.length).toBeGreaterThan(1);
  const listed = Object.keys({ ...CLIENT, ...BROKER });
  const touched = sources
    .filter(({ file }) => !file.endsWith("seam.ts"))
    .map(({ source }) => source.replaceAll(/\/\/.*|\/\*[^]*?\*\//g, ""))
    .join("\n");
  const underscored = [...touched.matchAll(/\.(_\w+)/g)].map(([, name]) => name);
  expect([...new Set(underscored)].sort()).toEqual(
    listed.filter((name) => name.startsWith("_")).sort(),
  );
  for (const name of listed) expect(touched, name).toMatch(new RegExp(`\\.${name}\\b`));
});

test("nobody but the door sees aedes", () => {
  for (const file of globSync("gateway/**/*.ts")) {
    const source = readFileSync(file, "utf8");
    const inside = file.startsWith("gateway/broker/aedes/");
    const imported = inside ? /^$/ : /from "(aedes|[./]+\/aedes\/(?!door\.ts").*)"/;
    expect(source, file).not.toMatch(imported);
  }
});
