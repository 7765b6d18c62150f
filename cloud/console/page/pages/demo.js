// Demo controls: break something of the local installation, and see what the console says.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Picture } from "../home/picture.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { SelectField } from "../kit/form.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { toast } from "../kit/toast.js";
import { useOverview } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";
import { useIsOperator } from "../shell/session.js";

const ASKED_AGAIN_MS = 3_000;
const JUNK_MESSAGES = 25;

const change = (what, body, said, done) => async () => {
  try {
    await ask("POST", `/demo/${what}`, body);
    toast(said);
  } catch (error) {
    toast(error.message, "bad");
  }
  await done();
};

function Wan({ wan, done }) {
  return html`<${Panel} title="WAN" note="the link between a region and the hub">
    <ul class="plain-list">
      ${Object.entries(wan).map(([region, state]) => {
        const isCut = state === "cut";
        const said = isCut
          ? `The WAN of ${region} is whole again: its log comes over now`
          : `The WAN of ${region} is cut: the region goes on by itself`;
        return html`<li class="row" key=${region}>
          <strong>${region}</strong>
          <${Chip} state=${isCut ? "bad" : "ok"}>${isCut ? "cut" : "whole"}<//>
          <span class="spread"
            ><${Button}
              kind=${isCut ? "primary" : "danger"}
              onClick=${change("wan", { region, cut: !isCut }, said, done)}
              aria-label=${`${isCut ? "Heal" : "Cut"} the WAN of ${region}`}
              >${isCut ? "Heal" : "Cut"}<//
            ></span
          >
        </li>`;
      })}
    </ul>
  <//>`;
}

function Processes({ processes, done }) {
  const [name, setName] = useState(processes[0]);
  return html`<${Panel} title="Processes" note="killed as by kill -9; the launcher starts it again">
    <div class="row end">
      <${SelectField}
        label="Process"
        value=${name}
        onChange=${setName}
        options=${processes.map((one) => ({ value: one, text: one }))}
      />
      <${Button} kind="danger" onClick=${change("process", { name }, `${name} was killed`, done)}
        >Kill it<//
      >
    </div>
  <//>`;
}

function Devices({ devices, regions, done }) {
  const [region, setRegion] = useState(regions[0]);
  return html`<${Panel} title="Devices and junk">
    <div class="stack">
      <div class="row end">
        <${SelectField}
          label="Region"
          value=${region}
          onChange=${setRegion}
          options=${regions.map((one) => ({ value: one, text: one }))}
        />
        <${Button}
          onClick=${change("device", { region }, `A device was added in ${region}: it sends each second`, done)}
          >Add a device<//
        >
        <${Button}
          onClick=${change(
            "junk",
            { region, count: JUNK_MESSAGES },
            `${JUNK_MESSAGES} messages that are no readings were sent in ${region}: they are refused, and kept`,
            done,
          )}
          >Send junk<//
        >
      </div>
      ${
        devices.length > 0 &&
        html`<p class="row">
          Added:${" "}
          ${devices.map(({ id }) => html`<a key=${id} href=${urlOf(["devices", id])}>${id}</a>`)}
        </p>`
      }
      <p class="muted small">
        What was refused is on <a href="/rejects">Rejects</a>, who sent it on ${" "}<a
          href="/activity"
          >Activity</a
        >.
      </p>
    </div>
  <//>`;
}

function Controls({ state, reload }) {
  const isOperator = useIsOperator();
  const overview = useOverview();
  if (state === null)
    return html`<${Panel}
      ><${Empty}
        title="This installation has no demo controls"
        action=${{ href: "/", text: "Home" }}
        >Only the one that npm start runs on a machine of yours can be broken from here.<//
      ><//
    >`;
  const regions = Object.keys(state.wan);
  return html`<div class="stack">
    ${
      overview &&
      html`<${Panel} title="What happens" note="the verdict above says it in words"
        ><${Picture} overview=${overview}
      /><//>`
    }
    ${
      isOperator
        ? html`<div class="columns">
            <${Wan} wan=${state.wan} done=${reload} />
            <${Processes} processes=${state.processes} done=${reload} />
            <${Devices} devices=${state.devices} regions=${regions} done=${reload} />
          </div>`
        : html`<${Note} state="info"
            ><p>Only an operator can break something. You are logged in as a viewer.</p><//
          >`
    }
  </div>`;
}

export function Page() {
  const asked = useAsk("/demo", { everyMs: ASKED_AGAIN_MS });
  // An installation without controls answers null, which is no "still loading".
  const of = { ...asked, data: asked.loading ? null : { state: asked.data } };
  return html`<${PageHead} title="Demo controls">
      Break something of this local installation, and see what becomes of it: nothing that was
      acknowledged is lost.
    <//>
    <${Answer} of=${of}
      >${({ state }) => html`<${Controls} state=${state} reload=${asked.reload} />`}<//
    >`;
}
