// What processes write and other ones read, with versions.
import { DESCRIBED_FORMATS, type DescribedFormat, versionOf } from "./formats.ts";
import { GENERATED, page, table } from "./markdown.ts";

const fileLinks = (paths: readonly string[]): string =>
  paths.map((path) => `[${path.split("/").at(-1)}](../../${path})`).join(", ");

const rowOf = (of: DescribedFormat): string[] => [
  of.name,
  of.where,
  versionOf(of),
  fileLinks(of.writers),
  fileLinks(of.readers),
  of.newer,
  of.unknown,
];

const HEAD = [
  "format",
  "where",
  "version",
  "written in",
  "checked in",
  "a newer version",
  "an unknown member",
];

export const formatsPage = (): string =>
  page(
    GENERATED,
    "# Formats",
    "What one process writes and another one reads, or the same one after an upgrade. A record of JSON says its version in member `v`; " +
      "without it, that is 1, and nobody writes the 1 ([format.ts](../../contracts/messages/format.ts)). Within a version members are " +
      "added; a reader passes over those that it does not know. What a reader must not pass over is another version, which is " +
      'written only after [`npx skerry upgrade finish`](../guides/upgrading.md). The sentence is of the form "it is a rule of version 2, and ' +
      'this program reads 1: upgrade the program".',
    ...Object.entries(DESCRIBED_FORMATS).flatMap(([name, formats]) => [
      `## ${name}`,
      table(HEAD, formats.map(rowOf)),
    ]),
    "## NATS topology",
    "Streams, buckets, accounts and rights have no version: `npx skerry topology apply` compares them with what the program wants and says each difference, and never lowers what an older program would " +
      "([the reference](nats.md)). A process asks at its start for what it needs, and says which command makes it.",
  );
