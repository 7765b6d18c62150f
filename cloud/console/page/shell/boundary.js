// What a fault of the page's own code comes to: the part that has it says so, and everything around it goes on.
//
// B1. A fault stays in the part it is in: its siblings are drawn as before.
// B2. Another address is another try: a fault is not shown for a page that does not have it.
import { Component } from "/lib/preact.js";
import { html } from "/lib/htm.js";
import { Button, LinkButton } from "../kit/button.js";
import { Code } from "../kit/code.js";
import { PageHead } from "../kit/panel.js";
import { Note } from "../kit/problem.js";

/** Its children, or what became of them. `at` is the address that they are drawn for; with `brief` a line is all there is room for. */
export class Boundary extends Component {
  static getDerivedStateFromError(error) {
    return { error };
  }

  componentDidCatch(error) {
    console.error(error); // With its place, for whoever looks.
  }

  componentDidUpdate({ at }) {
    if (at !== this.props.at && this.state.error) this.setState({ error: null }); // B2
  }

  render({ children, at, brief }, { error }) {
    if (!error) return children;
    const again = () => this.setState({ error: null });
    return brief
      ? html`<${BriefFault} error=${error} again=${again} />`
      : html`<${Fault} error=${error} at=${at} again=${again} />`;
  }
}

const messageOf = (error) => (error instanceof Error ? error.message : String(error));

const BriefFault = ({ error, again }) =>
  html`<p class="row fault" role="alert">
    <span>This part of the page failed: ${messageOf(error)}</span>
    <${Button} size="small" onClick=${again}>Try again<//>
  </p>`;

function Fault({ error, at, again }) {
  const report = [`${messageOf(error)}`, `at ${at}`, error?.stack ?? ""].join("\n");
  return html`<${PageHead} title="This page failed" />
    <${Note} state="bad" title="The console's own code has a fault">
      <p><code>${messageOf(error)}</code></p>
      <p>
        Nothing else is concerned by it: readings, alerts and every other page go on. Try again, or
        load the console anew. If the fault stays, report what is below.
      </p>
      <div class="row">
        <${Button} kind="primary" onClick=${again}>Try again<//>
        <${Button} onClick=${() => location.reload()}>Load anew<//>
        <${LinkButton} href="/activity">What happened lately<//>
        <${LinkButton} href="/">Home<//>
      </div>
    <//>
    <details class="fault-report">
      <summary>For a report</summary>
      <${Code} text=${report} label="What failed, and where" wrap />
    </details>`;
}
