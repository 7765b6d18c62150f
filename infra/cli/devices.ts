// `skerry devices …`: who may connect. Written at the hub, in force in every region within a second.
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import {
  type Credential,
  DEVICE_ROLES,
  type Device,
  type DeviceRole,
  certificateFingerprint,
  deviceIdProblem,
  readsLogProblem,
  relayFilterProblem,
  speaksForProblem,
} from "../../contracts/device.ts";
import { PASSWORD_CHARS_MIN, passwordCredential } from "../../gateway/identity/passwords.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { changedDevice, revoked, withoutHashes } from "../../cloud/operations/devices/change.ts";
import { importDevices } from "../../cloud/operations/devices/import.ts";
import { type DeviceStore, openDeviceStore } from "../../cloud/operations/devices/store.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { remark, sayJson } from "./kit/output.ts";
import { Progress } from "./kit/progress.ts";
import { UsageError } from "./kit/usage-error.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { instant } from "../../cloud/operations/words.ts";

interface AddOptions extends Place {
  role?: DeviceRole;
  passwordStdin?: boolean;
  certificate?: boolean;
  certificateFingerprint?: string;
  alerts?: boolean;
  topic?: string[];
  relayPublish?: string[];
  relaySubscribe?: string[];
  readsLog?: string[];
  speaksFor?: string[];
  replace?: boolean;
  rotate?: boolean;
}

export function addDevicesCommand(program: Command, say: Say): void {
  const devices = program.command("devices").description("Who may connect, and as what.");

  example(
    place(devices.command("add <id>")),
    "devices add boiler-7",
    "devices add dashboard --role operator --password-stdin < password.txt",
    "devices add plant --role bridge --speaks-for 'room-*' boiler-7",
  )
    .description("Add a device, person or service; its new secret is printed once.")
    .addOption(new Option("--role <role>", "default: device").choices(DEVICE_ROLES))
    .option("--password-stdin", "a chosen password from standard input instead of a new secret")
    .option("--certificate", "a client certificate with this id as CN or SAN instead of a secret")
    .option("--certificate-fingerprint <sha256>", "only this certificate, of that CN or SAN")
    .option("--alerts", "may read alerts/#; roles other than device and bridge may anyway")
    .option("--topic <filters...>", "topics of its own outside devices/, such as tele/boiler-7/#")
    .option(
      "--relay-publish <filters...>",
      "topics outside devices/ and alerts/ it may publish on for other clients; # for all of them",
    )
    .option("--relay-subscribe <filters...>", "those it may subscribe to")
    .option(
      "--reads-log <filters...>",
      "readings of the region's log it may read in a group: a contract, contract/device, # for all",
    )
    .option(
      "--speaks-for <devices...>",
      "of a bridge: ids it speaks for, * for any characters; default: all without a record",
    )
    .option("--replace", "of one that exists: earlier credentials and a revocation end at once")
    .option("--rotate", "of one that exists: the credential before this one stays valid")
    .action((id: string, options: AddOptions) => add(id, options, say));

  example(place(devices.command("list")), "devices list")
    .description("List every device, without its credentials.")
    .option("--json", "as a JSON array")
    .action(async (options: Place & { json?: boolean }) => {
      const { devices: all, problems } = await atHub(options, (store) => store.all());
      for (const problem of problems) remark(`${problem}; nobody gets in with it`);
      if (options.json) return sayJson(say, all.map(withoutHashes));
      for (const device of all) say(describe(device));
      if (all.length === 0) say("no devices");
    });

  example(place(devices.command("revoke <id>")), "devices revoke boiler-7")
    .description("End a device's sessions within seconds and let it in no more.")
    .action(async (id: string, options: Place) => {
      await atHub(options, (store) =>
        store.write(id, (present) => revoked(id, present, Date.now())),
      );
      say(`${id} is revoked`);
    });

  example(
    place(devices.command("import <file>")),
    "devices import devices.csv --secrets-out secrets.csv",
  )
    .description(
      "Add the devices of a CSV file, all or none; columns: id, role, secret, fingerprint, speaks_for.",
    )
    .option("--secrets-out <file>", "new file for generated secrets, readable only by you")
    .option("--skip-existing", "leave devices that exist as they are")
    .option("--generated", "the file's secrets were once written by --secrets-out: no others")
    .action(
      async (
        file: string,
        options: Place & { secretsOut?: string; skipExisting?: boolean; generated?: boolean },
      ) => {
        using progress = new Progress("importing devices", null);
        const report = (added: number, total: number): void => {
          progress.expect(total);
          progress.step(added);
        };
        const { added, generated, skipped } = await atHub(options, (store) =>
          importDevices(store, { ...options, file }, report),
        );
        progress.clear();
        say(`${added} added, ${generated} secrets generated, ${skipped} skipped`);
      },
    );
}

const atHub = <T>(at: Place, work: (store: DeviceStore) => Promise<T>): Promise<T> =>
  withNats(at, HUB, async (hub) => work(await openDeviceStore(hub)));

async function add(id: string, options: AddOptions, say: Say): Promise<void> {
  const problem = deviceIdProblem(id);
  if (problem) throw refused(`"${id}": ${problem}`);
  const { passwordStdin, certificate, certificateFingerprint } = options;
  if (passwordStdin && (certificate || certificateFingerprint !== undefined))
    throw new UsageError("--password-stdin and --certificate exclude each other");
  const { credential, secret } = await newCredential(options);
  for (const pattern of options.speaksFor ?? []) {
    const fault = speaksForProblem(pattern);
    if (fault) throw refused(`--speaks-for ${fault}`);
  }
  for (const filter of [...(options.relayPublish ?? []), ...(options.relaySubscribe ?? [])]) {
    const fault = relayFilterProblem(filter);
    if (fault) throw refused(fault);
  }
  for (const filter of options.readsLog ?? []) {
    const fault = readsLogProblem(filter);
    if (fault) throw refused(`--reads-log ${fault}`);
  }
  const { topic: topics, relayPublish, relaySubscribe, ...rest } = options;
  const relay = {
    ...(relayPublish ? { publish: relayPublish } : {}),
    ...(relaySubscribe ? { subscribe: relaySubscribe } : {}),
  };
  const wanted = {
    ...rest,
    ...(topics ? { topics } : {}),
    ...(relayPublish || relaySubscribe ? { relay } : {}),
  };
  const device = await atHub(options, (store) =>
    store.write(id, (present) => changedDevice(id, present, credential, wanted)),
  );
  remark(`${id} may connect as ${device.role}`);
  if (secret === undefined) return;
  remark("its secret, shown only now (MQTT username: the id, password: the secret):");
  say(secret);
}

async function newCredential(
  options: AddOptions,
): Promise<{ credential: Credential; secret?: string }> {
  if (options.certificateFingerprint !== undefined) {
    const fingerprint = fingerprintOf(options.certificateFingerprint);
    return { credential: { kind: "certificate", fingerprint } };
  }
  if (options.certificate) return { credential: { kind: "certificate" } };
  if (!options.passwordStdin) {
    const secret = generateSecret();
    return { credential: secretCredential(secret), secret };
  }
  const password = (await readAll(process.stdin)).replace(/\r?\n$/, "");
  if (password.length < PASSWORD_CHARS_MIN)
    throw refused(`the password is shorter than ${PASSWORD_CHARS_MIN} characters`);
  return { credential: await passwordCredential(password) };
}

function fingerprintOf(text: string): string {
  try {
    return certificateFingerprint(text);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

/** The kind of a credential; of a certificate's fingerprint as much as tells it from others. */
const describeCredential = (credential: Credential): string =>
  credential.kind === "certificate" && credential.fingerprint !== undefined
    ? `certificate(${credential.fingerprint.slice(0, 16)}…)`
    : credential.kind;

function describe(device: Device): string {
  const { id, role, credentials, alerts, topics, relay, readsLog } = device;
  const { speaksFor, revokedAtMs } = device;
  const parts = [id, role, credentials.map(describeCredential).join("+")];
  if (alerts) parts.push("alerts");
  if (topics?.length) parts.push(topics.join(" "));
  if (relay?.publish) parts.push(`relays to ${relay.publish.join(" ")}`);
  if (relay?.subscribe) parts.push(`hears ${relay.subscribe.join(" ")}`);
  if (readsLog) parts.push(`reads the log of ${readsLog.join(" ")}`);
  if (speaksFor) parts.push(`speaks for ${speaksFor.join(" ")}`);
  if (revokedAtMs !== undefined) parts.push(`revoked ${instant(revokedAtMs)}`);
  return parts.join("  ");
}
