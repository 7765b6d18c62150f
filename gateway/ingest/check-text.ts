// Admission of the text of a reading (pure): what names a series is a name, and all of it is Unicode.
import {
  KEY_BYTES_MAX,
  illFormedText,
  nameProblem,
  textProblem,
} from "../../contracts/names/text.ts";
import { SERIES_BYTES_MAX, seriesOf } from "../../contracts/messages/series.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import type { ContentFault } from "./check-numbers.ts";

type Payload = Readonly<Record<string, unknown>>;

/** Valid UTF-8 can hold half of a surrogate pair in this spelling alone. */
const SURROGATE = /\\u[dD]/;

const mayBeIllFormed = (text: string | null): boolean =>
  text === null || (text.includes("\\u") && SURROGATE.test(text));

/** The first field that holds text which is no Unicode, or null. */
export function illFormedField(
  { fields }: Pick<Contract, "fields">,
  payload: Payload,
  text: string | null,
): ContentFault | null {
  if (!mayBeIllFormed(text)) return null;
  for (const { name } of fields) {
    const value = payload[name];
    if (typeof value === "string" && !value.isWellFormed())
      return { field: name, detail: illFormedText({ [name]: value })! };
  }
  return null;
}

/**
 * What is wrong with the text of a payload, naming the property, or null.
 * @param text the payload as JSON, which came as valid UTF-8; null if it is none.
 */
export function textFault(
  contract: Contract,
  device: string,
  payload: Payload,
  text: string | null,
): string | null {
  const { partitionKey, tags } = contract;
  if (mayBeIllFormed(text)) {
    const problem = illFormedText(payload);
    if (problem !== null) return problem;
  }
  if (partitionKey !== "device") {
    const problem = keyProblem(payload[partitionKey]);
    if (problem !== null) return `/${partitionKey} ${problem}; a partition key is ${A_KEY}`;
  }
  for (const tag of tags) {
    const problem = tagProblem(payload[tag]);
    if (problem !== null) return `/${tag} ${problem}; a tag is ${A_TAG}`;
  }
  return tags.length < 2 ? null : seriesFault(contract, device, payload);
}

/** One tag and a key fit always; of more, rules may go by any (`by`). */
function seriesFault(contract: Contract, device: string, payload: Payload): string | null {
  if (isShort(contract, device, payload)) return null;
  const bytes = Buffer.byteLength(seriesOf(contract, device, payload, contract.tags));
  if (bytes <= SERIES_BYTES_MAX) return null;
  return `the key and the tags ${contract.tags.join(", ")} together have ${bytes} bytes, the limit is ${SERIES_BYTES_MAX}`;
}

/** A character is at most three bytes, and a backslash before it. Nearly all series are so short. */
const SERIES_CHARS_SHORT = Math.floor(SERIES_BYTES_MAX / 4);

function isShort({ partitionKey, tags }: Contract, device: string, payload: Payload): boolean {
  let chars = partitionKey === "device" ? device.length : String(payload[partitionKey]).length;
  for (const tag of tags) {
    const value = payload[tag];
    if (typeof value === "string") chars += tag.length + value.length + 2;
    else if (value !== undefined) return false;
  }
  return chars <= SERIES_CHARS_SHORT;
}

const A_TAG = `text of up to ${KEY_BYTES_MAX} bytes without control characters`;
const A_KEY = `text of 1 to ${KEY_BYTES_MAX} bytes without control characters, a number, true or false`;

function keyProblem(value: unknown): string | null {
  if (typeof value === "string") return nameProblem(value, KEY_BYTES_MAX);
  if (typeof value === "number" || typeof value === "boolean") return null;
  if (value === undefined || value === null) return "is null";
  return Array.isArray(value) ? "is an array" : "is an object";
}

/** A tag that is not there, null or empty is left out; an object or array is stored as its JSON. */
function tagProblem(value: unknown): string | null {
  if (typeof value === "string") return textProblem(value, KEY_BYTES_MAX);
  if (typeof value !== "object" || value === null) return null;
  return textProblem(jsonOf(value), KEY_BYTES_MAX);
}

/** The bytes of a value that is too deep for JSON.stringify: more than any tag may have. */
function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return " ".repeat(KEY_BYTES_MAX + 1);
  }
}
