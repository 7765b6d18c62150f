// Readings and rollups as JSON lines. Pure.
import { slotOf } from "../../../contracts/messages/reading.ts";
import {
  type ReadingEffect,
  type RollupEffect,
  isStorable,
  rollupValues,
  storedProperties,
  tagText,
} from "../effects.ts";

/** One line for a reading. */
export function readingRecord(
  region: string,
  { contract, reading, eventMs }: ReadingEffect,
): string {
  const { device, payload } = reading;
  const { tags, fields, sequence } = storedProperties(contract);
  const present = tags.filter((name) => payload[name] !== undefined && payload[name] !== null);
  const values = fields.filter(({ name, type }) => isStorable(type, payload[name]));
  return JSON.stringify({
    contract: contract.name,
    region,
    device,
    eventMs,
    slot: slotOf(contract, payload),
    tags: Object.fromEntries(present.map((name) => [name, tagText(payload[name])])),
    fields: Object.fromEntries(values.map(({ name }) => [name, payload[name]])),
    ...(sequence === null ? {} : { sequence: payload[sequence] }),
  });
}

/** One line for a final. */
export const finalRecord = (region: string, rollup: RollupEffect): string =>
  JSON.stringify({
    contract: rollup.series.name,
    window: rollup.window.name,
    region,
    [rollup.series.tag]: rollup.key,
    startMs: rollup.startMs,
    revision: rollup.revision,
    values: Object.fromEntries(rollupValues(rollup)),
  });
