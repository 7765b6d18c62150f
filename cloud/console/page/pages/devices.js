import { html } from "/lib/htm.js";
import { DevicePage } from "../devices/device.js";
import { DeviceList } from "../devices/list.js";

/** `/devices` is the list, `/devices/{id}` one of them. */
export const Page = ({ path: [id], query }) =>
  id === undefined
    ? html`<${DeviceList} query=${query} />`
    : html`<${DevicePage} key=${id} id=${id} />`;
