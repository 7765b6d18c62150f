// All strangers of a run: they live through its faults, have a last word when the faults are over, and are judged by
// what the installation then holds.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import type { Monitor } from "../../../infra/local/monitor.ts";
import type { Region } from "../../../infra/local/places.ts";
import { eventually } from "../../support/eventually.ts";
import { randomOf } from "../../support/seed.ts";
import { Client } from "./client.ts";
import { HttpClient } from "./http-client.ts";
import { gatherEvidence, influxOf, readAlerts } from "./evidence.ts";
import { KINDS } from "./kinds.ts";
import { compareRollups } from "./rollups.ts";
import type { Sent } from "./sent.ts";
import type { Outage, Stranger, World } from "./stranger.ts";
import { tallyOf } from "./tally.ts";

export interface StrangerFigures {
  readonly sent: number;
  readonly acknowledged: number;
  readonly stored: number;
  readonly rejected: number;
  readonly rollups: number;
  /** One line for each device and thing that is wrong; empty if all is right. */
  readonly wrong: readonly string[];
}

/** By kind. */
export type StrangersCompared = Readonly<Record<string, StrangerFigures>>;

interface Life {
  readonly stranger: Stranger;
  readonly world: World;
  readonly ledger: Sent[];
  readonly clients: (Client | HttpClient)[];
  readonly wrong: string[];
}

export interface StrangersParts {
  readonly seed: number;
  readonly mqtt: Readonly<Record<Region, string>>;
  readonly http: Readonly<Record<Region, string>>;
  readonly influx: string;
}

/** After the last fault, the time for what is unanswered: gateways start again within seconds. */
const ANSWERED_WITHIN_MS = 90_000;

export class Strangers {
  readonly #parts: StrangersParts;
  readonly #over = new AbortController();
  #lives = new Map<string, Life>();
  #connections: Readonly<Record<Region, NatsConnection>> | null = null;

  constructor(parts: StrangersParts) {
    this.#parts = parts;
  }

  /** Sends until `over`, then says the last words; a kind that throws is wrong, and ends nothing. */
  async live(
    of: {
      monitor: Monitor;
      connect: (region: Region) => Promise<NatsConnection>;
      say: (line: string) => void;
      /** Aborted when the run is to end early: then there is no last word. */
      stop: AbortSignal;
    },
    over: Promise<unknown>,
  ): Promise<void> {
    this.#connections = { eu: await of.connect("eu"), us: await of.connect("us") };
    let at = 0;
    for (const [name, make] of Object.entries(KINDS)) {
      at += 1;
      this.#lives.set(
        name,
        this.#begin(make(), randomOf(this.#parts.seed * 1_000 + at), of.monitor),
      );
    }
    const lives = [...this.#lives.values()];
    const sending = Promise.all(
      lives.map((life) => attempt(life, () => life.stranger.send(life.world))),
    );
    try {
      await over.finally(() => this.#over.abort());
      await sending;
      if (of.stop.aborted) return;
      of.say("the faults are over; strangers have a last word");
      await Promise.all(lives.map((life) => attempt(life, () => haveLastWord(life))));
    } finally {
      for (const { clients } of lives) await Promise.all(clients.map((client) => client.close()));
    }
  }

  async compare(
    restarts: Readonly<Record<string, number>>,
    outages: readonly Outage[],
  ): Promise<StrangersCompared> {
    const influx = influxOf(this.#parts.influx);
    const catalog = loadCatalog(SCHEMAS_DIRECTORY);
    const connections = this.#connections!;
    const all = [...this.#lives.values()].flatMap(({ ledger }) => ledger);
    const evidence = await gatherEvidence(all, { connections, influx, restarts, outages });
    const figures: Record<string, StrangerFigures> = {};
    for (const [name, { stranger, ledger, wrong }] of this.#lives) {
      const tally = tallyOf(ledger, evidence);
      const rollups = await compareRollups(ledger, evidence, { influx, catalog });
      const judged = stranger.judge?.(evidence) ?? [];
      const silent = tally.acknowledged === 0 ? ["nothing was acknowledged"] : [];
      figures[name] = {
        ...tally,
        rollups: rollups.compared,
        wrong: [...wrong, ...silent, ...tally.wrong, ...rollups.wrong, ...judged],
      };
    }
    return figures;
  }

  #begin(stranger: Stranger, random: () => number, monitor: Monitor): Life {
    const ledger: Sent[] = [];
    const clients: (Client | HttpClient)[] = [];
    const wrong: string[] = [];
    const over = this.#over.signal;
    const world: World = {
      random,
      over,
      pause: (ms) => sleep(ms, over),
      client: (spec) => {
        const client = new Client(this.#parts.mqtt[spec.region], spec, ledger);
        clients.push(client);
        client.open();
        return client;
      },
      http: (region) => {
        const client = new HttpClient({ url: this.#parts.http[region], region, ledger, wrong });
        clients.push(client);
        return client;
      },
      alerts: (region) => readAlerts(this.#connections![region], region),
      sequenceRestarts: async (device) =>
        (await monitor.refresh()).aggregator?.sequenceRestarts.devices[device] ?? 0,
    };
    return { stranger, world, ledger, clients, wrong };
  }
}

async function attempt({ wrong }: Life, what: () => Promise<void>): Promise<void> {
  try {
    await what();
  } catch (error) {
    wrong.push(messageOf(error));
  }
}

async function haveLastWord({ stranger, world, clients }: Life): Promise<void> {
  await stranger.atLast?.(world);
  await eventually(
    "all that strangers sent is answered",
    () => clients.every(({ unanswered }) => unanswered === 0),
    ANSWERED_WITHIN_MS,
  );
}
