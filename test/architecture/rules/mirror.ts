import { dirname } from "node:path/posix";
import { type Rule, importsOf } from "../tree.ts";

/** Where the subject of a unit test lives: the same folder below the root, or below test/ (bench, prove). */
const subjectFolders = (path: string): string[] => {
  const folder = dirname(path.replace("test/unit/", ""));
  return [folder, `test/${folder}`];
};

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
      ) ||
      folders.some((folder) => source.includes(`"${folder}`) || source.includes(`/${folder}"`));
    if (!isMirrored) problems.push(`${path} tests nothing of ${folders[0]}`);
  }
  return problems;
};
