// Names under which an HTTP server answers (pure). A browser names the site that it believes to talk to;
// a name of somebody else's that points here is none of ours (DNS rebinding).

/** Addresses, as a URL spells them: what ends in a number is an IPv4 address or no host at all. */
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/;

/** Names that always mean this machine. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The names of this machine, of the address that is listened on, and those that are said. */
export const hostNames = (listensOn: string, names: readonly string[] = []): ReadonlySet<string> =>
  new Set([
    ...LOOPBACK,
    listensOn.includes(":") ? `[${listensOn}]` : listensOn.toLowerCase(),
    ...names.map((name) => name.toLowerCase()),
  ]);

/** The name in a Host header, without its port; null if it is none. */
export function nameInHost(host: string | undefined): string | null {
  // A URL would take what is before an @ or after a slash for something else than the name.
  if (host === undefined || /[^\w.:[\]-]/.test(host) || !URL.canParse(`http://${host}`))
    return null;
  return new URL(`http://${host}`).hostname;
}

/** True if the Host header holds one of the names, whatever the port. */
export function isAllowedHost(host: string | undefined, allowed: ReadonlySet<string>): boolean {
  const name = nameInHost(host);
  return name !== null && allowed.has(name);
}

/** The same, or an address: nobody can make a browser take an address for a name of theirs. */
export function isAllowedHostOrAddress(
  host: string | undefined,
  allowed: ReadonlySet<string>,
): boolean {
  const name = nameInHost(host);
  return name !== null && (allowed.has(name) || ADDRESS.test(name));
}
