// Regions that are not heard: of what they acknowledge meanwhile the ledger knows nothing.
import { html } from "/lib/htm.js";
import { Age } from "../kit/number.js";
import { OLD_MS } from "../home/ledger-table.js";
import { Note } from "../kit/problem.js";

/** A note for each region that was not heard for a while at `atMs`, the time of the overview. */
export function Unheard({ heardMs = {}, atMs }) {
  return Object.entries(heardMs)
    .filter(([, ms]) => ms === null || atMs - ms > OLD_MS)
    .map(
      ([region, ms]) =>
        html`<${Note} key=${region} state="warn" title=${`${region} is not heard`}>
          <p>
            ${
              ms === null
                ? "What it has acknowledged is in here as far as the hub's copy goes, and no further."
                : html`It was heard last <${Age} atMs=${ms} />: what it has acknowledged since is in
                    no number of this page yet. Its devices are answered as before, and it is
                    counted as soon as the region is heard again.`
            }
          </p>
        <//>`,
    );
}
