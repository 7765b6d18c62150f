// Which WebSocket upgrades are taken (pure). A browser says in Origin whose page asks (RFC 6455, 10.2);
// other programs say nothing there.
import { isAllowedHostOrAddress } from "../../../platform/runtime/http-host.ts";

export interface WebOrigins {
  /** Names in Host that are ours, besides addresses. */
  readonly hosts: ReadonlySet<string>;
  /** Origins that may ask besides the host that they ask: `https://console.example.org`. */
  readonly origins: ReadonlySet<string>;
}

/**
 * The status and the sentence that an upgrade is refused with, or null.
 * @param options the beginning of the options that list what is allowed.
 */
export function upgradeProblem(
  { host, origin }: { host?: string | undefined; origin?: string | undefined },
  { hosts, origins }: WebOrigins,
  options = "SKERRY_WS",
): { status: 421 | 403; text: string } | null {
  if (!isAllowedHostOrAddress(host, hosts))
    return { status: 421, text: `Host is no name of this listener: ${options}_HOSTS lists them` };
  if (origin === undefined || origins.has(origin)) return null;
  const isSameHost = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  if (isSameHost) return null;
  return {
    status: 403,
    text: `pages of this origin may not connect: ${options}_ORIGINS lists them`,
  };
}
