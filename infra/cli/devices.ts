// `skerry devices …`: who may connect. Written at the hub, in force in every region within a second.
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import {
  type Credential,
  DEVICE_ROLES,
  type Device,
  type DeviceRole,
  deviceIdProblem,
} from "../../contracts/device.ts";
import { PASSWORD_CHARS_MIN, passwordCredential } from "../../gateway/identity/passwords.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { importDevices } from "./devices-import.ts";
import { type DeviceStore, refused, withDeviceStore } from "./devices-store.ts";
import { natsTarget } from "./target.ts";

/** With `--rotate`, the new credential and the one before it are valid. */
const CREDENTIALS_WHILE_ROTATING = 2;

interface HubOptions {
  nats?: string;
  dataDir: string;
}

interface AddOptions extends HubOptions {
  role?: DeviceRole;
  passwordStdin?: boolean;
  certificate?: boolean;
  alerts?: boolean;
  topic?: string[];
  replace?: boolean;
  rotate?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** Beside stdout, so that `SECRET=$(skerry devices add …)` gets the secret alone. */
const remark = (line: string): void => void process.stderr.write(`${line}\n`);

export function addDevicesCommand(program: Command): void {
  const devices = program.command("devices").description("who may connect, and as what");
  const command = (usage: string, description: string): Command =>
    devices
      .command(usage)
      .description(description)
      .option("--nats <url>", "the hub's nats-server, nats://user:password@host:port")
      .option("--data-dir <dir>", "of the local installation", ".skerry");

  command("add <id>", "add a device, person or service; its new secret is printed once")
    .addOption(new Option("--role <role>", "default: device").choices(DEVICE_ROLES))
    .option("--password-stdin", "a chosen password from standard input instead of a new secret")
    .option("--certificate", "a client certificate with this id as CN or SAN instead of a secret")
    .option("--alerts", "may read alerts/#; roles other than device and bridge may anyway")
    .option("--topic <filters...>", "topics of its own outside devices/, such as tele/boiler-7/#")
    .option("--replace", "of one that exists: earlier credentials and a revocation end at once")
    .option("--rotate", "of one that exists: the credential before this one stays valid")
    .action((id: string, options: AddOptions) => add(id, options));

  command("list", "every device, without its credentials")
    .option("--json", "as a JSON array")
    .action(async (options: HubOptions & { json?: boolean }) => {
      const all = await atHub(options, (store) => store.all());
      if (options.json) return say(JSON.stringify(all.map(withoutHashes), null, 2));
      for (const device of all) say(describe(device));
      if (all.length === 0) say("no devices");
    });

  command("revoke <id>", "end its sessions within seconds and let it in no more").action(
    async (id: string, options: HubOptions) => {
      await atHub(options, (store) =>
        store.write(id, (present) => {
          if (!present) throw refused(`there is no "${id}"`);
          return { ...present, revokedAtMs: present.revokedAtMs ?? Date.now() };
        }),
      );
      say(`${id} is revoked`);
    },
  );

  command("import <file>", "add the devices of a CSV file: columns id, role, secret; all or none")
    .option("--secrets-out <file>", "new file for generated secrets, readable only by you")
    .option("--skip-existing", "leave devices that exist as they are")
    .action(
      async (
        file: string,
        options: HubOptions & { secretsOut?: string; skipExisting?: boolean },
      ) => {
        const { added, generated, skipped } = await atHub(options, (store) =>
          importDevices(store, { ...options, file }),
        );
        say(`${added} added, ${generated} secrets generated, ${skipped} skipped`);
      },
    );
}

const atHub = <T>(options: HubOptions, work: (store: DeviceStore) => Promise<T>): Promise<T> =>
  withDeviceStore(natsTarget(options, "hub"), work);

async function add(id: string, options: AddOptions): Promise<void> {
  const problem = deviceIdProblem(id);
  if (problem) throw refused(`"${id}": ${problem}`);
  if (options.passwordStdin && options.certificate)
    throw refused("--password-stdin and --certificate exclude each other");
  const { credential, secret } = await newCredential(options);
  const device = await atHub(options, (store) =>
    store.write(id, (present) => changed(id, present, credential, options)),
  );
  remark(`${id} may connect as ${device.role}`);
  if (secret === undefined) return;
  remark("its secret, shown only now (MQTT username: the id, password: the secret):");
  say(secret);
}

async function newCredential(
  options: AddOptions,
): Promise<{ credential: Credential; secret?: string }> {
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

function changed(
  id: string,
  present: Device | undefined,
  credential: Credential,
  { role, alerts, topic, replace, rotate }: AddOptions,
): Device {
  const isChange = replace === true || rotate === true;
  if (present && !isChange) throw refused(`"${id}" exists: say --replace or --rotate`);
  if (!present && isChange) throw refused(`there is no "${id}"`);
  if (rotate && present?.revokedAtMs !== undefined)
    throw refused(`"${id}" is revoked: say --replace`);
  const before = rotate ? (present?.credentials ?? []) : [];
  const { revokedAtMs: _, ...kept } = present ?? {
    id,
    role: "device" as const,
    createdAtMs: Date.now(),
  };
  return {
    ...kept,
    ...(role ? { role } : {}),
    ...(alerts ? { alerts } : {}),
    ...(topic ? { topics: topic } : {}),
    credentials: [...before, credential].slice(-CREDENTIALS_WHILE_ROTATING),
  };
}

const withoutHashes = ({ credentials, ...device }: Device) => ({
  ...device,
  credentials: credentials.map(({ kind }) => kind),
});

function describe({ id, role, credentials, alerts, topics, revokedAtMs }: Device): string {
  const parts = [id, role, credentials.map(({ kind }) => kind).join("+")];
  if (alerts) parts.push("alerts");
  if (topics?.length) parts.push(topics.join(" "));
  if (revokedAtMs !== undefined) parts.push(`revoked ${new Date(revokedAtMs).toISOString()}`);
  return parts.join("  ");
}
