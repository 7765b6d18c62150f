// A hub with two regions whose store may go back or be lost, and the question who gets in where.
import { cp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { changedDevice, newSecret, revoked } from "../../cloud/operations/devices/change.ts";
import { openDeviceStore } from "../../cloud/operations/devices/store.ts";
import { applyTopology } from "../../platform/nats/topology/apply-topology.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { fenceOf } from "../../platform/nats/client/fence.ts";
import { differencesOf, readRecords } from "../../platform/nats/history/records.ts";
import { PARTITIONS_DEFAULT } from "../../platform/nats/topology/topology.ts";
import { eventually } from "./eventually.ts";
import { type NatsUnderTest, type NatsWorld, startHubAndRegions } from "./nats.ts";
import { type RunningIdentity, startIdentity } from "./running-identity.ts";
import { type Service, startService } from "./services.ts";
import { skerry } from "./skerry.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const REGIONS = ["eu", "us"] as const;
const LOG_BYTES_MAX = 1024 ** 3;

export class HubDrill implements AsyncDisposable {
  readonly world: NatsWorld;
  readonly #stack: AsyncDisposableStack;
  readonly #backup: string;
  readonly #running: ReadonlyMap<string, RunningIdentity>;
  readonly #secrets = new Map<string, string>();

  private constructor(
    world: NatsWorld,
    stack: AsyncDisposableStack,
    of: { backup: string; running: ReadonlyMap<string, RunningIdentity> },
  ) {
    this.world = world;
    this.#stack = stack;
    this.#backup = of.backup;
    this.#running = of.running;
  }

  /** @param natsServer another program than the `nats-server` of the PATH. */
  static async start(natsServer?: string): Promise<HubDrill> {
    const stack = new AsyncDisposableStack();
    const backup = stack.use(await temporaryDirectory()).path;
    const program = natsServer === undefined ? {} : { natsServer };
    const world = stack.use(await startHubAndRegions({ regions: REGIONS, ...program }));
    const running = new Map<string, RunningIdentity>();
    for (const region of REGIONS)
      running.set(region, stack.use(await startIdentity(world.region(region))));
    return new HubDrill(world, stack, { backup, running });
  }

  async startSteward(): Promise<Service> {
    const steward = await startService("cloud/steward/main.ts", {
      SKERRY_NATS_URL: this.world.hub.urlOf("steward"),
      SKERRY_SINK: "file",
      SKERRY_REGIONS: REGIONS.join(","),
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    });
    this.#stack.use(steward.process);
    return steward;
  }

  /** Adds a device as the console does. */
  async add(id: string): Promise<void> {
    const { credential, secret } = newSecret();
    const store = await this.#devices();
    await store.write(id, (present) => changedDevice(id, present, credential, {}));
    this.#secrets.set(id, secret);
  }

  async revoke(id: string): Promise<void> {
    const store = await this.#devices();
    await store.write(id, (present) => revoked(id, present, Date.now()));
  }

  async #devices() {
    return openDeviceStore(await this.world.hub.connect("console"));
  }

  /** True if every region lets exactly these of the devices in, with a gateway that runs and with one that starts. */
  async letsInOnly(ids: readonly string[]): Promise<boolean> {
    const wrong: string[] = [];
    for (const [region, running] of this.#running) {
      await using fresh = await startIdentity(this.world.region(region));
      for (const [kind, identity] of Object.entries({ running, fresh }))
        for (const [id, secret] of this.#secrets)
          if ((await identity.letsIn(id, secret)) !== ids.includes(id))
            wrong.push(`${region} (${kind}): ${id}`);
    }
    if (wrong.length > 0) throw new Error(`wrong about ${wrong.join(", ")}`);
    return true;
  }

  /** True if every region knows a device. */
  async reaches(id: string): Promise<boolean> {
    const known = [...this.#running.values()].map((one) => one.letsIn(id, this.#secrets.get(id)!));
    return (await Promise.all(known)).every(Boolean);
  }

  /** Keeps a server's store as it is now, the hub's if no other is named. */
  async keepStore({ process, store } = this.world.hub): Promise<void> {
    await process.stop("SIGTERM");
    await cp(store, join(this.#backup, basename(store)), { recursive: true });
    await process.start();
  }

  /** Puts the store that was kept in the place of what is there. */
  async rollBack(server = this.world.hub): Promise<void> {
    const { store } = server;
    const kept = join(this.#backup, basename(store));
    await this.#replaceStore(server, () => cp(kept, store, { recursive: true }));
  }

  /** Empties the hub's store, and makes its streams as the manual says. */
  async wipe(): Promise<void> {
    await this.#replaceStore(this.world.hub, () => Promise.resolve());
    await applyTopology(await this.connections(), this.options);
  }

  readonly options = {
    ...{ regions: REGIONS, partitions: PARTITIONS_DEFAULT },
    logBytesMax: LOG_BYTES_MAX,
  };

  /** Connections to all servers, as administrator. */
  async connections(): Promise<Record<string, NatsConnection>> {
    const { hub } = this.world;
    const [eu, us] = REGIONS.map((name) => this.world.region(name));
    return { hub: await hub.connect(), eu: await eu!.connect(), us: await us!.connect() };
  }

  async #replaceStore({ process, store }: NatsUnderTest, put: () => Promise<void>): Promise<void> {
    await process.kill();
    await rm(store, { recursive: true });
    await put();
    await process.start();
  }

  async isFenced(): Promise<boolean> {
    return (await fenceOf(await this.world.hub.connect())) !== null;
  }

  /** True if a region's copy of the devices is what the hub has. */
  async isLevel(region: string, stream = "KV_devices"): Promise<boolean> {
    const read = async (from: { connect(): ReturnType<NatsWorld["hub"]["connect"]> }) =>
      readRecords(await from.connect(), stream);
    const copy = await read(this.world.region(region));
    const hub = await read(this.world.hub);
    if (!hub || !copy) return false;
    const isAtTheEnd = hub.state.lastSeq === copy.state.lastSeq;
    return isAtTheEnd && differencesOf(hub, copy, Date.now()) === null;
  }

  recover(): ReturnType<typeof skerry> {
    const regions = REGIONS.flatMap((name) => [
      "--region",
      `${name}=${this.world.region(name).url}`,
    ]);
    return skerry(["hub", "recover", "--hub", this.world.hub.url, ...regions]);
  }

  /** Waits until all regions know what the hub knows. */
  async settle(): Promise<void> {
    for (const region of REGIONS)
      await eventually(`${region} is level`, () => this.isLevel(region), 60_000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
