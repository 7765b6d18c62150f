import { randomBytes } from "node:crypto";

/** Passwords of one run, by name. Never digits only: nats-server would read such a one as a number. */
export function makeSecrets(): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const secret = known.get(name) ?? `s${randomBytes(12).toString("hex")}`;
    known.set(name, secret);
    return secret;
  };
}
