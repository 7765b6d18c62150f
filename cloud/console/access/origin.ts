// Which requests come from our own page (pure): names in Host, and the site that made a browser ask.

/** Names that always mean this machine. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Header that our page sends with each change; no other site can add it without being allowed to. */
export const CHANGE_HEADER = "x-skerry-change";

/** The names under which the console answers: a name of somebody else's that points here is none (DNS rebinding). */
export const allowedHosts = (listensOn: string, url: URL | null): ReadonlySet<string> =>
  new Set([
    ...LOOPBACK,
    listensOn.includes(":") ? `[${listensOn}]` : listensOn,
    ...(url ? [url.hostname] : []),
  ]);

/** True if the Host header holds one of the names, whatever the port. */
export function isAllowedHost(host: string | undefined, allowed: ReadonlySet<string>): boolean {
  // A URL would take what is before an @ or after a slash for something else than the name.
  if (host === undefined || /[^\w.:[\]-]/.test(host) || !URL.canParse(`http://${host}`))
    return false;
  return allowed.has(new URL(`http://${host}`).hostname);
}

interface Asked {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly changeHeader: string | undefined;
}

/** The reason why a change is taken for that of another site; null if it comes from our page. */
export function crossSiteProblem({ host, origin, fetchSite, changeHeader }: Asked): string | null {
  if (changeHeader === undefined)
    return `the header ${CHANGE_HEADER} is missing, which every change of the console's page has`;
  if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none")
    return `another site asks (Sec-Fetch-Site: ${fetchSite})`;
  if (origin === undefined || !URL.canParse(origin) || new URL(origin).host !== host)
    return `the origin ${origin ?? "that is not named"} is not this console`;
  return null;
}
