import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { Button } from "./button.js";

const SAID_MS = 1_500;

/** Copies text; where the browser does not allow the clipboard (plain HTTP, another host), by a selection. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}

export function CopyButton({ text, label = "Copy" }) {
  const [said, setSaid] = useState(null);
  const click = async () => {
    setSaid(
      await copy(text).then(
        () => "Copied",
        () => "Not allowed",
      ),
    );
    setTimeout(() => setSaid(null), SAID_MS);
  };
  return html`<${Button} size="small" onClick=${click}
    ><span aria-live="polite">${said ?? label}</span><//
  >`;
}

/** Text as a program has it, with a button that copies it; `children` may be the same text with marks in it. */
export const Code = ({ text, label, wrap, children, noCopy }) =>
  html`<div class="code" data-wrap=${wrap ? "true" : undefined}>
    <pre tabindex="0" role="region" aria-label=${label}><code>${children ?? text}</code></pre>
    ${!noCopy && html`<${CopyButton} text=${text} />`}
  </div>`;
