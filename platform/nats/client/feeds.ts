// The live path of a reader: a consumer that pushes to one subject of the reader's own account. The topology tool
// makes it, because whoever may make a consumer may have a stream's messages delivered to any subject. Pure.

/** A subject or filter of a stream that one kind of process, under its user's name, reads live. */
export interface Feed {
  readonly user: string;
  readonly stream: string;
  readonly subject: string;
}

const token = (subject: string): string =>
  subject.replaceAll("$", "").replaceAll(".", "_").replaceAll("*", "any").replaceAll(">", "all");

/** The consumer's name, unique in its stream. */
export const feedConsumer = ({ user, subject }: Feed): string => `${user}-${token(subject)}`;

/** The subject that it delivers to. A reader subscribes to exactly this: through an import a wildcard is no interest. */
export const feedSubject = (feed: Feed): string =>
  `push.${feed.user}.${feed.stream}.${token(feed.subject)}`;

/** The subjects at which the server asks whether its messages were taken. */
export const feedFlowControl = (feed: Feed): string =>
  `$JS.FC.${feed.stream}.${feedConsumer(feed)}.>`;
