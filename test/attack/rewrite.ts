// Takes walls out of the configurations of nats-servers as the product prints them: whatever their lines and their
// order, by the brackets. Pure.

/** The block that opens at a bracket: the places of the bracket and of the one that closes it. */
function blockAt(text: string, open: number): { readonly from: number; readonly to: number } {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') at = text.indexOf('"', at + 1);
    else if (character === "#") at = text.indexOf("\n", at);
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return { from: open, to: at };
    }
    if (at < 0) break;
  }
  throw new Error(`a bracket of the configuration is not closed: ${text.slice(open, open + 60)}`);
}

/** The block behind a name, such as `accounts`; null if there is none. */
function blockOf(text: string, name: string, from = 0): { from: number; to: number } | null {
  const found = new RegExp(`(?<![\\w$"'.-])${name}\\s*:?\\s*[{\\[]`).exec(text.slice(from));
  return found ? blockAt(text, from + found.index + found[0].length - 1) : null;
}

/** The entry of a user, wherever it is. */
function entryOf(text: string, user: string): { from: number; to: number } {
  const found = new RegExp(`\\{\\s*user:\\s*"?${user}"?\\s*,`).exec(text);
  if (!found) throw new Error(`the configuration has no user ${user}`);
  return blockAt(text, found.index);
}

const without = (text: string, { from, to }: { from: number; to: number }): string =>
  text.slice(0, from) + text.slice(to + 1);

/** A user's password, as the configuration names it. */
export function passwordIn(text: string, user: string): string {
  const { from, to } = entryOf(text, user);
  const found = /password:\s*("[^"]*"|[^\s,}]+)/.exec(text.slice(from, to));
  if (!found?.[1]) throw new Error(`user ${user} of the configuration has no password`);
  return found[1];
}

/** Puts a user among those of an account. */
export function withUser(text: string, account: string, entry: string): string {
  const accounts = blockOf(text, "accounts");
  const block = accounts && blockOf(text, account, accounts.from);
  if (!block) throw new Error(`the configuration has no account ${account}`);
  const users = blockOf(text, "users", block.from);
  if (users && users.to < block.to)
    return `${text.slice(0, users.from + 1)}\n      ${entry}${text.slice(users.from + 1)}`;
  return `${text.slice(0, block.from + 1)}\n    users: [ ${entry} ]${text.slice(block.from + 1)}`;
}

/** A user arrives in another account, and may say and hear everything there. */
export function moveUser(text: string, user: string, account: string): string {
  const password = passwordIn(text, user);
  const entry = `{ user: ${user}, password: ${password} }`;
  return withUser(without(text, entryOf(text, user)), account, entry);
}

/** No account gives anything to another. */
export function withoutGates(text: string): string {
  let rest = text;
  for (const name of ["exports", "imports"])
    for (let block; (block = blockOf(rest, name));) {
      const named = rest.lastIndexOf(name, block.from);
      rest = without(rest, { from: named, to: block.to });
    }
  return rest;
}

/** A user may come by any kind of connection. */
export function withoutConnectionTypes(text: string, user: string): string {
  const { from, to } = entryOf(text, user);
  const entry = text.slice(from, to + 1);
  return (
    text.slice(0, from) +
    entry.replace(/,?\s*allowed_connection_types:\s*\[[^\]]*\]/, "") +
    text.slice(to + 1)
  );
}

/** A region takes whatever comes over its leaf. */
export const withoutDeniedImports = (text: string): string =>
  text.replace(/deny_imports: \[[^\]]*\]/, "deny_imports: []");

/** A user has the password of another. */
export const withPasswordOf = (text: string, user: string, other: string): string => {
  const { from, to } = entryOf(text, user);
  const entry = text
    .slice(from, to + 1)
    .replace(passwordIn(text, user), () => passwordIn(text, other));
  return text.slice(0, from) + entry + text.slice(to + 1);
};

/** Everything between brackets in a block. */
function entriesIn(text: string, block: { from: number; to: number } | null): string[] {
  const entries: string[] = [];
  if (!block) return entries;
  for (let at = block.from + 1; ;) {
    const open = text.indexOf("{", at);
    if (open < 0 || open > block.to) return entries;
    const { from, to } = blockAt(text, open);
    entries.push(text.slice(from, to + 1));
    at = to + 1;
  }
}

/** A list of an account, such as its `exports`; null if it has none. */
function listOf(text: string, account: string, name: string): { from: number; to: number } | null {
  const block = blockOf(text, account, blockOf(text, "accounts")!.from);
  if (!block) throw new Error(`the configuration has no account ${account}`);
  const list = blockOf(text, name, block.from);
  return list && list.to < block.to ? list : null;
}

const ACCOUNTS = /accounts:\s*\[([^\]]*)\]/;

/** Accounts are one with another: what they gave, had and held is its own. */
export function mergeAccounts(text: string, into: string, others: readonly string[]): string {
  const all = [into, ...others];
  const renamed = (names: string): string =>
    [
      ...new Set(names.split(",").map((name) => (all.includes(name.trim()) ? into : name.trim()))),
    ].join(", ");
  const exported = new Map<string, Set<string>>();
  const imported = new Set<string>();
  for (const account of all) {
    for (const entry of entriesIn(text, listOf(text, account, "exports"))) {
      const what = entry.replace(ACCOUNTS, "accounts: [*]");
      const askers = exported.get(what) ?? new Set();
      for (const name of renamed(ACCOUNTS.exec(entry)?.[1] ?? "").split(", "))
        if (name !== into) askers.add(name);
      exported.set(what, askers);
    }
    for (const entry of entriesIn(text, listOf(text, account, "imports")))
      if (!all.some((name) => entry.includes(`account: ${name},`))) imported.add(entry);
  }
  let rest = text;
  for (const account of others) {
    const { from, to } = blockOf(rest, account, blockOf(rest, "accounts")!.from)!;
    rest = without(rest, { from: rest.lastIndexOf(account, from), to });
  }
  const lists = {
    exports: [...exported]
      .filter(([, askers]) => askers.size > 0)
      .map(([what, askers]) => what.replace("[*]", `[${[...askers].join(", ")}]`)),
    imports: [...imported],
  };
  for (const [name, entries] of Object.entries(lists)) {
    const block = listOf(rest, into, name);
    if (block)
      rest = `${rest.slice(0, block.from + 1)}${entries.join("\n")}${rest.slice(block.to)}`;
  }
  return rest
    .replace(/account: ([\w-]+)/g, (_, name: string) => `account: ${renamed(name)}`)
    .replace(/accounts:\s*\[([^\]]*)\]/g, (_, names: string) => `accounts: [${renamed(names)}]`);
}

/** The one block of subjects that are asked under other names has these instead. */
export function withMappings(text: string, mappings: Readonly<Record<string, string>>): string {
  const block = blockOf(text, "mappings");
  if (!block) throw new Error("the configuration has no mappings");
  const lines = Object.entries(mappings).map((pair) =>
    pair.map((one) => JSON.stringify(one)).join(": "),
  );
  return `${text.slice(0, block.from + 1)}\n${lines.join("\n")}\n${text.slice(block.to)}`;
}
