// The source as the house rules see it: paths and texts, so that a planted violation needs no file.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

/** Path from the project's root → text, of every TypeScript file of ours. */
export type Tree = ReadonlyMap<string, string>;

/** A rule of the house: the problems that it finds, each naming its file. */
export type Rule = (tree: Tree) => string[];

const PRODUCT = /^(contracts|platform|otel|gateway|cloud|device-sim|infra)\//;

export const isProduct = (path: string): boolean => PRODUCT.test(path);

/** Reads every TypeScript file below the top-level folders. */
export function readTree(): Tree {
  const paths = globSync(
    "{contracts,platform,otel,gateway,cloud,device-sim,infra,test}/**/*.ts",
  ).toSorted();
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

const IMPORT = /^(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;

export interface Import {
  /** As it is written: `./frame.ts`, `node:fs`, `ajv/dist/2020.js`. */
  readonly specifier: string;
  /** Path of the file of ours that is meant, null for a package. */
  readonly target: string | null;
  /** True for `import type` and `export type`: nothing of it is there at run time. */
  readonly typeOnly: boolean;
}

export function importsOf(path: string, source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(([statement, fromStatic, fromDynamic]) => {
    const specifier = fromStatic ?? fromDynamic ?? "";
    return {
      specifier,
      target: specifier.startsWith(".") ? join(dirname(path), specifier) : null,
      typeOnly: /^(import|export)\s+type\s/.test(statement),
    };
  });
}

/** The comment that a file opens with, without its slashes and stars. */
export function headerOf(source: string): string {
  const lines: string[] = [];
  for (const line of source.split("\n")) {
    if (line.startsWith("#!")) continue;
    if (!/^\s*(\/\/|\/\*|\*)/.test(line)) break;
    lines.push(line.replace(/^\s*(\/\/|\/\*\*?|\*\/?)\s?/, ""));
  }
  return lines.join("\n");
}

/** Every comment of a file as text; several lines of one block stay together. */
export function commentsOf(source: string): string[] {
  const found = source.matchAll(/\/\*[\s\S]*?\*\/|(?:(?:^|[ \t]+)\/\/.*(?:\n[ \t]*(?=\/\/)|$))+/gm);
  return [...found].map(([text]) => text.replace(/^[ \t]*(\/\/|\/?\*+\/?)[ \t]?/gm, ""));
}

/** The same text with comments and the content of strings blanked: only code is left. */
export const codeOf = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/(^|[ \t])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, (text) => (/^"(node:|\.|@|[a-z])/.test(text) ? text : '""'));
