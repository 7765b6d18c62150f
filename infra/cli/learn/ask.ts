// Questions to a person, answered line by line: typed, or piped in.
import { createInterface } from "node:readline";
import type { Say } from "../kit/options.ts";

/** Answers in the order in which they come; null once there are no more. */
export class Answers implements Disposable {
  readonly #lines = createInterface({ input: process.stdin, terminal: false });
  readonly #read = this.#lines[Symbol.asyncIterator]();

  async next(): Promise<string | null> {
    const line = await this.#read.next();
    return line.done === true ? null : line.value.trim();
  }

  [Symbol.dispose](): void {
    this.#lines.close();
    process.stdin.unref();
  }
}

export type Choice = "yes" | "no" | "ignore" | "edit" | "quit";

const CHOICES: Readonly<Record<string, Choice>> = {
  ...{ y: "yes", yes: "yes", n: "no", no: "no", i: "ignore", ignore: "ignore" },
  ...{ e: "edit", edit: "edit", q: "quit", quit: "quit" },
};

/** Asks until the answer is one; no answer at all is `quit`. */
export async function choose(answers: Answers, say: Say, question: string): Promise<Choice> {
  for (;;) {
    say(question);
    const answer = await answers.next();
    if (answer === null) return "quit";
    const choice = CHOICES[answer.toLowerCase()];
    if (choice) return choice;
    say(`"${answer}" is no answer: y, n, i, e or q`);
  }
}
