// Takes a wall out of the processes of the product, to show that the attacks notice. Loaded with `--import` into them;
// the product itself knows nothing of it.
import { registerHooks } from "node:module";
import type { WallName } from "./attempt.ts";

interface Patch {
  /** End of the module's path. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const ACCESS = "gateway/identity/book-access.ts";
const SESSIONS = "gateway/broker/session/sessions.ts";
const GUARD = "cloud/console/access/guard.ts";

/** The walls that are in the product's code. */
export const PATCHES: Readonly<Partial<Record<WallName, readonly Patch[]>>> = {
  topics: [
    { file: ACCESS, find: "if (!mayPublish(message)) {", replace: "if (topic === '') {" },
    {
      file: ACCESS,
      find: "authorizeSubscribe: (client, topicFilter) =>",
      replace: "authorizeSubscribe: (client, topicFilter) => topicFilter !== '' ? true :",
    },
    // Alerts of others than the gateway are relayed as any topic is.
    {
      file: "contracts/names/topics.ts",
      find: "const RESERVED = /^(?:devices(?:\\/|$)|alerts(?:\\/|$)|\\$)/;",
      replace: "const RESERVED = /^(?:devices(?:\\/|$)|\\$)/;",
    },
  ],
  speech: [
    {
      file: ACCESS,
      find: "device: string): string | null => {",
      replace: "device: string): string | null => { if (device !== '') return null;",
    },
  ],
  presence: [
    {
      file: "gateway/ingest/admit-reading.ts",
      find: "const problem = isGatewaysOwn(contract)",
      replace: "const problem = contract === '' || speech === undefined",
    },
  ],
  "client-ids": [
    {
      file: "gateway/identity/access.ts",
      find: 'clientId === "" || ownerOfClientId(clientId) === id;',
      replace: "id !== clientId + '/';",
    },
    {
      file: "gateway/identity/authenticator.ts",
      find: "if (book.has(ownerOfClientId(clientId)))",
      replace: "if (clientId === '/')",
    },
  ],
  sessions: [
    {
      file: SESSIONS,
      find: "if (session && session.owner.grant !== grant) this.end(session);",
      replace: "",
    },
    {
      file: SESSIONS,
      find: "return this.#parts.handlers.ownerOf?.(clientId, owner) === null;",
      replace: "return clientId === '/' && owner === null;",
    },
    {
      file: SESSIONS,
      find: "const isAnothers = session?.owner.grant !== grant;",
      replace: "const isAnothers = session === undefined;",
    },
  ],
  secrets: [
    {
      file: "gateway/identity/authenticator.ts",
      find: "const credentials = known?.device.credentials ?? [];",
      replace:
        "const credentials = known?.device.credentials ?? []; if (known) return { kind: 'known', known, by: 'secret' };",
    },
    {
      file: "gateway/identity/device-book.ts",
      find: "return known && known.device.revokedAtMs === undefined ? known : null;",
      replace: "return known ?? null;",
    },
  ],
  guesses: [
    {
      file: "gateway/identity/guess-limit.ts",
      find: "isOver(guess: Guess, nowMs: number): boolean {",
      replace: "isOver(guess: Guess, nowMs: number): boolean { if (nowMs >= 0) return false;",
    },
  ],
  "http-keys": [
    {
      file: "gateway/http/key-store.ts",
      find: "`${holder.length} ${holder}${key}`",
      replace: "holder === '' ? holder : key",
    },
  ],
  "http-bounds": [
    {
      file: "gateway/ingest/codecs/line-protocol.ts",
      find: "from < body.length && lines.length <= max;",
      replace: "from < body.length;",
    },
    {
      file: "gateway/http/elements.ts",
      find: "from < whole.length && elements.length <= max;",
      replace: "from < whole.length;",
    },
    {
      file: "gateway/http/elements.ts",
      find: "if (elements.length > max) return elements;",
      replace: "",
    },
    {
      file: "gateway/http/intake.ts",
      find: "if (outcomes.length > 0 && outcomes.length % READINGS_A_TURN === 0) await turn();",
      replace: "",
    },
  ],
  "ws-origins": [
    {
      file: "gateway/broker/connection/web-origin.ts",
      find: "if (!isAllowedHostOrAddress(host, hosts))",
      replace: "if (hosts) return null;\n  if (!isAllowedHostOrAddress(host, hosts))",
    },
  ],
  hosts: [
    {
      file: "platform/runtime/http-host.ts",
      find: "return name !== null && allowed.has(name);",
      replace: "return name !== '';",
    },
    {
      file: "platform/runtime/http-host.ts",
      find: "return name !== null && (allowed.has(name) || ADDRESS.test(name));",
      replace: "return name !== '';",
    },
  ],
  "console-roles": [
    {
      file: GUARD,
      find: "const who = this.who(request);",
      replace: "const who = { name: 'eve', role: 'operator' as const, by: 'token' as const };",
    },
  ],
  "console-site": [
    {
      file: GUARD,
      find: 'if (request.method === "GET" || request.method === "HEAD") return;',
      replace: "if (request.method !== '') return;",
    },
  ],
  "viewer-mqtt": [
    {
      file: "cloud/console/mqtt/viewer-packets.ts",
      find: 'if (isFirst !== (packet.cmd === "connect"))',
      replace: "if (packet) return null;\n  if (isFirst !== (packet.cmd === 'connect'))",
    },
  ],
};

/** The variable that names the walls to take out. */
export const WITHOUT_VARIABLE = "SKERRY_ATTACK_WITHOUT";

/** Patches modules as they are loaded. A patch that no longer applies stops the process. */
function takeOut(walls: readonly WallName[]): void {
  const patches = walls.flatMap((wall) => PATCHES[wall] ?? []);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const own = patches.filter(({ file }) => url.endsWith(file));
      if (own.length === 0) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
      for (const { file, find, replace } of own) {
        if (source.split(find).length !== 2) throw new Error(`${file} has changed: "${find}"`);
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}

const { [WITHOUT_VARIABLE]: without } = process.env;
if (without !== undefined) takeOut(without.split(",") as WallName[]);
