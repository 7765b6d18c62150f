// Bucket `devices` at the hub, as the command line writes it: nothing is overwritten unseen.
import { type Device, checkDevice, deviceKey } from "../../../contracts/device.ts";
import { DEVICES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { textOf } from "../../../platform/nats/client/payload.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";

/** A write that another writer was faster than is tried again from what that one wrote. */
const ATTEMPTS_MAX = 5;

export class DeviceStore {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** All devices in the order of their ids, and what is wrong with records that are none. */
  async all(): Promise<{ devices: Device[]; problems: string[] }> {
    const devices: Device[] = [];
    const problems: string[] = [];
    for (const { key, data } of await this.#bucket.records())
      try {
        if (data) devices.push(parse(key, data));
      } catch (error) {
        problems.push(messageOf(error));
      }
    devices.sort((one, other) => (one.id < other.id ? -1 : 1));
    return { devices, problems };
  }

  /**
   * Writes what `change` makes of the present record, undefined if there is none. It may run several
   * times, and throws to refuse.
   */
  async write(id: string, change: (present: Device | undefined) => Device): Promise<Device> {
    await this.#bucket.refuseIfFenced();
    const key = deviceKey(id);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const record = await this.#bucket.get(key);
      const present = record?.data ? parse(key, record.data) : undefined;
      const device = checked(change(present));
      const text = JSON.stringify(device);
      if ((await this.#bucket.replace(key, text, record?.revision ?? 0)) !== null) return device;
    }
    throw refused(`others write "${id}" all the time: try again`);
  }
}

/** @throws AppError `CONFIG_INVALID`, so that whoever asked for it hears what is wrong. */
function checked(device: Device): Device {
  try {
    return checkDevice(device);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

function parse(key: string, data: Uint8Array): Device {
  try {
    return checkDevice(JSON.parse(textOf(data)));
  } catch (error) {
    throw refused(`the record ${key} is unreadable: ${messageOf(error)}`);
  }
}

/** The hub's bucket. @throws AppError `CONFIG_INVALID` if the connection is not to the hub. */
export async function openDeviceStore(hub: NatsConnection): Promise<DeviceStore> {
  if ((await new Streams(hub).state(bucketStream(DEVICES_BUCKET))).mirror)
    throw refused("this nats-server holds a region's copy of the devices: say the hub's URL");
  return new DeviceStore(await Bucket.open(hub, DEVICES_BUCKET));
}
