// A whole small installation for the tests of one file: the launcher as a process, and a browser that is logged in.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { Addresses } from "../../../infra/local/places.ts";
import { eventually } from "../../support/eventually.ts";
import { Launcher } from "../../support/launcher.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type DESKTOP, type WatchedPage, openPage, startBrowser } from "./browser.ts";

const STARTED_WITHIN_MS = 180_000;
const LOGIN_LINK = /the console: (http\S+#login=\S+)/;

export interface Installation extends AsyncDisposable {
  readonly launcher: Launcher;
  readonly dataDir: string;
  readonly addresses: Addresses;
  readonly browser: Browser;
  /** Logs in whoever opens it first. */
  readonly loginUrl: string;
  /** Asks the API as an operator, as a program does. @throws for a status that is no success. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** A page at a path of the console, logged in by token as this role. */
  open(
    path: string,
    of?: { role?: "operator" | "viewer"; dark?: boolean; viewport?: typeof DESKTOP },
  ): Promise<WatchedPage>;
}

/** Starts an installation on 30 ports from `portBase`, which is another one for each file of tests. */
export async function startInstallation(
  portBase: number,
  { devices = 4, rate = 8, args = [] }: { devices?: number; rate?: number; args?: string[] } = {},
): Promise<Installation> {
  // Whatever was started ends if something behind it does not start.
  await using starting = new AsyncDisposableStack();
  const directory = starting.use(await temporaryDirectory());
  const sizes = ["--devices", String(devices), "--rate", String(rate)];
  const options = ["--port-base", String(portBase), "--no-open", ...sizes, ...args];
  const launcher = starting.use(new Launcher(directory.path, options));
  const loginUrl = await eventually(
    "the launcher prints the login link",
    () => LOGIN_LINK.exec(launcher.output)?.[1] ?? false,
    STARTED_WITHIN_MS,
  );
  const addresses = await eventually("the addresses are written", () => {
    return JSON.parse(readFileSync(join(directory.path, "addresses.json"), "utf8")) as Addresses;
  });
  const browser = await startBrowser();
  starting.defer(() => browser.close());
  const { url, operatorToken, viewerToken } = addresses.console;
  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${operatorToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  };
  const open: Installation["open"] = async (path, { role = "operator", ...look } = {}) => {
    const watched = await openPage(browser, look);
    const token = role === "operator" ? operatorToken : viewerToken;
    const answer = await watched.context.request.post(`${url}api/v1/session`, {
      data: { token },
      headers: { origin: url.replace(/\/$/, ""), "x-skerry-change": "1" },
    });
    if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
    await watched.page.goto(new URL(path, url).href);
    await watched.page.locator("main h1").first().waitFor();
    return watched;
  };
  const started = starting.move();
  return {
    ...{ launcher, dataDir: directory.path, addresses, browser, loginUrl, api, open },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
