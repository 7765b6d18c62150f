// Readings and rollups as JSON lines. Pure.
import { tagText } from "../../../contracts/messages/series.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import {
  type ReadingEffect,
  type RollupEffect,
  type StoredProperties,
  isStorable,
  rollupValues,
  storedProperties,
} from "../effects.ts";

/** Writes the records of readings and finals; keeps what is the same for all of a contract. */
export class FileRecords {
  readonly #properties = new Map<Contract, StoredProperties>();

  reading(region: string, { contract, reading, eventMs, slot }: ReadingEffect): string {
    const { device, payload } = reading;
    const { tags, fields, sequence } = this.#propertiesOf(contract);
    const present = tags.filter((name) => payload[name] !== undefined && payload[name] !== null);
    const values = fields.filter(({ name, type }) => isStorable(type, payload[name]));
    return JSON.stringify({
      contract: contract.name,
      region,
      device,
      eventMs,
      slot,
      tags: Object.fromEntries(present.map((name) => [name, tagText(payload[name])])),
      fields: Object.fromEntries(values.map(({ name }) => [name, payload[name]])),
      ...(sequence === null ? {} : { sequence: payload[sequence] }),
    });
  }

  final(region: string, rollup: RollupEffect): string {
    return JSON.stringify({
      contract: rollup.series.name,
      window: rollup.window.name,
      region,
      [rollup.series.tag]: rollup.key,
      tags: Object.fromEntries(rollup.tags),
      startMs: rollup.startMs,
      revision: rollup.revision,
      values: Object.fromEntries(rollupValues(rollup)),
    });
  }

  #propertiesOf(contract: Contract): StoredProperties {
    let properties = this.#properties.get(contract);
    if (!properties) this.#properties.set(contract, (properties = storedProperties(contract)));
    return properties;
  }
}
