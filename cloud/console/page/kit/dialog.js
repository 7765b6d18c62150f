import { html } from "/lib/htm.js";
import { useEffect, useId, useRef, useState } from "/lib/hooks.js";
import { Button } from "./button.js";
import { ProblemNote } from "./problem.js";

/** A dialog over the page. Escape and its button close it; the browser keeps the keyboard inside. */
export function Dialog({ title, open, onClose, wide, children }) {
  const dialog = useRef(null);
  const id = useId();
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    else if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return html`<dialog
    class="dialog"
    ref=${dialog}
    aria-labelledby=${id}
    data-wide=${wide ? "true" : undefined}
    onClose=${onClose}
  >
    ${
      open &&
      html`<div class="dialog-head">
          <h2 id=${id}>${title}</h2>
          <${Button} kind="quiet" size="small" onClick=${onClose} aria-label="Close">Close<//>
        </div>
        <div class="dialog-body">${children}</div>`
    }
  </dialog>`;
}

/** Asks before something that cannot be taken back; `act` may fail, which is shown here. */
export function ConfirmDialog({ title, open, onClose, action, kind = "danger", act, children }) {
  const [problem, setProblem] = useState(null);
  useEffect(() => setProblem(null), [open]);
  const confirm = async () => {
    try {
      await act();
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Dialog} title=${title} open=${open} onClose=${onClose}>
    <div>${children}</div>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <div class="dialog-actions">
      <${Button} onClick=${onClose}>Cancel<//>
      <${Button} kind=${kind} onClick=${confirm}>${action}<//>
    </div>
  <//>`;
}
