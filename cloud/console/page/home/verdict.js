// The verdict: one sentence, and under it for each problem the next thing to do, its proof and its run book.
import { html } from "/lib/htm.js";
import { StateMark } from "../kit/chip.js";
import { Unbroken } from "../kit/number.js";
import { useFeedState } from "../shell/feed.js";
import { verdictOf } from "../shell/verdict.js";
import { ProblemLinks, lineOf } from "./problem.js";

/** Further ones are under What fires. */
const SHOWN = 4;

/** The sentence tells of the first one; of several, each is told in a line of its own. */
function Problems({ problems }) {
  if (problems.length === 0) return null;
  const more = problems.length - SHOWN;
  return html`<ul class="problems">
    ${problems.slice(0, SHOWN).map(
      (problem) =>
        html`<li key=${problem.kind + problem.text}>
          ${problems.length > 1 && html`<strong><${Unbroken} text=${`${lineOf(problem)}.`} /></strong>`}
          <span class="next"
            ><span class="next-word">Next:</span> <${Unbroken} text=${problem.next}
          /></span>
          <${ProblemLinks} problem=${problem} />
        </li>`,
    )}
    ${more > 0 && html`<li><a href="#fires">${more} more under What fires</a></li>`}
  </ul>`;
}

export function Verdict({ overview }) {
  const feedState = useFeedState();
  const { state, sentence } = verdictOf(overview, feedState);
  return html`<section class="verdict" data-state=${state} aria-live="polite">
    <${StateMark} state=${state} />
    <div>
      <h1><${Unbroken} text=${sentence} /></h1>
      <${Problems} problems=${feedState === "lost" ? [] : (overview?.problems ?? [])} />
    </div>
  </section>`;
}
