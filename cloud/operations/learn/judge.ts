// What a gateway would make of messages with a table and contracts (pure): its own admission says so.
import type { MappingTable } from "../../../contracts/mapping.ts";
import { decodeFrame, encodeFrame } from "../../../contracts/messages/frame.ts";
import { eventTimeMs } from "../../../contracts/messages/reading.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { admit } from "../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../gateway/ingest/mapping.ts";
import { outcomeOf } from "../../../gateway/ingest/outcome.ts";
import type { Sample } from "./sample.ts";

export interface MadeReading {
  readonly device: string;
  readonly contract: string;
  readonly version: number;
  /** The mapping entry. */
  readonly entry: string;
  /** Event time, epoch ms. */
  readonly atMs: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Fate {
  readonly readings: readonly MadeReading[];
  /** Reasons for which the rest of the message is refused; empty if nothing is. */
  readonly refused: readonly string[];
}

const HEADER = { v: 1, gateway: "learn", epoch: "learn", n: 1, count: 1, total: 1, clock: 0 };

/** A gateway's admission with a table and these contracts; everybody may speak for everybody. */
export class Judge {
  readonly #mapper: Mapper;
  readonly #catalog: Catalog;

  constructor(table: MappingTable, catalog: Catalog) {
    this.#mapper = new Mapper(table);
    this.#catalog = catalog;
  }

  /** True if the table has the topic at all. */
  has(topic: string): boolean {
    return this.#mapper.has(topic);
  }

  of({ topic, payload, contentType, atMs, clientId, principal }: Sample): Fate {
    const rules = {
      catalog: this.#catalog,
      partitions: 1,
      ageMaxMs: undefined,
      mapper: this.#mapper,
    };
    const sender = { clientId, principal };
    const arrival = { topic, payload, contentType, receivedAtMs: atMs, sender, traceparent: null };
    const { readings, rejects } = outcomeOf(admit(rules, arrival));
    return {
      readings: readings.map(({ encoded, from }) => {
        const [one] = decodeFrame(encodeFrame(HEADER, [encoded])).readings;
        const { device, contract, version, receivedAtMs, payload: values } = one!;
        const known = this.#catalog.get(contract, version)!;
        return {
          ...{ device, contract, version, entry: from?.mapping ?? "", values },
          atMs: eventTimeMs(known, values, receivedAtMs),
        };
      }),
      refused: rejects.map(({ reason, detail }) => `${reason}: ${detail}`),
    };
  }
}
