// Members of groups that read a region's log: mqtt.js clients that write down what they get, and a publisher that numbers
// the readings of each device.
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";

export interface Got {
  readonly topic: string;
  readonly device: string;
  readonly value: number;
  readonly position: string;
  readonly member: string;
  readonly body: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
}

export interface LogMember extends AsyncDisposable {
  readonly client: MqttClient;
  /** In the order in which they came; shared by all members that were given the same list. */
  readonly got: Got[];
}

/** Subscribes once; it connects again by itself, and its session is kept. */
export async function startLogMember(
  port: number,
  of: { id: string; filter: string; got?: Got[]; since?: string; options?: IClientOptions },
): Promise<LogMember> {
  const { id, filter, got = [], since, options = {} } = of;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    ...{ clientId: id, protocolVersion: 5, clean: false, reconnectPeriod: 100 },
    properties: { sessionExpiryInterval: 600 },
    ...options,
  });
  client.on("error", () => undefined);
  client.on("message", (topic, payload, packet) => {
    const body = JSON.parse(payload.toString()) as Record<string, unknown>;
    const values = body["values"] as { value: number };
    got.push({
      ...{ topic, member: id, body, value: values.value },
      ...{ device: body["device"] as string, position: body["position"] as string },
      properties: { ...packet.properties?.userProperties },
    });
  });
  const properties = since === undefined ? {} : { properties: { userProperties: { since } } };
  await client.subscribeAsync(filter, { qos: 1, ...properties });
  return {
    client,
    got,
    [Symbol.asyncDispose]: async () => {
      await client.endAsync(true).catch(() => undefined);
    },
  };
}

/** Publishes readings 0, 1, 2, … of each device until it is ended, through outages of the gateway. */
export class NumberedReadings implements AsyncDisposable {
  readonly #client: MqttClient;
  readonly #next = new Map<string, number>();
  /** The number of readings of each device that were acknowledged. */
  readonly acknowledged = new Map<string, number>();

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async start(port: number): Promise<NumberedReadings> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: "numbers", protocolVersion: 4, clean: false, reconnectPeriod: 100 },
    });
    client.on("error", () => undefined);
    return new NumberedReadings(client);
  }

  /** One more of each device. */
  async publish(devices: readonly string[]): Promise<void> {
    await Promise.all(
      devices.map(async (device) => {
        const value = this.#next.get(device) ?? 0;
        this.#next.set(device, value + 1);
        const text = JSON.stringify({ ts: Date.now(), value });
        await this.#client.publishAsync(`devices/${device}/telemetry/measurement`, text, {
          qos: 1,
        });
        this.acknowledged.set(device, Math.max(this.acknowledged.get(device) ?? 0, value + 1));
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true).catch(() => undefined);
  }
}

/** What a group owes: readings of each device that never came, and those whose first coming was out of order. */
export function owed(
  got: readonly Got[],
  acknowledged: ReadonlyMap<string, number>,
): { missing: string[]; disordered: string[] } {
  const next = new Map<string, number>();
  const disordered: string[] = [];
  for (const { device, value } of got) {
    const expected = next.get(device) ?? 0;
    if (value > expected) disordered.push(`${device} ${value} before ${expected}`);
    if (value >= expected) next.set(device, value + 1);
  }
  const missing = [...acknowledged].flatMap(([device, count]) => {
    const seen = new Set(got.filter((one) => one.device === device).map(({ value }) => value));
    return Array.from({ length: count }, (_, n) => n)
      .filter((n) => !seen.has(n))
      .map((n) => `${device} ${n}`);
  });
  return { missing, disordered };
}
