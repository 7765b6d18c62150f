// The size of a message as bounds count it (pure): a message of few bytes may have properties of many.
import type { Properties } from "../protocol/properties.ts";

/** A message takes about this much besides: topic, keys, rows. */
export const MESSAGE_OVERHEAD_BYTES = 256;

/** Bytes of its payload and of its MQTT 5 properties. */
export function weightOf({
  payload,
  properties,
}: {
  readonly payload: Buffer;
  readonly properties: Properties | undefined;
}): number {
  let bytes = payload.length;
  if (properties === undefined) return bytes;
  const { userProperties, userPairs, contentType, responseTopic, correlationData } = properties;
  bytes += textBytes(contentType) + textBytes(responseTopic) + (correlationData?.length ?? 0);
  for (const [name, value] of userPairs ?? []) bytes += textBytes(name) + textBytes(value);
  if (userProperties === undefined) return bytes;
  for (const [name, value] of Object.entries(userProperties))
    for (const one of Array.isArray(value) ? value : [value])
      bytes += textBytes(name) + textBytes(one);
  return bytes;
}

const textBytes = (text: string | undefined): number =>
  text === undefined ? 0 : Buffer.byteLength(text);
