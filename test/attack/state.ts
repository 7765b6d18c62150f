// The state of everything that an attempt could harm, and what is different after it. Pure.

/** One stream of one server; plain texts are anything else, such as the entry of a key. */
export interface StreamState {
  readonly messages: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Its configuration and the time at which it was made, as text. */
  readonly made: string;
}

/** By a name such as `hub COMMANDS`, or `eu KV_positions alerting.eu.0` for an entry. */
export type State = ReadonlyMap<string, StreamState | string>;

/** Changes that are rights of whoever tries. */
export interface Harmless {
  /** Streams that it may append to, on whichever server. */
  readonly appends?: ReadonlySet<string>;
}

/** Of a name such as `hub KV_devices/OUT_us`, too: a copy in an account of its own. */
const streamOf = (name: string): string => /^\S+ ([^ /]*)/.exec(name)?.[1] ?? "";

const counted = ({ messages, lastSeq }: StreamState): string =>
  `${messages} messages, last ${lastSeq}`;

/** A line for each harm, which names it; empty if everything is as it was. */
export function differences(before: State, after: State, harmless: Harmless = {}): string[] {
  const lines: string[] = [];
  for (const [name, was] of before) {
    const is = after.get(name);
    if (is === undefined) lines.push(`${name} is gone`);
    else if (typeof was === "string" || typeof is === "string") {
      if (was !== is) lines.push(`${name}: ${shown(was)} became ${shown(is)}`);
    } else lines.push(...changeOf(name, was, is, harmless));
  }
  for (const name of after.keys()) if (!before.has(name)) lines.push(`${name} is new`);
  return lines;
}

const shown = (one: StreamState | string): string =>
  typeof one === "string" ? `"${one.slice(0, 60)}"` : counted(one);

function changeOf(name: string, was: StreamState, is: StreamState, harmless: Harmless): string[] {
  if (was.made !== is.made) return [`${name}: another configuration, or made anew`];
  if (was.messages === is.messages && was.lastSeq === is.lastSeq && was.firstSeq === is.firstSeq)
    return [];
  // An entry of a bucket takes the place of the one before.
  const isLonger = is.lastSeq >= was.lastSeq && is.messages >= was.messages;
  if (isLonger && harmless.appends?.has(streamOf(name)) === true) return [];
  return [`${name}: ${counted(was)} became ${counted(is)}`];
}
