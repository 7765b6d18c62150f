// Goal: a session that is taken up is its owner's, and one that an earlier version left without one goes over to whoever
// has its client id, with no more than that one may read. Method: a store in memory, filled as a former process did.
import { expect, test } from "vitest";
import type { BrokerHandlers } from "../../../../../gateway/broker/broker.ts";
import { makeCounters } from "../../../../../gateway/broker/counters.ts";
import { resolveLimits } from "../../../../../gateway/broker/options.ts";
import { Holders } from "../../../../../gateway/broker/session/holders.ts";
import { openSessionStore } from "../../../../../gateway/broker/session/session-store.ts";
import { Sessions } from "../../../../../gateway/broker/session/sessions.ts";

const NOW_MS = 1_000_000;
const options = {
  qos: 1 as const,
  noLocal: false,
  retainAsPublished: false,
  identifier: undefined,
};

function start(handlers: Pick<BrokerHandlers, "authorizeSubscribe" | "ownerOf">) {
  const store = openSessionStore(undefined, (error) => {
    throw error as Error;
  });
  const leave = (client: string, filter: string, ...topics: string[]): void => {
    store.saveSession({ client, expirySeconds: 60, expiresAtMs: NOW_MS + 60_000, holder: "" });
    store.subscribe(client, filter, options);
    for (const topic of topics)
      store.enqueue(client, 1, {
        ...{ topic, payload: Buffer.from("x"), qos: 1, retain: false },
        ...{ properties: undefined, expiresAtMs: undefined },
      });
  };
  const limits = resolveLimits({});
  const parts = {
    ...{ handlers, store, limits, holders: new Holders(limits), queued: { messages: 0, bytes: 0 } },
    ...{ counters: makeCounters(), logger: undefined },
  };
  const load = () => {
    const sessions = new Sessions(parts);
    sessions.load(NOW_MS);
    return sessions;
  };
  return { store, leave, load };
}

const topicsOf = (store: ReturnType<typeof start>["store"], client: string): string[] =>
  store.next(client, 0, 100).map(({ message }) => message.topic);

test("one of an earlier version goes over to the present owner, with what that one may read", () => {
  const { store, leave, load } = start({
    ownerOf: (clientId, left) =>
      left !== null || clientId === "gone" ? null : { principal: clientId, grant: "g" },
    authorizeSubscribe: ({ principal }, filter) => filter.startsWith(`devices/${principal}/`),
  });
  leave("a", "devices/a/#", "devices/a/x", "devices/victim/x");
  leave("b", "devices/#", "devices/victim/y");
  leave("gone", "devices/gone/#", "devices/gone/x");
  const sessions = load();
  expect(topicsOf(store, "a")).toEqual(["devices/a/x"]);
  expect(topicsOf(store, "b")).toEqual([]);
  expect(topicsOf(store, "gone")).toEqual([]);
  expect([...store.subscriptions()].map(({ filter }) => filter)).toEqual(["devices/a/#"]);
  expect(store.sessions().map(({ client, owner }) => [client, owner])).toEqual([
    ["a", { principal: "a", grant: "g" }],
    ["b", { principal: "b", grant: "g" }],
  ]);
  expect(sessions.queues()).toMatchObject({ sessions: { away: 2 }, messages: 1 });
});

test("another owner with the same client id gets none of it; the same one does", () => {
  const { store, leave, load } = start({ ownerOf: (_, left) => left });
  leave("a", "#", "t");
  store.saveOwner("a", { principal: "a", grant: "old" });
  const sessions = load();
  sessions.claim({ clientId: "a", principal: "a", grant: "old" });
  expect(sessions.isResumable("a", NOW_MS)).toBe(true);
  sessions.claim({ clientId: "a", grant: "anonymous" });
  expect(sessions.isResumable("a", NOW_MS)).toBe(false);
  expect([store.sessions(), topicsOf(store, "a")]).toEqual([[], []]);
});

test("a change ends what it concerns and what is nobody's, and only that", () => {
  let lost: string[] = [];
  const { store, leave, load } = start({
    ownerOf: (clientId, left) => (lost.includes(clientId) ? null : left),
  });
  for (const client of ["a", "b", "c"]) {
    leave(client, "#", "t");
    store.saveOwner(client, { principal: client, grant: "g" });
  }
  const sessions = load();
  lost = ["a", "c"];
  sessions.endLost(({ clientId }) => clientId !== "c");
  expect(store.sessions().map(({ client }) => client)).toEqual(["b", "c"]);
});
