// Activity: what happened at the gateways' doors, commands to devices, changes by people, long work.
import { html } from "/lib/htm.js";
import { PageHead, Tabs } from "../kit/panel.js";
import { urlOf } from "../shell/url.js";
import { Changes } from "../activity/changes.js";
import { Commands } from "../activity/commands.js";
import { Events } from "../activity/events.js";
import { Work } from "../activity/work.js";

const PARTS = {
  events: {
    text: "Events",
    about: "What happens at the doors of the gateways, since the console started.",
    part: Events,
  },
  commands: {
    text: "Commands",
    about: "What devices were told to do, by people and by rules, and what they answered.",
    part: Commands,
  },
  changes: {
    text: "Changes",
    about: "Who changed what through the console; kept at the hub.",
    part: Changes,
  },
  work: { text: "Work", about: "Long work that somebody asked for.", part: Work },
};

/** /activity, /activity/commands, /activity/changes, /activity/work */
export function Page({ path: [asked = "events"], query }) {
  const name = PARTS[asked] ? asked : "events";
  const { about, part: Part } = PARTS[name];
  const tabs = Object.entries(PARTS).map(([one, { text }]) => ({
    href: urlOf(one === "events" ? ["activity"] : ["activity", one]),
    text,
    current: one === name,
  }));
  return html`
    <${PageHead} title="Activity">${about}<//>
    <${Tabs} label="What" tabs=${tabs} />
    <${Part} query=${query} />
  `;
}
