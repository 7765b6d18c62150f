// How a mapping table that was tried here gets to the gateways, which read theirs from a file.
import { html } from "/lib/htm.js";
import { Button } from "../kit/button.js";
import { Code, CopyButton } from "../kit/code.js";

const NAME = "mappings.json";
/** The browser has read it by then. */
const KEPT_MS = 10_000;

function download(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: NAME });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** `text` is a table that fits the contracts; `file` is where the console was told that the gateways have theirs. */
export function TableFile({ text, file }) {
  const place = file ?? "the file that SKERRY_MAPPINGS of the gateways names";
  return html`<div class="stack">
    <h3>Have the gateways use it</h3>
    <ol class="todo">
      <li>
        <div class="row">
          <${Button} kind="primary" size="small" onClick=${() => download(text)}
            >Download ${NAME}<//
          >
          <${CopyButton} text=${text} label="Copy it" />
        </div>
      </li>
      <li>
        Check it once more where the gateways run:
        <${Code}
          text=${`npx skerry mappings check ${NAME}`}
          label="Command that checks the table"
        />
      </li>
      <li>
        Put it in the place of
        ${" "}<code>${place}</code>${!file && html` (without one: <code>SKERRY_MAPPINGS=${NAME}</code>)`},
        on every machine that has a gateway, and keep it with your configuration.
      </li>
      <li>
        Restart the gateways, one after the other, and the console. Devices connect again by
        themselves, and nothing that was acknowledged is lost. Under <code>npm start</code>: end it
        and start it again.
      </li>
    </ol>
  </div>`;
}
