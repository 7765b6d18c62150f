// Admitting rejects again: a dry run says what would happen, a replay does it; both with progress.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { count, duration, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { ProblemNote } from "../kit/problem.js";
import { useEvents } from "../shell/feed.js";
import { ForOperators } from "../shell/session.js";

const LINES_SHOWN = 8;

/** Outcomes of a reject, and how good they are. */
const OUTCOMES = { stored: "ok", partly: "warn", rejected: "bad", gone: "idle", failed: "bad" };

/** Replays what the list shows; a region has to be chosen, because each region admits its own. */
export function ReplayPanel({ filter, regions, done }) {
  return html`<${ForOperators}
    ><${Replay}
      order=${filter.region === "hub" || filter.region === "" ? null : filter}
      regions=${regions}
      what="those that the list shows, and older ones like them"
      done=${done}
  /><//>`;
}

/** @param order what is replayed: a filter, or `{ region, seqs }`; null while no region is chosen. */
export function Replay({ order, what, done }) {
  const [job, setJob] = useState(null);
  const [problem, setProblem] = useState(null);
  useEvents(
    "job",
    (told) => {
      if (told.id !== job?.id) return;
      setJob(told);
      if (told.state !== "running") done();
    },
    [job?.id, done],
  );
  const start = async (dryRun) => {
    setProblem(null);
    try {
      const begun = await ask("POST", "/rejects/replay", { ...filled(order), dryRun });
      setJob(begun);
      // It may have ended before its events were listened for.
      const now = await ask("GET", `/jobs/${begun.id}`);
      setJob((known) => (known.done > now.done ? known : now));
      if (now.state !== "running") done();
    } catch (error) {
      setProblem(error);
    }
  };
  const isRunning = job?.state === "running";
  return html`<${Panel}
    title="Admit again"
    note=${order === null ? "choose a region first: each region admits its own" : what}
  >
    <div class="stack">
      <div class="row">
        <${Button} disabled=${order === null || isRunning} onClick=${() => start(true)}>Dry run<//>
        <${Button}
          kind="primary"
          disabled=${order === null || isRunning}
          onClick=${() => start(false)}
          >Replay<//
        >
      </div>
      ${problem && html`<${ProblemNote} problem=${problem} />`}
      ${job && html`<${Progress} job=${job} />`}
    </div>
  <//>`;
}

const filled = (order) =>
  Object.fromEntries(Object.entries(order).filter(([, value]) => value !== ""));

/** The progress of a replay. */
export function Progress({ job: { kind, state, done, total, etaMs, counts, lines } }) {
  const words =
    state === "running"
      ? `${count(done)} of ${count(total)}${etaMs === null ? "" : `, done in about ${duration(etaMs)}`}`
      : state === "failed"
        ? "it failed"
        : `done: ${plural(total, "reject")}`;
  return html`<div class="stack" role="status">
    <p><strong>${kind}</strong>: ${words}</p>
    <progress
      class="progress"
      max=${Math.max(total, 1)}
      value=${state === "done" ? Math.max(total, 1) : done}
      aria-label=${words}
    ></progress>
    <p class="row">
      ${Object.entries(counts).map(
        ([outcome, n]) =>
          html`<${Chip} key=${outcome} state=${OUTCOMES[outcome]}>${count(n)} ${outcome}<//>`,
      )}
      ${total === 0 && state === "done" && html`<span class="muted">There was nothing to admit.</span>`}
    </p>
    ${
      lines.length > 0 &&
      html`<ul class="lines">
        ${lines.slice(-LINES_SHOWN).map((line, at) => html`<li key=${at}><code>${line}</code></li>`)}
      </ul>`
    }
  </div>`;
}
