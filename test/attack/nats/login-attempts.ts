// Logging in as somebody else, or by a door that is not one's own.
import { RawNats } from "../../support/raw-nats.ts";
import type { Attempt } from "../attempt.ts";
import type { Login, NatsArena } from "./arena.ts";
import { PROFILES, type ServerName } from "./profiles.ts";

type Of = Attempt<NatsArena>;

const HARMS = "everything that the other may do";

/** With one's own password under the name of another. */
function claim(server: ServerName, own: Login, claimed: Login, role: string): Of {
  return {
    ...{ role, wall: "passwords", harms: HARMS },
    id: `${server}-${own}/login/${claimed}`,
    tries: `log in to ${server} as ${claimed}`,
    trick: "the name of the other with one's own password",
    control: `login ${server} ${claimed}`,
    comparesState: false,
    run: async (arena) => {
      const password = arena.passwordFor(claimed, own);
      using client = await RawNats.connect(arena.port(server), claimed, password);
      return client.isOpen && client.errors.length === 0 ? `logged in as ${claimed}` : null;
    },
  };
}

function dial(own: Login, claimed: Login, role: string): Of {
  return {
    ...{ role, wall: "passwords", harms: HARMS },
    id: `leaf-port-${own}/login/${claimed}`,
    tries: `dial in at the hub's leaf port as ${claimed}`,
    trick: "the name of the other with one's own password",
    control: `leaf login ${claimed}`,
    comparesState: false,
    run: async (arena) => {
      using leaf = await arena.leaf(claimed, arena.passwordFor(claimed, own));
      return leaf.isOpen && leaf.errors.length === 0 ? `logged in as ${claimed}` : null;
    },
  };
}

const processes = PROFILES.flatMap(({ server, user }) => {
  const others = PROFILES.filter((one) => one.server === server && one.user !== user);
  const names: Login[] = ["admin", "sys", ...others.map((one) => one.user)];
  return names.map((claimed) => claim(server, user, claimed, `nats user ${user} of ${server}`));
});

const REGION = "region eu, taken over";

const leaf: Of[] = [
  ...(["leaf-us", "admin", "sys", "aggregator", "console"] as const).map((claimed) =>
    dial("leaf-eu", claimed, REGION),
  ),
  ...(["admin", "sys", "aggregator", "console"] as const).map((claimed) =>
    claim("hub", "leaf-eu", claimed, REGION),
  ),
  {
    ...{ role: REGION, wall: "leaf-only" as const, harms: "the rights that only a leaf needs" },
    id: "leaf-eu/login/as-a-client",
    tries: "log in to the hub as a client",
    trick: "the leaf's own name and password at the port of clients",
    control: "leaf as client",
    comparesState: false as const,
    run: async (arena: NatsArena) => {
      const password = arena.passwordFor("leaf-eu", "leaf-eu");
      using client = await RawNats.connect(arena.port("hub"), "leaf-eu", password);
      return client.isOpen && client.errors.length === 0 ? "a client with a leaf's rights" : null;
    },
  },
];

/** Nobody: no password at all. */
const nobody: Of[] = (["hub", "eu"] as const).flatMap((server) =>
  (["admin", "sys", server === "hub" ? "console" : "gateway"] as const).map((claimed) =>
    claim(server, "leaf-nobody", claimed, "anybody in the network"),
  ),
);

export const LOGIN_ATTEMPTS: readonly Of[] = [...processes, ...leaf, ...nobody];
