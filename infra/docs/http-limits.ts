// The bounds of readings over HTTP, by the name that the source gives them (pure).
import type { Limit } from "./limit.ts";

export const HTTP_LIMITS: readonly Limit[] = [
  {
    name: "HTTP_BODY_BYTES_MAX",
    doc: "a body, also when it is decompressed (`SKERRY_HTTP_BODY_BYTES_MAX`); more is 413",
  },
  { name: "HTTP_ELEMENTS_MAX", doc: "readings of a request (`SKERRY_HTTP_ELEMENTS_MAX`)" },
  { name: "KEYED_ELEMENTS_MAX", doc: "readings of a request with an `Idempotency-Key`" },
  {
    name: "HTTP_HELD_BYTES_MAX",
    doc: "bodies that are not answered yet (`SKERRY_HTTP_HELD_BYTES_MAX`), of one device or address half of it; more is 503 or 429",
  },
  { name: "HTTP_CONNECTIONS_MAX", doc: "open connections (`SKERRY_HTTP_CONNECTIONS_MAX`)" },
  {
    name: "HTTP_ADDRESS_CONNECTIONS_MAX",
    doc: "the same of one address (`SKERRY_HTTP_ADDRESS_CONNECTIONS_MAX`)",
  },
  {
    name: "HTTP_REQUEST_WITHIN_MS",
    doc: "time for a request to arrive (`SKERRY_HTTP_REQUEST_WITHIN`), or a connection is closed",
  },
  {
    name: "ANSWER_WITHIN_MS",
    file: "http-server.ts",
    doc: "a request whose readings are not stored by then is answered 503",
  },
  { name: "REQUEST_READINGS", doc: "a request counts in the rate as so many readings" },
  { name: "KEY_READINGS", doc: "so does its `Idempotency-Key`" },
  { name: "TOO_MUCH_MS", doc: "an answer 429 takes so long" },
  { name: "KEYS_KEPT_MS", doc: "an `Idempotency-Key` gives the same answer for so long" },
  {
    name: "KEYS_OF_HOLDER_MAX",
    doc: "keys of one device or address; the oldest are forgotten",
  },
  {
    name: "ANSWERS_BYTES_MAX",
    doc: "keys with the answers that are kept for them, of all together",
  },
  {
    name: "READINGS_MAX",
    file: "recent-readings.ts",
    doc: "readings of half a minute that are told as `repeated` when they come again",
  },
];
