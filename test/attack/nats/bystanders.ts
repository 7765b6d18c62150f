// The processes that an attempt must not reach: each listens to what it listens to at work, and has asked something
// whose answer it waits for.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { Profile } from "./profiles.ts";

type Who = Pick<Profile, "server" | "user">;

/** The subject of an answer that a process waits for. */
export const inboxOf = (connection: NatsConnection, user: string): string => {
  const { options } = connection as unknown as { options: { inboxPrefix?: string } };
  return `${options.inboxPrefix ?? "_INBOX"}.bystander.${user}`;
};

export class Bystanders {
  readonly #heard = new Map<string, number>();
  readonly #all = new Map<
    string,
    { readonly connection: NatsConnection; readonly inbox: string }
  >();

  async listen({ server, user }: Who, connection: NatsConnection, hears: readonly string[]) {
    const inbox = inboxOf(connection, user);
    const name = `${server} process ${user}`;
    this.#heard.set(name, 0);
    for (const subject of [...hears, `${inbox}.>`])
      connection.subscribe(subject, {
        callback: (error) => {
          if (!error) this.#heard.set(name, this.#heard.get(name)! + 1);
        },
      });
    this.#all.set(`${server} ${user}`, { connection, inbox });
    await connection.flush();
  }

  /** The number of messages that each has heard. */
  *heard(): Iterable<[string, string]> {
    for (const [name, count] of this.#heard) yield [name, `heard ${count} messages`];
  }

  of({ server, user }: Who): { readonly connection: NatsConnection; readonly inbox: string } {
    return this.#all.get(`${server} ${user}`)!;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ connection }) => connection.flush()));
  }
}
