// A store with points, its three users, and whoever else can reach its port.
import { INFLUX_PASSWORDS, startBareInflux } from "../../support/influx.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { setUpInflux } from "../../../cloud/sinks/influx/set-up.ts";
import type { Arena, ArenaOptions } from "../arena.ts";
import type { State } from "../state.ts";

const POINT = "climate,region=eu,device=victim temperature=20 1000000000";
const ADMINISTRATOR = INFLUX_PASSWORDS.administrator;

interface Asked {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class StoreArena implements Arena {
  readonly origin: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(origin: string, stack: AsyncDisposableStack) {
    this.origin = origin;
    this.#stack = stack;
  }

  static async open({ without }: ArenaOptions): Promise<StoreArena> {
    await using stack = new AsyncDisposableStack();
    const isOpen = without.has("influx");
    const directory = stack.use(await temporaryDirectory()).path;
    const env = { INFLUXDB_HTTP_AUTH_ENABLED: String(!isOpen) };
    const influx = stack.use(await startBareInflux(directory, env));
    const arena = new StoreArena(influx.origin, stack.move());
    try {
      if (!isOpen) {
        const target = { url: influx.origin, database: "skerry" };
        await setUpInflux({ target, passwords: INFLUX_PASSWORDS });
      } else
        await arena.#execute(
          `CREATE USER administrator WITH PASSWORD '${ADMINISTRATOR}' WITH ALL PRIVILEGES`,
        );
      await arena.mend();
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
    return arena;
  }

  /** @returns the status, and what was answered. */
  async ask({ path, method = "GET", body, headers = {} }: Asked) {
    const sent = { method, headers, ...(body === undefined ? {} : { body }) };
    const answer = await fetch(`${this.origin}${path}`, sent);
    return { status: answer.status, body: await answer.text() };
  }

  async #execute(statement: string): Promise<string> {
    const token = Buffer.from(`administrator:${ADMINISTRATOR}`).toString("base64");
    const { body } = await this.ask({
      path: "/query?db=skerry",
      method: "POST",
      body: new URLSearchParams({ q: statement }).toString(),
      headers: {
        authorization: `Basic ${token}`,
        "content-type": "application/x-www-form-urlencoded",
      },
    });
    return body;
  }

  async state(): Promise<State> {
    const state = new Map<string, string>();
    for (const [what, statement] of [
      ["databases", "SHOW DATABASES"],
      ["users", "SHOW USERS"],
      ["rights of the reader", "SHOW GRANTS FOR reader"],
      ["retention", "SHOW RETENTION POLICIES ON skerry"],
      ["subscriptions", "SHOW SUBSCRIPTIONS"],
      ["continuous queries", "SHOW CONTINUOUS QUERIES"],
      ["measurements", "SHOW MEASUREMENTS ON skerry"],
      ["points", "SELECT count(*) FROM skerry.autogen.climate"],
    ] as const)
      state.set(`store ${what}`, (await this.#execute(statement)).trim());
    return state;
  }

  /** Makes the database and its point again, and takes away what is none of it. */
  async mend(): Promise<void> {
    for (const statement of [
      ...["DROP DATABASE owned", "DROP DATABASE skerry", "CREATE DATABASE skerry"],
      ...["DROP USER evil", "DROP USER reader"],
      `CREATE USER reader WITH PASSWORD '${INFLUX_PASSWORDS.reader}'`,
      "GRANT READ ON skerry TO reader",
      `CREATE USER writer WITH PASSWORD '${INFLUX_PASSWORDS.writer}'`,
      "GRANT ALL ON skerry TO writer",
      `SET PASSWORD FOR administrator = '${ADMINISTRATOR}'`,
    ])
      await this.#execute(statement);
    const token = Buffer.from(`administrator:${ADMINISTRATOR}`).toString("base64");
    const headers = { authorization: `Basic ${token}` };
    await this.ask({ path: "/write?db=skerry", method: "POST", body: POINT, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
