// Each kind of process has an account of its own at its nats-server, in which it is alone. It reaches the streams, which
// are in the account APP (at the hub those of regions in others, crossings.ts), and other processes by what is imported here, subject by subject: an answer to what it
// asks lands in its own account, whatever subject it names for it. Made from the rights (permissions.ts). Pure.
import { liveProcesses } from "../../../contracts/names/subjects.ts";
import { type Crossing, HUB_ACCOUNT, accountOfStream, crossingsOf } from "./crossings.ts";
import { type RegionPairs, copiesIn } from "./pairs.ts";
import {
  HUB_USERS,
  type NatsUser,
  type Permissions,
  REGION_USERS,
  hubPermissions,
  isOfAnswers,
  regionPermissions,
} from "./permissions.ts";

/** The account of a user: that of the streams for the administrator, for others one of their own. */
export const accountOf = (user: NatsUser): string =>
  user === "admin" ? HUB_ACCOUNT : user.toUpperCase();

const LIVE = "live.";
const PUSHED = "push.";

/**
 * What crosses between a user's account and others.
 * @param ownerOf the account that answers a subject, or says it.
 */
function crossingsOfUser(
  user: NatsUser,
  { publish, subscribe }: Permissions,
  ownerOf: (subject: string) => string,
): Crossing[] {
  const account = accountOf(user);
  const said = [...new Set(publish)].filter((subject) => !isOfAnswers(subject));
  const heard = subscribe.filter((subject) => !isOfAnswers(subject) && !subject.startsWith(LIVE));
  return [
    ...said.map((subject): Crossing =>
      subject.startsWith(LIVE)
        ? { kind: "messages", owner: account, asker: HUB_ACCOUNT, subject }
        : { kind: "requests", owner: ownerOf(subject), asker: account, subject },
    ),
    ...heard.map((subject): Crossing =>
      subject.startsWith(PUSHED)
        ? { kind: "messages", owner: ownerOf(subject), asker: account, subject }
        : // Several processes may answer one question.
          { kind: "requests", owner: account, asker: HUB_ACCOUNT, subject, many: true },
    ),
  ];
}

/** Everything that crosses between the accounts of a region's nats-server. */
export function regionCrossings(pairs: RegionPairs, region: string): Crossing[] {
  const own = regionPermissions(region, copiesIn(pairs, region));
  return REGION_USERS.flatMap((user) => {
    const permissions = own[user];
    return permissions ? crossingsOfUser(user, permissions, () => HUB_ACCOUNT) : [];
  });
}

/** Everything that crosses between the accounts of the hub: of regions, and of the hub's own processes. */
export function hubCrossings(pairs: RegionPairs): Crossing[] {
  const ofRegions = crossingsOf(pairs);
  // What a region gives to the hub is had from its account.
  const given = ofRegions.filter(({ asker }) => asker === HUB_ACCOUNT);
  const owners = new Map(given.map(({ subject, owner }) => [subject, owner]));
  const holders = (subject: string): string[] =>
    subject
      .split(".")
      .map((token) => accountOfStream(token, pairs.regions))
      .filter((account) => account !== HUB_ACCOUNT);
  const own = hubPermissions(pairs.regions);
  const live = given.filter(({ subject }) => subject.startsWith(LIVE));
  const ofUsers = HUB_USERS.flatMap((user) => {
    const permissions = own[user];
    if (!permissions) return [];
    const crossings = crossingsOfUser(
      user,
      permissions,
      (subject) => owners.get(subject) ?? holders(subject)[0] ?? HUB_ACCOUNT,
    );
    if (!permissions.subscribe.some((subject) => subject.startsWith(LIVE))) return crossings;
    // Imports of messages are not passed on: each listener has them from whoever says them.
    const asker = accountOf(user);
    const others = HUB_USERS.filter((other) => accountOf(other) !== HUB_ACCOUNT && other !== user);
    return [
      ...crossings,
      ...live.map((one): Crossing => ({ ...one, asker })),
      ...others
        .filter((kind) => own[kind]?.publish.some((subject) => subject.startsWith(LIVE)))
        .map((kind): Crossing => {
          const subject = liveProcesses({ domain: "hub", kind });
          return { kind: "messages", owner: accountOf(kind), asker, subject };
        }),
    ];
  });
  return [...ofRegions, ...ofUsers];
}
