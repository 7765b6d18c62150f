// What a request shows to say who it is (pure): the header Authorization in its forms.
//
// C1. A token names its record by itself, or before its first colon: `boiler-7:secret`. Programs that know
//     tokens alone are so told from those that know a user and a password, and both show the same secret.

/** The user and the password, as MQTT has them; the record of a bare token is not known yet. */
export interface Shown {
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
}

export const NOBODY: Shown = { username: undefined, password: undefined };

const SCHEME = /^([A-Za-z]+) +(\S[\s\S]*)$/;
/** Longer than any id, colon and password. */
const TOKEN_CHARS_MAX = 2_048;

/** The credentials of a header Authorization, or the sentence that says why it holds none. */
export function readAuthorization(header: string | undefined): Shown | string {
  if (header === undefined || header === "") return NOBODY;
  const match = SCHEME.exec(header);
  if (!match || header.length > TOKEN_CHARS_MAX)
    return "Authorization is Basic, Bearer or Token, and what belongs to it";
  const [, scheme = "", rest = ""] = match;
  switch (scheme.toLowerCase()) {
    case "basic": {
      const pair = Buffer.from(rest.trim(), "base64").toString("utf8");
      if (!pair.includes(":")) return "Authorization: Basic holds user:password in base64";
      return ofPair(pair);
    }
    case "bearer":
    case "token":
      return ofToken(rest.trim());
    default:
      return `Authorization is Basic, Bearer or Token, not ${JSON.stringify(scheme)}`;
  }
}

/** C1. */
export const ofToken = (token: string): Shown =>
  token.includes(":") ? ofPair(token) : { username: undefined, password: Buffer.from(token) };

function ofPair(pair: string): Shown {
  const colon = pair.indexOf(":");
  return { username: pair.slice(0, colon), password: Buffer.from(pair.slice(colon + 1)) };
}
