// Which requests come from our own page (pure): names in Host, and the site that made a browser ask.
import { hostNames } from "../../../platform/runtime/http-host.ts";

/** Header that our page sends with each change; no other site can add it without being allowed to. */
export const CHANGE_HEADER = "x-skerry-change";

/** The names under which the console answers. */
export const allowedHosts = (listensOn: string, url: URL | null): ReadonlySet<string> =>
  hostNames(listensOn, url ? [url.hostname] : []);

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
