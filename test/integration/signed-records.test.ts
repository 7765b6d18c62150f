// Goal: whoever may write to a nats-server, as its administrator, but has no key, changes nothing in a region: not by
// a forged record, an old one, one of another key, or a deletion. Method: a hub and a region with real servers; the
// region's readers with trusted keys, and beside each one without, on which every attempt must work.
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { issue } from "../../cloud/operations/commands/store.ts";
import { changedDevice, newSecret, revoked } from "../../cloud/operations/devices/change.ts";
import { openDeviceStore } from "../../cloud/operations/devices/store.ts";
import { deleteRule, openRulesBucket } from "../../cloud/operations/rules/apply.ts";
import { signAll } from "../../cloud/operations/signing/sign-all.ts";
import { deviceKey } from "../../contracts/device.ts";
import { COMMANDS_STREAM, commandFilter } from "../../contracts/names/subjects.ts";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { openRuleBook } from "../../gateway/alerting/rules/rule-book.ts";
import { Commands } from "../../gateway/commands/commands.ts";
import { openIdentity } from "../../gateway/identity/identity.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import type { Unhandled } from "../../platform/nats/lanes/set-aside.ts";
import { KeptRecords } from "../../platform/nats/signed/kept-records.ts";
import { headersOf } from "../../platform/nats/client/publish.ts";
import { RecordGuard, guardRecords } from "../../platform/nats/signed/record-guard.ts";
import { DELETION, sealed, signRecords } from "../../platform/nats/signed/seal.ts";
import { SIGNATURE_HEADER } from "../../platform/nats/signed/signature.ts";
import {
  newSigningKey,
  parseTrustedKeys,
  publicPemOf,
} from "../../platform/nats/signed/trusted-keys.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const logger = makeLogger({}, "silent");
const PEM = newSigningKey();
const SCHEMA: unknown = JSON.parse(
  readFileSync(join(SCHEMAS_DIRECTORY, "environment/v1.json"), "utf8"),
);
const stop = new AbortController();

let world: NatsWorld;
let directory: { path: string } & AsyncDisposable;
/** The administrator without a key, and the hub's own people with one. */
let thief: NatsConnection;
let hub: NatsConnection;

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"] });
  directory = await temporaryDirectory();
  [thief, hub] = [await world.hub.connect(), await world.hub.connect("operator")];
  signRecords(hub, createPrivateKey(PEM));
});
afterAll(async () => {
  stop.abort();
  await world[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const keys = { ids: [], get: (id: string) => parseTrustedKeys(publicPemOf(PEM)).get(id) };
const keptFile = (name: string): string => join(directory.path, `${name}.sqlite`);

async function regionConnection(keptAs: string | null, takesUnsigned = false) {
  const connection = await world.region("eu").connect();
  if (keptAs !== null) {
    const kept = new KeptRecords(keptFile(keptAs));
    guardRecords(connection, new RecordGuard({ keys, kept, takesUnsigned, logger }));
  }
  return connection;
}

/** A reader's state in words, and what it did not take. */
interface Reader {
  readonly state: () => string | Promise<string>;
  readonly refused: string[];
}
type OpenReader = (connection: NatsConnection) => Promise<Reader>;

const asideOf = (refused: string[]) => ({
  note: ({ reason, why }: Unhandled) => void (reason === "unverified" && refused.push(String(why))),
  put: () => Promise.resolve(),
  mended: () => undefined,
});
const judgedInto =
  (refused: string[]) =>
  (_: unknown, problem: string | null, reason?: string): void =>
    void (reason === "unverified" && refused.push(problem!));

interface Attempt {
  readonly subject: string;
  readonly data: string | Uint8Array;
  readonly headers?: ReturnType<typeof headersOf>;
  /** What the reader with keys says. */
  readonly why: RegExp;
  /** False where even a reader without keys takes no notice. */
  readonly works?: boolean;
}

/** Makes each attempt: it changes the state without keys, and with keys it does not. */
async function attack(open: OpenReader, keptAs: string, attempts: () => Promise<Attempt[]>) {
  const guarded = await open(await regionConnection(keptAs));
  const open_ = await open(await regionConnection(null));
  const inForce = await guarded.state();
  expect(await open_.state()).toBe(inForce);
  for (const { subject, data, headers: with_, why, works = true } of await attempts()) {
    const [before, told] = [await open_.state(), guarded.refused.length];
    await thief.jetstream().publish(subject, data, with_ ? { headers: with_ } : {});
    if (works)
      await eventually("it works without keys", async () => (await open_.state()) !== before);
    await eventually("it is refused", () => guarded.refused.length > told);
    expect(guarded.refused.at(-1)).toMatch(why);
    expect(await guarded.state()).toBe(inForce);
  }
  // Over a restart too: nothing of what is in the bucket now is in force.
  expect(await (await open(await regionConnection(keptAs))).state()).toBe(inForce);
  return guarded;
}

const mark = () => headersOf(DELETION);
const withSignature = (signature: string) => headersOf({ [SIGNATURE_HEADER]: signature });

const newest = async (stream: string, subject: string) =>
  (await new Streams(hub).newest(stream, subject))!;

async function caughtUp(bucket: string): Promise<void> {
  const region = new Streams(await world.region("eu").connect());
  const { lastSeq } = await new Streams(hub).state(bucket);
  await eventually(
    "the region has it",
    async () => (await region.state(bucket)).lastSeq === lastSeq,
  );
}

test("devices: a revocation is not undone, and nobody is registered", async () => {
  const { credential, secret } = newSecret();
  const store = await openDeviceStore(hub);
  const subject = `$KV.devices.${deviceKey("boiler")}`;
  await store.write("boiler", () => changedDevice("boiler", undefined, credential, {}));
  const valid = await newest("KV_devices", subject);
  await store.write("boiler", (present) => revoked("boiler", present, Date.now()));
  await caughtUp("KV_devices");
  const open: OpenReader = async (connection) => {
    const refused: string[] = [];
    const parts = { connection, logger, anonymous: "off", setAside: asideOf(refused) } as const;
    const identity = await openIdentity(parts, stop.signal);
    void identity.run(stop.signal, () => undefined);
    const state = async (): Promise<string> => {
      const answers = ["boiler", "mallory"].map((id) =>
        identity.authenticate({
          ...{ clientId: id, username: id, password: Buffer.from(secret) },
          ...{ certificate: undefined, remoteAddress: "127.0.0.1" },
        }),
      );
      const allowed = (await Promise.all(answers)).map((answer) => answer.allowed);
      return JSON.stringify([allowed, identity.devices]);
    };
    return { state, refused };
  };
  const mallory = JSON.stringify(changedDevice("mallory", undefined, credential, {}));
  const at = `$KV.devices.${deviceKey("mallory")}`;
  await attack(open, "devices", () =>
    Promise.resolve([
      { subject: at, data: mallory, why: /not signed/ },
      { subject, data: valid.data, headers: withSignature(valid.signature!), why: /it is older/ },
      { subject, data: "", headers: mark(), why: /not signed/ },
      {
        ...{ subject: at, data: mallory, headers: withSignature(valid.signature!) },
        ...{ why: /not of this record at this place/, works: false },
      },
    ]),
  );
});

test("rules: none is changed, brought back or deleted; a signed deletion counts", async () => {
  const bucket = await openRulesBucket(hub);
  const rule = (version: number, above: number, id = "level-high") =>
    JSON.stringify({
      id,
      version,
      kind: "threshold",
      contract: "environment",
      when: `co2 > ${above}`,
    });
  const subject = "$KV.rules.level-high";
  await bucket.put("level-high", rule(1, 100));
  const old = await newest("KV_rules", subject);
  await bucket.put("level-high", rule(2, 200));
  await caughtUp("KV_rules");
  const open: OpenReader = async (connection) => {
    const refused: string[] = [];
    const catalog = await openContractRegistry(
      { connection, shippedDirectory: SCHEMAS_DIRECTORY, logger },
      stop.signal,
    );
    const of = { connection, configured: [], catalog, logger, judged: judgedInto(refused) };
    const book = await openRuleBook(of, stop.signal);
    const state = () =>
      JSON.stringify([book.rules.map(({ id, version }) => [id, version]), book.waiting]);
    return { state, refused };
  };
  const guarded = await attack(open, "rules", () =>
    Promise.resolve([
      { subject, data: rule(9, 9), why: /not signed/ },
      { subject, data: old.data, headers: withSignature(old.signature!), why: /it is older/ },
      { subject, data: "", headers: mark(), why: /not signed/ },
      { subject: "$KV.rules.valve", data: rule(1, 1, "valve"), why: /not signed/ },
      {
        ...{ subject: "$KV.rules.other", data: old.data, headers: withSignature(old.signature!) },
        ...{ why: /not of this record at this place/, works: false },
      },
    ]),
  );
  // Nobody makes a forged rule a good one by changing it: it is removed, and written again.
  await thief.jetstream().publish(subject, rule(10, 10));
  await expect(bucket.put("level-high", rule(11, 11))).rejects.toThrow(/look at it/);
  const before = await guarded.state();
  await deleteRule(bucket, "level-high");
  await eventually("the signed deletion counts", async () => (await guarded.state()) !== before);
});

test("contracts: no version is added or moved", async () => {
  const subject = "$KV.contracts.tank.v1";
  const value = JSON.stringify({ schema: SCHEMA, publishedAtMs: 1, mode: "BACKWARD" });
  const record = { stream: "KV_contracts", subject, data: Buffer.from(value) };
  await hub.jetstream().publish(subject, value, { headers: (await sealed(hub, record))! });
  const good = await newest("KV_contracts", subject);
  await caughtUp("KV_contracts");
  const open: OpenReader = async (connection) => {
    const refused: string[] = [];
    const parts = {
      connection,
      shippedDirectory: SCHEMAS_DIRECTORY,
      logger,
      judged: judgedInto(refused),
    };
    const catalog = await openContractRegistry(parts, stop.signal);
    return { state: () => JSON.stringify(catalog.versions("tank")), refused };
  };
  await attack(open, "contracts", () =>
    Promise.resolve([
      { subject: "$KV.contracts.tank.v2", data: value, why: /not signed/ },
      {
        ...{ subject: "$KV.contracts.tank.v3", data: value },
        ...{ headers: withSignature(good.signature!), why: /not of this record at this place/ },
      },
      { subject, data: "", headers: mark(), why: /not signed/, works: false },
    ]),
  );
});

test("commands: none is forged or sent to another device; a signed one is open", async () => {
  const command = (device: string, id: string, expiresAtMs = Date.now() + 600_000) => ({
    ...{ device, id, payload: { valve: "open" } },
    ...{ issuedAtMs: expiresAtMs - 600_000, expiresAtMs, by: "anna" },
  });
  await issue(hub, command("valve-1", "good"));
  await caughtUp(COMMANDS_STREAM);
  const subject = commandFilter(command("valve-1", "good"));
  const { signature } = await newest(COMMANDS_STREAM, subject);
  const open: OpenReader = async (connection) => {
    const refused: string[] = [];
    const commands = new Commands({
      ...{ connection, region: "eu", setAside: asideOf(refused), logger },
      ...{ clock: Date.now, signal: stop.signal },
    });
    const published = () => Promise.resolve();
    await commands.prepare({
      ...{ publish: published, unretain: () => undefined },
      retained: () => new Map<string, Buffer>(),
    });
    void commands.run(stop.signal);
    return { state: () => String(commands.status.open), refused };
  };
  const forged = command("valve-1", "forged");
  const moved = command("valve-2", "good");
  const guarded = await attack(open, "commands", () =>
    Promise.resolve([
      { subject: commandFilter(forged), data: JSON.stringify(forged), why: /not signed/ },
      {
        ...{ subject: commandFilter(moved), data: JSON.stringify(moved) },
        ...{ headers: withSignature(signature!), why: /not of this record at this place/ },
      },
    ]),
  );
  expect(await guarded.state()).toBe("1");
});

test("the command line: a key is made privately, unsigned records are signed, nobody writes without it", async () => {
  const file = join(directory.path, "signing.key");
  const made = await skerry(["keys", "make", file]);
  expect(made).toMatchObject({ code: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(parseTrustedKeys(made.out).size).toBe(1);
  expect((await skerry(["keys", "make", file])).code).toBe(1);
  expect(readFileSync(file, "utf8")).toContain("PRIVATE KEY");
  writeFileSync(file, PEM);
  const env = { SKERRY_SIGNING_KEY_FILE: file };
  const without = await skerry(["rules", "delete", "valve", "--nats", world.hub.url]);
  expect(without.code, without.out).toBe(0); // It is not signed, so nobody needs a key for it.
  const look = await skerry(["keys", "sign-all", "--dry-run", "--nats", world.hub.url], { env });
  expect(look.out).toContain("$KV.rules.valve (was unsigned, removed)");
  await skerry(["keys", "sign-all", "--nats", world.hub.url], { env });
  expect(await signAll(hub)).toEqual([]);
  const refused = await skerry(["devices", "revoke", "mallory", "--nats", world.hub.url]);
  expect(refused.out).toContain("name the private key in SKERRY_SIGNING_KEY_FILE");
  expect(existsSync(keptFile("devices"))).toBe(true);
});
