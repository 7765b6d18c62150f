// What to change when a message or a connection was refused (pure).

/** By what the gateway says of a refused login. */
const LOGINS = {
  client_id:
    "The gateway takes no such client id: it is empty, too long, or has characters that nobody sees.",
  bad_credentials:
    "User name or password are not right. The user name is the name of the device; copy the password again, or give the device a new one on its page.",
  client_id_invalid:
    "The client id belongs to somebody else. Use the name of the device as client id, or an id that begins with it and a slash.",
  not_authorized:
    "The client sent no user name and password, and the gateway lets nobody in without.",
  quota_exceeded: "Too many logins from this address failed. Wait a minute, then try again.",
  server_unavailable: "The gateway could not check the login. Try again in a moment.",
};

const REJECTS = {
  not_authorized: ({ id }) =>
    `The device may publish below devices/${id}/ and on topics of its own that its record names, and speaks for itself alone. Check the topic, letter by letter. What sends for other devices needs a record as a bridge that names them.`,
  not_json: () =>
    'The payload is not JSON. Send an object such as {"temperature":21.5}; look for quotes that a shell has eaten.',
  undecodable: () => "The content type that the message names does not fit its payload.",
  unmapped_topic: () =>
    "The message arrived, but no mapping says what this topic means. Write a mapping for it, or publish on devices/{device}/telemetry/{contract}.",
  unmappable: () =>
    "A mapping took the topic, but the payload lacks what it looks for. Try the payload on the page Contracts.",
  unknown_contract: () =>
    "There is no contract of that name. The last level of the topic names it.",
  contract_violation: () =>
    "The payload breaks its contract. Change the field that is named, or the contract.",
  too_large: () => "The message is larger than the gateway takes.",
  clock_ahead: () =>
    "The time in the payload is in the future. Set the clock of the device, and send milliseconds, not seconds or microseconds.",
  clock_behind: () =>
    "The time in the payload is too old. Send milliseconds since 1970, not seconds, or set the clock of the device.",
  too_many_series: () => "The device makes more series than one may.",
  identity_conflict: () =>
    "A reading with this sequence or time, and other values, was stored before. Count on, or begin at a number of its own.",
  unwritable: () => "The sink cannot hold a value of it.",
};

/** A sentence about an event of the feed: a refused connection or a reject. */
export function adviceOf({ kind, reason, detail }, id) {
  if (kind === "reject") return REJECTS[reason]?.({ id }) ?? null;
  return LOGINS[detail] ?? LOGINS[reason] ?? null;
}
