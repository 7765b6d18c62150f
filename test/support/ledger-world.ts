// A region and a hub with all that keeps the ledger of one lane: engine, aggregator, steward, as processes.
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { eventually } from "./eventually.ts";
import { FrameWriter, type TestReading } from "./nats-frames.ts";
import { type NatsWorld, startHubAndRegions } from "./nats.ts";
import { type Service, makeService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const BEAT_MS = 1_000;

export interface LedgerWorld extends AsyncDisposable {
  readonly nats: NatsWorld;
  readonly engine: Service;
  readonly aggregator: Service;
  readonly steward: Service;
  /** Admin's, at the region. */
  readonly eu: NatsConnection;
  /** A directory of the test's own. */
  readonly directory: string;
  ledger(): Promise<Ledger>;
}

/** Everything runs when it resolves; there is one lane, of region eu. */
export async function startLedgerWorld(): Promise<LedgerWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const { path: directory } = stack.use(await temporaryDirectory());
    const nats = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
    const one = { SKERRY_PARTITIONS: "1" };
    const engine = await makeService("gateway/alerting/main.ts", {
      ...{ ...one, SKERRY_REGION: "eu" },
      SKERRY_NATS_URL: nats.region("eu").urlOf("alerting"),
    });
    const sink = { SKERRY_SINK: "file", SKERRY_SINK_FILE: join(directory, "sink.jsonl") };
    const hub = { ...one, ...sink, SKERRY_REGIONS: "eu" };
    const aggregator = await makeService("cloud/aggregator/main.ts", {
      ...hub,
      SKERRY_NATS_URL: nats.hub.urlOf("aggregator"),
    });
    const steward = await makeService("cloud/steward/main.ts", {
      ...hub,
      SKERRY_NATS_URL: nats.hub.urlOf("steward"),
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    });
    for (const { process } of [engine, aggregator, steward]) {
      stack.use(process);
      await process.start();
    }
    const eu = await nats.region("eu").connect();
    const ledger = async (): Promise<Ledger> => {
      const said = (await steward.status<StewardStatus>()).ledger;
      if (!said) throw new Error("the steward has no ledger yet");
      return said;
    };
    const parts = { nats, engine, aggregator, steward, eu, directory, ledger };
    return { ...parts, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** A gateway of that lane: a reading a frame, and empty frames as long as it is idle. */
export class LaneGateway {
  readonly #writer: FrameWriter;
  readonly #world: LedgerWorld;
  #sent = 0;

  constructor(world: LedgerWorld, epoch = "e1") {
    this.#world = world;
    this.#writer = new FrameWriter({ region: "eu", partition: 0 }, "g1", epoch);
  }

  /** Stores so many frames of one reading. */
  async write(frames: number): Promise<void> {
    for (let at = 0; at < frames; at++) {
      this.#sent += 1;
      const ts = Date.now();
      const payload = { ts, temperature: this.#sent };
      const reading: TestReading = {
        ...{ device: `m-${this.#sent}`, contract: "machine", receivedAtMs: ts, payload },
      };
      await this.#writer.publish(this.#world.eu, [reading], ts);
    }
  }

  misstate(readings: number): void {
    this.#writer.misstate(readings);
  }

  /** Beats until the ledger is as it should be. @throws with the last ledger, if that takes too long. */
  async until(what: string, isSo: (ledger: Ledger) => boolean, withinMs = 60_000): Promise<Ledger> {
    let last: Ledger | null = null;
    await eventually(
      what,
      async () => {
        await this.#writer.publish(this.#world.eu, [], Date.now());
        await sleep(BEAT_MS);
        last = await this.#world.ledger().catch(() => null);
        return last !== null && isSo(last);
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
    });
    return last!;
  }
}
