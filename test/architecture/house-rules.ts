// The rules of the house that a machine can hold; CONTRIBUTING.md says them in words.
import { arrows } from "./rules/arrows.ts";
import { circles } from "./rules/circles.ts";
import { citedInvariants, invariantLetters, namedFiles, plainWords } from "./rules/comments.ts";
import { deadExports } from "./rules/dead-exports.ts";
import { namedExports } from "./rules/exports.ts";
import { honestTests } from "./rules/honest-tests.ts";
import { libraries } from "./rules/libraries.ts";
import { mirror } from "./rules/mirror.ts";
import { purity } from "./rules/purity.ts";
import { streamsOfTopology } from "./rules/streams.ts";
import type { Rule } from "./tree.ts";

export const HOUSE_RULES: Readonly<Record<string, Rule>> = {
  "imports follow the arrows": arrows,
  "there is no import circle": circles,
  "what calls itself pure is pure": purity,
  "libraries are imported where they belong": libraries,
  "streams are created by the topology": streamsOfTopology,
  "test/unit mirrors the source": mirror,
  "exports have names": namedExports,
  "exports are used by the product": deadExports,
  "tests neither leave themselves out nor judge by a fixed wait": honestTests,
  "files that comments name exist": namedFiles,
  "invariants that comments cite exist": citedInvariants,
  "doc comments begin with their subject": plainWords,
  "a letter of invariants belongs to one file of an area": invariantLetters,
};
