// The codec of a message, by the content type that its sender gave (pure). A new encoding is a file
// beside this one and a line in CODECS.
import { CBOR_CODEC, MESSAGE_PACK_CODEC } from "./cbor.ts";
import type { Codec } from "./codec.ts";
import { JSON_CODEC, JSON_CONTENT_TYPE } from "./json.ts";
import { SENML_CBOR_CODEC, SENML_JSON_CODEC } from "./senml.ts";
import { CSV_CODEC, FORM_CODEC, LINE_PROTOCOL_CODEC, NUMBER_CODEC } from "./text-forms.ts";

/** Codecs by media type, in lower case and without parameters. */
export type Codecs = ReadonlyMap<string, Codec>;

export const CODECS: Codecs = new Map([
  [JSON_CONTENT_TYPE, JSON_CODEC],
  ["application/cbor", CBOR_CODEC],
  ["application/msgpack", MESSAGE_PACK_CODEC],
  ["application/x-msgpack", MESSAGE_PACK_CODEC],
  ["application/vnd.msgpack", MESSAGE_PACK_CODEC],
  ["application/senml+json", SENML_JSON_CODEC],
  ["application/senml+cbor", SENML_CBOR_CODEC],
  ["application/vnd.influx.line-protocol", LINE_PROTOCOL_CODEC],
  ["text/csv", CSV_CODEC],
  ["application/x-www-form-urlencoded", FORM_CODEC],
  ["text/plain", NUMBER_CODEC],
]);

/** Longest content type kept with a reject: two names of 127 characters (RFC 6838, 4.2). */
const KEPT_CHARS_MAX = 255;

/** The codec of a content type; JSON where there is none, or one without a codec. */
export const codecFor = (contentType: string | undefined, codecs: Codecs = CODECS): Codec =>
  contentType === undefined ? JSON_CODEC : (codecs.get(mediaTypeOf(contentType)) ?? JSON_CODEC);

/** True for a media type with a codec of its own, and where there is none, which is JSON. */
export const isKnownContentType = (contentType: string | undefined): boolean =>
  contentType === undefined || contentType === "" || CODECS.has(mediaTypeOf(contentType));

/** The content type that a replay has to know; undefined where JSON is meant anyway. */
export const contentTypeToKeep = (contentType: string | undefined): string | undefined =>
  contentType === undefined ||
  contentType.length > KEPT_CHARS_MAX ||
  mediaTypeOf(contentType) === JSON_CONTENT_TYPE
    ? undefined
    : contentType;

function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  const name = end === -1 ? contentType : contentType.slice(0, end);
  return name.trim().toLowerCase();
}
