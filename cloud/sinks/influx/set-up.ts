// Users of an InfluxDB 1.x with authentication: an administrator, who makes the others and is needed for nothing
// else; a writer for what stores and repairs; a reader for what shows and compares.
//
// U1. Repeating it changes nothing but passwords: those of writer and reader are set to what is given.
// U2. Writer and reader are never administrators, and have rights in named databases only.
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import { InfluxClient, type InfluxTarget, quote, quoteName, refusalStatus } from "./client.ts";
import { longPolicies } from "./retention.ts";

export const ADMINISTRATOR = "administrator";
export const WRITER = "writer";
export const READER = "reader";

/** The database that InfluxDB keeps of itself, which a dashboard shows. */
const INTERNAL = "_internal";
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

export interface InfluxSetUp {
  /** Without a user. */
  readonly target: InfluxTarget;
  readonly passwords: Readonly<
    Record<typeof ADMINISTRATOR | typeof WRITER | typeof READER, string>
  >;
}

export interface InfluxUsers {
  /** Administrators beside ours, whoever made them. */
  readonly otherAdministrators: readonly string[];
}

/** The URL of an InfluxDB for one of its users. */
export function urlOfUser(url: string, user: string, password = ""): string {
  const parsed = new URL(url);
  parsed.username = encodeURIComponent(user);
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

/**
 * Makes the users, the database, and their rights in it.
 * @throws AppError `INFLUX_REFUSED` (fatal) if the administrator is not let in, or nobody is asked for a password;
 *   `INFLUX_UNAVAILABLE` (retry).
 */
export async function setUpInflux({ target, passwords }: InfluxSetUp): Promise<InfluxUsers> {
  const { url, database } = target;
  await requireAuthentication(new InfluxClient(target), url);
  const as = (user: typeof ADMINISTRATOR) =>
    new InfluxClient({ ...target, url: urlOfUser(url, user, passwords[user]) });
  const administrator = as(ADMINISTRATOR);
  const users = await usersOf(administrator, passwords[ADMINISTRATOR], url);
  await administrator.execute(`CREATE DATABASE ${quoteName(database)}`);
  for (const { policy, statement } of longPolicies(database))
    await administrator.execute(statement).catch(unlessMade(policy));
  await createInternal(administrator);
  for (const user of [WRITER, READER]) {
    const password = quote(passwords[user as typeof WRITER]);
    const known = users.get(user);
    await administrator.execute(
      known === undefined
        ? `CREATE USER ${quoteName(user)} WITH PASSWORD ${password}`
        : `SET PASSWORD FOR ${quoteName(user)} = ${password}`, // U1
    );
    if (known === true)
      await administrator.execute(`REVOKE ALL PRIVILEGES FROM ${quoteName(user)}`); // U2
  }
  // A repair reads what it corrects, and a 1.x has nothing between WRITE, which cannot read, and ALL.
  await administrator.execute(`GRANT ALL ON ${quoteName(database)} TO ${quoteName(WRITER)}`);
  for (const one of [database, INTERNAL])
    await administrator.execute(`GRANT READ ON ${quoteName(one)} TO ${quoteName(READER)}`);
  const ours: readonly string[] = [ADMINISTRATOR, WRITER, READER];
  return {
    otherAdministrators: [...users].flatMap(([name, is]) =>
      is && !ours.includes(name) ? name : [],
    ),
  };
}

/** One that is there may keep what it has for another time. */
export const unlessMade =
  (policy: string) =>
  (error: unknown): void => {
    if (!/retention policy already exists/.test(messageOf(error)))
      throw new AppError("INFLUX_REFUSED", "fatal", `policy ${policy}: ${messageOf(error)}`, {
        cause: error,
      });
  };

/** InfluxDB would make it within ten seconds, just so: the reader's right to it cannot wait. */
async function createInternal(administrator: InfluxClient): Promise<void> {
  const databases = await administrator.execute("SHOW DATABASES");
  if (databases.some(({ name }) => name === INTERNAL)) return;
  await administrator.execute(
    `CREATE DATABASE ${quoteName(INTERNAL)} WITH DURATION 7d REPLICATION 1 NAME "monitor"`,
  );
}

async function requireAuthentication(nobody: InfluxClient, url: string): Promise<void> {
  const answer = await nobody.execute("SHOW DATABASES").catch((error: unknown) => error);
  if (answer instanceof AppError) {
    const status = refusalStatus(answer);
    if (status === UNAUTHORIZED || status === FORBIDDEN) return;
    throw answer;
  }
  if (!Array.isArray(answer)) throw answer;
  throw refused(
    `InfluxDB at ${hostOf(url)} asks nobody for a password: set auth-enabled = true in [http] of its configuration`,
  );
}

/** All users, and whether they are administrators; ours is made if there is none at all. */
async function usersOf(
  administrator: InfluxClient,
  password: string,
  url: string,
): Promise<Map<string, boolean>> {
  const show = async (): Promise<Map<string, boolean>> => {
    const rows = await administrator.execute("SHOW USERS");
    return new Map(rows.map(({ user, admin }) => [String(user), admin === true]));
  };
  try {
    return await show();
  } catch (error) {
    const isEmpty = /create admin user first/.test(messageOf(error));
    const status = refusalStatus(error);
    if (!isEmpty)
      throw status === UNAUTHORIZED || status === FORBIDDEN ? refused(notLetIn(url), error) : error;
  }
  const statement = `CREATE USER ${quoteName(ADMINISTRATOR)} WITH PASSWORD ${quote(password)} WITH ALL PRIVILEGES`;
  try {
    await administrator.execute(statement);
    return await show();
  } catch (error) {
    throw refusalStatus(error) === UNAUTHORIZED ? refused(notLetIn(url), error) : error;
  }
}

const notLetIn = (url: string): string =>
  `InfluxDB at ${hostOf(url)} has users already, and does not let in "${ADMINISTRATOR}" with the password that is kept for it`;

const hostOf = (url: string): string => new URL(url).host;

const refused = (message: string, cause?: unknown): AppError =>
  new AppError("INFLUX_REFUSED", "fatal", message, { cause });
