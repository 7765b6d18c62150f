// Attempts against consumers of others: taking their messages, saying for them that they are done, removing them.
import type { Attempt } from "../attempt.ts";
import type { NatsArena } from "./arena.ts";
import { READ, READER } from "./arena-streams.ts";
import { say } from "./carriers.ts";
import type { Profile } from "./profiles.ts";
import { by } from "./by-user.ts";

interface Place {
  readonly stream: string;
  /** The numbers of the message that it has not acknowledged. */
  readonly seq: number;
  readonly delivery: number;
}

interface Trick {
  readonly what: string;
  readonly trick: string;
  readonly subject: (place: Place) => string;
  readonly body: (place: Place) => string;
}

const acknowledgement = ({ stream, seq, delivery }: Place): string =>
  `$JS.ACK.${stream}.${READER}.1.${seq}.${delivery}.1700000000000000000.0`;

const TRICKS: Readonly<Record<string, Trick>> = {
  ack: {
    what: "say for another reader that it is done with a message",
    trick: "its acknowledgement subject, guessed",
    subject: acknowledgement,
    body: () => "+ACK",
  },
  term: {
    what: "say for another reader that a message is not to come again",
    trick: "its acknowledgement subject, guessed",
    subject: acknowledgement,
    body: () => "+TERM",
  },
  steal: {
    what: "take a message of another reader",
    trick: "CONSUMER.MSG.NEXT",
    subject: ({ stream }) => `$JS.API.CONSUMER.MSG.NEXT.${stream}.${READER}`,
    body: () => "",
  },
  change: {
    what: "configure another reader",
    trick: "CONSUMER.DURABLE.CREATE",
    subject: ({ stream }) => `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${READER}`,
    body: ({ stream }) =>
      JSON.stringify({
        stream_name: stream,
        config: { durable_name: READER, ack_policy: "explicit", ack_wait: 1e9 },
      }),
  },
  remove: {
    what: "remove another reader",
    trick: "CONSUMER.DELETE",
    subject: ({ stream }) => `$JS.API.CONSUMER.DELETE.${stream}.${READER}`,
    body: () => "",
  },
};

export const readerAttempts = (profile: Profile): Attempt<NatsArena>[] =>
  READ.filter(([server]) => server === profile.server).flatMap(([server, stream]) =>
    Object.entries(TRICKS).map(([name, { what, trick, subject, body }]) => ({
      ...by(profile),
      ...{ trick, tries: `${what} of ${stream} at ${server}` },
      id: `${server}-${profile.user}/reader-of-${stream}/${name}`,
      harms: `whoever reads ${stream}: a message never comes, or comes again`,
      control: `${server} reader ${name}`,
      run: async (arena) => {
        const place = { stream, ...(await arena.placeOfReader(server, stream)) };
        // Wherever an answer may go, the one who asks hears it.
        const reply = `${arena.inbox(profile)}.1`;
        return say(arena, profile, { subject: subject(place), body: body(place), reply });
      },
    })),
  );
