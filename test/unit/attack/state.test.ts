// Goal: what an attempt harms is named, and what it has a right to change is not.
import { expect, test } from "vitest";
import { type State, type StreamState, differences } from "../../attack/state.ts";

const stream = (over: Partial<StreamState> = {}): StreamState => ({
  ...{ messages: 2, firstSeq: 1, lastSeq: 2, made: "at noon {}" },
  ...over,
});
const state = (of: Record<string, StreamState | string>): State => new Map(Object.entries(of));
const BEFORE = state({ "hub COMMANDS": stream(), "eu KV_positions entry a.eu.0": "7" });
const change = (name: string, to: StreamState | string | null): State => {
  const after = new Map(BEFORE);
  if (to === null) after.delete(name);
  else after.set(name, to);
  return after;
};

test("nothing changed is no harm", () => {
  expect(differences(BEFORE, BEFORE)).toEqual([]);
});

test.each<[string, State, string]>([
  ["a message more", change("hub COMMANDS", stream({ messages: 3, lastSeq: 3 })), "3 messages"],
  ["emptied", change("hub COMMANDS", stream({ messages: 0, firstSeq: 3 })), "became 0 messages"],
  [
    "emptied and filled again",
    change("hub COMMANDS", stream({ firstSeq: 3, lastSeq: 4 })),
    "last 2 became 2 messages, last 4",
  ],
  ["gone", change("hub COMMANDS", null), "hub COMMANDS is gone"],
  ["made anew", change("hub COMMANDS", stream({ made: "at one {}" })), "made anew"],
  ["another entry", change("eu KV_positions entry a.eu.0", "8"), '"7" became "8"'],
  ["a stream of somebody's", change("hub EVIL_1", stream()), "hub EVIL_1 is new"],
])("%s is a harm", (_, after, words) => {
  expect(differences(BEFORE, after)).toEqual([expect.stringContaining(words)]);
});

test("what may be appended to may grow, and nothing else", () => {
  const harmless = { appends: new Set(["COMMANDS"]) };
  const grown = change("hub COMMANDS", stream({ messages: 3, lastSeq: 3 }));
  expect(differences(BEFORE, grown, harmless)).toEqual([]);
  // An entry in the place of an older one.
  const replaced = change("hub COMMANDS", stream({ firstSeq: 2, lastSeq: 3 }));
  expect(differences(BEFORE, replaced, harmless)).toEqual([]);
  const emptied = change("hub COMMANDS", stream({ messages: 0, firstSeq: 3 }));
  expect(differences(BEFORE, emptied, harmless)).toHaveLength(1);
  const other = change("hub COMMANDS", stream({ made: "at one {}" }));
  expect(differences(BEFORE, other, harmless)).toHaveLength(1);
});
