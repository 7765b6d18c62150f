// How the devices of the load authenticate with this gateway.
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { type Device, deviceKey } from "../../../contracts/device.ts";
import { DEVICES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { generateSecret, secretCredential } from "../../../gateway/identity/secrets.ts";
import { GATEWAY_OPTIONS } from "../../../gateway/options.ts";
import { eventually } from "../../support/eventually.ts";
import { type Credentials, deviceName } from "./wire.ts";

export interface Provisioning {
  /** Where devices are written; stopped once everything is provisioned. */
  readonly hub: NatsConnection;
  /** Where the gateway reads its copy. */
  readonly region: NatsConnection;
  readonly devices: number;
  /** What they are registered as: a bridge speaks for devices that are not. */
  readonly role: Device["role"];
}

export interface AccessControl {
  readonly name: string;
  /** Returns once the region can authenticate all of them. */
  provision(at: Provisioning): Promise<{
    /** By device index; empty means anonymous. */
    credentials: readonly Credentials[];
    /** Further settings of the gateway. */
    env: Record<string, string>;
  }>;
}

export const ANONYMOUS: AccessControl = {
  name: "none",
  provision: () => Promise.resolve({ credentials: [], env: {} }),
};

const PUTS_AT_ONCE = 256;

/** One generated secret per device, in bucket `devices`, as `skerry devices add` makes them. */
export const DEVICE_SECRETS: AccessControl = {
  name: "a generated secret per device; a device publishes under its own topics only",
  provision: async ({ hub, region, devices, role }) => {
    const bucket = await Bucket.open(hub, DEVICES_BUCKET);
    const credentials: Credentials[] = [];
    for (let index = 0; index < devices; index++)
      credentials.push({ username: deviceName(index), password: generateSecret() });
    for (let from = 0; from < devices; from += PUTS_AT_ONCE)
      await Promise.all(
        credentials.slice(from, from + PUTS_AT_ONCE).map((each) => register(bucket, each, role)),
      );
    const streams = new Streams(region);
    await eventually("the region knows every device", async () => {
      return (await streams.state(bucketStream(DEVICES_BUCKET))).messages >= devices;
    });
    return { credentials, env: {} };
  },
};

async function register(
  bucket: Bucket,
  { username, password }: Credentials,
  role: Device["role"],
): Promise<void> {
  const device: Device = {
    id: username,
    role,
    credentials: [secretCredential(password)],
    createdAtMs: Date.now(),
  };
  await bucket.put(deviceKey(username), JSON.stringify(device));
}

/** Access control as soon as the gateway has an option for it. */
export const accessControlOfGateway = (): AccessControl =>
  Object.values(GATEWAY_OPTIONS).some(({ env }: { env: string }) => env === "SKERRY_ANONYMOUS")
    ? DEVICE_SECRETS
    : ANONYMOUS;
