// Something that is wrong with the platform, as the home page tells it: where it is proved, and its run book.
import { html } from "/lib/htm.js";
import { urlOf } from "../shell/url.js";

const LANES = ({ region }) => [
  urlOf(["lanes"], { region }),
  region ? `Lanes of ${region}` : "Lanes",
];
const LEDGER = ({ region }) => [
  urlOf(["ledger", ...(region ? [region] : [])]),
  region ? `Ledger of ${region}` : "Ledger",
];
const ACTIVITY = ({ region }) => [urlOf(["activity"], { region }), "Activity"];

/** Pages where each kind of problem is proved, as address and name; the lanes for others. */
const PROOFS = {
  data_lost: LEDGER,
  ledger_open: LEDGER,
  flooding: ACTIVITY,
  process_gone: ACTIVITY,
  nothing_runs: ACTIVITY,
};

export const toneOf = ({ kind, state }) =>
  kind === "catching_up" ? "info" : state === "wrong" ? "bad" : "warn";

/** A clause as a line of its own. */
export const lineOf = ({ text }) => text.charAt(0).toUpperCase() + text.slice(1);

/** Links to the proof and to the run book. */
export function ProblemLinks({ problem }) {
  const [href, name] = (PROOFS[problem.kind] ?? LANES)(problem);
  return html`<span class="problem-links">
    <a href=${href}>Proof: ${name}</a>
    <a href=${urlOf(["guides", "run-books", problem.runBook])}>Run book</a>
  </span>`;
}
