import { basename, dirname } from "node:path/posix";
import { type Rule, importsOf } from "../tree.ts";

/** Where the subject of a unit test lives: the same folder below the root, or below test/ (bench, prove). */
const subjectFolders = (path: string): string[] => {
  const folder = dirname(path.replace("test/unit/", ""));
  return [folder, `test/${folder}`];
};

/** True of a test of data or of a page, which names the folder, and of one that drives its folder by test/support. */
const readsFrom = (source: string, folder: string): boolean =>
  source.includes(`"${basename(folder)}`) ||
  source.includes(`/${folder}/`) ||
  source.includes("/support/");

/** test/unit mirrors the source: a test stands in the folder of the code that it imports. */
export const mirror: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!path.startsWith("test/unit/")) continue;
    if (!path.endsWith(".test.ts")) {
      problems.push(`${path} is no test: what tests share is in test/support`);
      continue;
    }
    const folders = subjectFolders(path);
    const isMirrored =
      importsOf(path, source).some(
        ({ target }) => target !== null && folders.includes(dirname(target)),
      ) || readsFrom(source, folders[0]!);
    if (!isMirrored) problems.push(`${path} tests nothing of ${folders[0]}`);
  }
  return problems;
};
