// What is tried at a gateway's listener of HTTP: speaking for others, with and without credentials, keys of others,
// pages of strangers, guesses, and requests that a proxy and a gateway may read in two ways.
import type { Attempt, WallName } from "../attempt.ts";
import type { EdgeArena } from "./arena.ts";
import { type Asked, ask, basic, sayRaw } from "./http-ask.ts";

type Of = Attempt<EdgeArena>;

const READINGS = "the readings of another device, and its alerts";
const reading = (value = 666): string => JSON.stringify({ ts: Date.now(), value });
const lost = (): string =>
  JSON.stringify({ ts: Date.now(), state: "offline", reason: "will", gateway: "forged" });

/** Ways to show who one is; `null` where the gateway that lets in anonymous clients is asked. */
interface Way {
  readonly name: string;
  readonly role: string;
  readonly isGuest?: true;
  readonly headers: (arena: EdgeArena) => Record<string, string>;
}

const DEVICE = "a registered device";
const mallory: Way[] = [
  { name: "basic", role: DEVICE, headers: (arena) => basic("mallory", arena.secretOf("mallory")) },
  {
    ...{ name: "bearer", role: DEVICE },
    headers: (arena) => ({ authorization: `Bearer ${arena.secretOf("mallory")}` }),
  },
  {
    ...{ name: "token", role: DEVICE },
    headers: (arena) => ({ authorization: `Token mallory:${arena.secretOf("mallory")}` }),
  },
];
const relay: Way = {
  ...{ name: "relay", role: "a bridge that names other devices" },
  headers: (arena) => basic("relay", arena.secretOf("relay")),
};
const guests: Way[] = [
  {
    ...{ name: "guest", role: "an anonymous client, where they are let in", isGuest: true },
    headers: () => ({}),
  },
  {
    ...{ name: "empty", role: "an anonymous client, where they are let in", isGuest: true },
    headers: () => basic("", ""),
  },
];

/** Addresses and bodies that speak for a device. */
interface Said {
  readonly name: string;
  readonly path: string;
  readonly asked: () => Asked;
}
const JSON_LINES = { "content-type": "application/x-ndjson" };
const SAID = (device: string): Said[] => [
  {
    ...{ name: "json", path: `/v1/devices/${device}/telemetry/measurement` },
    asked: () => ({ body: reading() }),
  },
  {
    ...{ name: "lines", path: `/v1/devices/${device}/telemetry/measurement/v1` },
    asked: () => ({ body: `${reading()}\n${reading(667)}\n`, headers: JSON_LINES }),
  },
  {
    ...{
      name: "escaped",
      path: `/v1/devices/%${device.charCodeAt(0).toString(16)}${device.slice(1)}/telemetry/measurement`,
    },
    asked: () => ({ body: `[${reading()}]` }),
  },
  {
    ...{ name: "influx-1", path: "/write?precision=ms" },
    asked: () => ({ body: `measurement,device=${device} value=666 ${Date.now()}` }),
  },
  {
    ...{ name: "influx-2", path: "/api/v2/write?precision=ms" },
    asked: () => ({ body: `measurement,device=${device} value=666 ${Date.now()}` }),
  },
];

const speaking = (way: Way, device: string, wall: WallName): Of[] =>
  SAID(device).map(({ name, path, asked }) => ({
    ...{ wall, role: way.role, harms: READINGS },
    id: `http-ingest/${way.name}/${device}/${name}`,
    tries: `send readings of ${device} over HTTP`,
    trick: `POST ${path}`,
    control: `http ${way.isGuest ? "guest" : way.role} ${wall} ${name}`,
    run: async (arena) => {
      const { headers = {}, body } = asked();
      const port = way.isGuest ? arena.ports.openHttp : arena.ports.closedHttp;
      await ask(port, path, { body: body!, headers: { ...headers, ...way.headers(arena) } });
      return null;
    },
  }));

const reserved: Of[] = [relay, ...guests.slice(0, 1)].flatMap((way) =>
  ["", "/v1"].map((version) => ({
    ...{ wall: "presence" as const, role: way.role, harms: "whether a loss is noticed" },
    id: `http-ingest/${way.name}/presence${version}`,
    tries: "report a device as lost",
    trick: `a reading of contract presence${version} over HTTP`,
    control: `http ${way.name} presence`,
    run: async (arena: EdgeArena) => {
      const port = way.isGuest ? arena.ports.openHttp : arena.ports.closedHttp;
      const path = `/v1/devices/room-8/telemetry/presence${version}`;
      await ask(port, path, { body: lost(), headers: way.headers(arena) });
      return null;
    },
  })),
);

/** Logins with what one does not have; anything but a refusal is the harm. */
const LOGINS: readonly {
  readonly what: string;
  readonly wall: WallName;
  readonly path?: (arena: EdgeArena) => string;
  readonly headers?: (arena: EdgeArena) => Record<string, string>;
}[] = [
  {
    ...{ what: "victim with one's own secret", wall: "secrets" },
    headers: (arena) => basic("victim", arena.secretOf("mallory")),
  },
  {
    ...{ what: "victim with one's own secret as its token", wall: "secrets" },
    headers: (arena) => ({ authorization: `Bearer victim:${arena.secretOf("mallory")}` }),
  },
  {
    ...{ what: "victim with a guessed token in the address", wall: "secrets" },
    path: () => "/api/v1/victim:AAAAAAAAAAAAAAAAAAAAAA/telemetry?contract=measurement",
  },
  {
    ...{ what: "victim with a guess in the query", wall: "secrets" },
    path: () => "/write?u=victim&p=AAAAAAAAAAAAAAAAAAAAAA",
  },
  {
    ...{ what: "a revoked device with its secret", wall: "secrets" },
    headers: (arena) => basic("gone", arena.secretOf("gone")),
  },
  {
    ...{ what: "a revoked device with its secret in the address", wall: "secrets" },
    path: (arena) => `/api/v1/gone:${arena.secretOf("gone")}/telemetry?contract=measurement`,
  },
  { what: "nobody", wall: "anonymous" },
  {
    ...{ what: "nobody, with empty credentials", wall: "anonymous" },
    headers: () => basic("", ""),
  },
  { ...{ what: "nobody, in the query", wall: "anonymous" }, path: () => "/write?u=&p=" },
];

const loggingIn: Of[] = LOGINS.map(({ what, wall, path, headers }) => ({
  ...{ wall, role: "anybody in the network", harms: "everything that the other may say" },
  id: `http-ingest/login/${what}`,
  tries: `log in as ${what}`,
  trick: "credentials of a request",
  control: `http login ${what}`,
  comparesState: false,
  run: async (arena) => {
    const to = path?.(arena) ?? "/v1/devices/room-9/telemetry/measurement";
    const line = to.startsWith("/write");
    const body = line ? "measurement,device=room-9 value=1" : reading();
    const { status } = await ask(arena.ports.closedHttp, to, {
      body,
      headers: headers?.(arena) ?? {},
    });
    return status === 401 || status === 429 ? null : `answered ${status}`;
  },
}));

/** Whether an id is known, from what is answered to a wrong secret. */
const telling: Of[] = (["header", "query", "address"] as const).map((place) => ({
  ...{
    wall: "secrets" as const,
    role: "anybody in the network",
    harms: "the secrecy of who exists",
  },
  id: `http-ingest/tell-who-exists/${place}`,
  tries: "find out which ids have a record",
  trick: `a wrong secret in the ${place}, for ids with, without and with a revoked record`,
  control: `http tell ${place}`,
  comparesState: false as const,
  run: async (arena: EdgeArena) => {
    const answers = new Set<string>();
    // Too many failures of an address are answered in another way, whoever they are about.
    const from = `127.0.2.${(arena.next() % 250) + 1}`;
    for (const id of ["victim", "nobody-here", "gone", "__proto__"]) {
      const sinceMs = performance.now();
      const path = {
        header: "/v1/devices/room-9/telemetry/measurement",
        query: `/write?u=${id}&p=AAAAAAAAAAAAAAAAAAAAAA`,
        address: `/api/v1/${id}:AAAAAAAAAAAAAAAAAAAAAA/telemetry?contract=measurement`,
      }[place];
      const headers = place === "header" ? basic(id, "AAAAAAAAAAAAAAAAAAAAAA") : {};
      const { status, text } = await ask(arena.ports.closedHttp, path, {
        body: "{}",
        headers,
        from,
      });
      const isSoon = performance.now() - sinceMs < FAILURE_MS;
      answers.add(`${status} ${isSoon ? "soon" : "late"} ${text}`);
    }
    return answers.size > 1 ? `they are told apart: ${[...answers].join(" | ")}` : null;
  },
}));
/** Failures of login take 300 ms. */
const FAILURE_MS = 250;

const STRANGERS: readonly (readonly [wall: WallName, headers: Record<string, string>])[] = [
  ["hosts", { host: "evil.example" }],
  ["hosts", { host: "localhost.evil.example" }],
  ["hosts", { host: "user@localhost" }],
  ["ws-origins", { origin: "http://evil.example" }],
  ["ws-origins", { origin: "null" }],
  ["ws-origins", { origin: "http://localhost:1" }],
  ["ws-origins", { origin: "file://" }],
];

const asPage: Of[] = STRANGERS.flatMap(([wall, headers]) =>
  ["text/plain", "application/x-www-form-urlencoded"].map((type) => ({
    ...{ wall, role: "a stranger's page in a browser of the network", harms: READINGS },
    id: `http-ingest/page/${JSON.stringify(headers)}/${type}`,
    tries: "send readings of room-7 over HTTP, as this machine may",
    trick: `a form with ${Object.entries(headers).flat().join(": ")}, ${type}`,
    control: `http page ${JSON.stringify(headers)}`,
    run: async (arena: EdgeArena) => {
      const sent = { body: reading(), headers: { "content-type": type, ...headers } };
      await ask(arena.ports.openHttp, "/v1/devices/room-7/telemetry/measurement", sent);
      return null;
    },
  })),
);

const own = "/v1/devices/victim/telemetry/measurement";
const keyed: Of[] = [
  {
    ...{
      wall: "http-keys",
      role: DEVICE,
      harms: "the secrecy of what another sent, and its answer",
    },
    id: "http-ingest/key/answer",
    tries: "get the answer that another device had",
    trick: "its Idempotency-Key with its request",
    control: "http key answer",
    comparesState: false,
    run: async (arena) => {
      const key = { "idempotency-key": `order-${arena.next()}` };
      const body = reading(1);
      const of = (id: string) => ({ body, headers: { ...key, ...basic(id, arena.secretOf(id)) } });
      await ask(arena.ports.closedHttp, own, of("victim"));
      const { headers } = await ask(arena.ports.closedHttp, own, of("mallory"));
      return headers["idempotency-replayed"] ? "the answer of the other was given" : null;
    },
  },
  {
    ...{
      wall: "http-keys",
      role: DEVICE,
      harms: "a reading of another: it is refused, or never counted",
    },
    id: "http-ingest/key/taken",
    tries: "have a request of another device refused",
    trick: "its Idempotency-Key, used before it",
    control: "http key taken",
    comparesState: false,
    run: async (arena) => {
      const key = { "idempotency-key": `order-${arena.next()}` };
      const of = (id: string, value: number) => ({
        body: reading(value),
        headers: { ...key, ...basic(id, arena.secretOf(id)) },
      });
      await ask(arena.ports.closedHttp, own, of("mallory", 1));
      const { status, text } = await ask(arena.ports.closedHttp, own, of("victim", 2));
      return status === 200 ? null : `the other was answered ${status}: ${text.slice(0, 60)}`;
    },
  },
];

/** Guesses that one transport has used up are used up for the other as well. */
const guessing: Of[] = (["HTTP, then MQTT", "MQTT, then HTTP"] as const).map((order, at) => ({
  ...{
    wall: "guesses" as const,
    role: "anybody in the network",
    harms: "accounts with a chosen password",
  },
  id: `http-ingest/guess/${at}`,
  tries: "guess a password more often than one may",
  trick: `guesses over ${order}, from one address`,
  control: `http guess ${at}`,
  comparesState: false as const,
  run: async (arena: EdgeArena) => {
    const from = `127.0.1.${(arena.next() % 250) + 1}`;
    const id = await arena.putPerson(`person-${arena.next()}`, RIGHT);
    const overHttp = async (password: string): Promise<boolean> => {
      const asked = { body: "", from, headers: basic(id, password) };
      const path = `/v1/devices/${id}/telemetry/measurement`;
      // Whoever is let in hears that there is no reading in it.
      return (await ask(arena.ports.closedHttp, path, asked)).status === 400;
    };
    const overMqtt = async (password: string): Promise<boolean> => {
      const login = { version: 5, clientId: id, username: id, password, from } as const;
      const { client, code } = await arena.login(login);
      client.socket.destroy();
      return code === 0;
    };
    const [first, second] = at === 0 ? [overHttp, overMqtt] : [overMqtt, overHttp];
    for (let guess = 0; guess <= GUESSES_OF_ONE_PLACE; guess++) await first(`wrong-${guess}`);
    return (await second(RIGHT)) ? "the right guess came behind too many, and was let in" : null;
  },
}));
const RIGHT = "correct horse battery";
const GUESSES_OF_ONE_PLACE = 10;

const HEAD = "POST /v1/devices/room-6/telemetry/measurement HTTP/1.1\r\nHost: localhost\r\n";
const HIDDEN = "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** Requests of which one reader sees one and another two. */
const SHAPES: Readonly<Record<string, string>> = {
  "Content-Length and Transfer-Encoding": `${HEAD}Content-Length: ${5 + HIDDEN.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "a space before the colon": `${HEAD}Content-Length: ${5 + HIDDEN.length}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "a line feed as line end": `${HEAD}X: 1\nTransfer-Encoding: chunked\r\nContent-Length: ${5 + HIDDEN.length}\r\n\r\n0\r\n\r\n${HIDDEN}`,
};

const smuggling: Of[] = Object.entries(SHAPES).map(([what, bytes]) => ({
  ...{
    wall: "http-shapes" as const,
    role: "whoever is behind one proxy with others",
    harms: "requests of others behind the same proxy",
  },
  id: `http-ingest/smuggle/${what}`,
  tries: "put a request of one's own into the connection of a proxy",
  trick: `a request with ${what}`,
  control: `http smuggle ${what}`,
  comparesState: false as const,
  run: async (arena: EdgeArena) => {
    const said = await sayRaw(arena.ports.openHttp, bytes);
    const answers = said.match(/HTTP\/1\.1 (?!400)\d+/g) ?? [];
    return answers.length > 0 ? `it was answered: ${answers.join(", ")}` : null;
  },
}));

export const HTTP_ATTEMPTS: readonly Of[] = [
  ...mallory.flatMap((way) => speaking(way, "victim", "topics")),
  ...speaking(relay, "victim", "speech"),
  ...guests.flatMap((way) => speaking(way, "victim", "topics")),
  ...[...reserved, ...loggingIn, ...telling, ...asPage, ...keyed, ...guessing, ...smuggling],
];
