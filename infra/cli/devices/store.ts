// Bucket `devices` at the hub, as the command line writes it: nothing is overwritten unseen.
import { type KV, type NatsConnection, NatsError } from "nats";
import { type Device, checkDevice, deviceKey } from "../../../contracts/device.ts";
import { DEVICES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../kit/refused.ts";

const WRONG_LAST_SEQUENCE = 10071;
/** A write that another writer was faster than is tried again from what that one wrote. */
const ATTEMPTS_MAX = 5;

export class DeviceStore {
  readonly #kv: KV;

  constructor(kv: KV) {
    this.#kv = kv;
  }

  /** In the order of their ids. */
  async all(): Promise<Device[]> {
    const devices: Device[] = [];
    for await (const { key, string, operation } of wrap(await this.#kv.history()))
      if (operation === "PUT") devices.push(parse(key, string));
    return devices.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /**
   * Writes what `change` makes of the present record, undefined if there is none. It may run several
   * times, and throws to refuse.
   */
  async write(id: string, change: (present: Device | undefined) => Device): Promise<Device> {
    const key = deviceKey(id);
    for (let attempt = 1; ; attempt++) {
      const entry = await this.#kv.get(key);
      const present = entry?.operation === "PUT" ? parse(key, entry.string()) : undefined;
      const device = checkDevice(change(present));
      try {
        const text = JSON.stringify(device);
        if (entry) await this.#kv.update(key, text, entry.revision);
        else await this.#kv.create(key, text);
        return device;
      } catch (error) {
        const isConflict =
          error instanceof NatsError && error.api_error?.err_code === WRONG_LAST_SEQUENCE;
        if (!isConflict || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }
}

function parse(key: string, text: string): Device {
  try {
    return checkDevice(JSON.parse(text));
  } catch (error) {
    throw refused(`the record ${key} is unreadable: ${messageOf(error)}`);
  }
}

async function* wrap(
  entries: AsyncIterable<{ key: string; string(): string; operation: string }>,
): AsyncGenerator<{ key: string; string: string; operation: string }> {
  for await (const entry of entries)
    yield { key: entry.key, string: entry.string(), operation: entry.operation };
}

/** The hub's bucket. @throws AppError `CONFIG_INVALID` if the connection is not to the hub. */
export async function openDeviceStore(hub: NatsConnection): Promise<DeviceStore> {
  const { streams } = await hub.jetstreamManager();
  const { config } = await streams.info(bucketStream(DEVICES_BUCKET));
  if (config.mirror)
    throw refused("this nats-server holds a region's copy of the devices: say the hub's URL");
  return new DeviceStore(await hub.jetstream().views.kv(DEVICES_BUCKET, { bindOnly: true }));
}
