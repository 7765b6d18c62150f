// The stream of events, one connection for the whole page.
//
// A hidden page lets it go: a browser has six connections to a server, and an open tab must not take one for ever.
import { useEffect, useState } from "/lib/hooks.js";

const HIDDEN_FOR_MS = 5_000;
const AGAIN_AFTER_MS = 3_000;
/** A connection that is back before is not told as lost. */
const LOST_AFTER_MS = 4_000;

const listeners = new Map();
const latest = new Map();
const devices = new Map();
const stateListeners = new Set();

let source = null;
let url = null;
let state = "connecting";
let hiddenTimer = null;
let onSessionEnd = () => undefined;

let lostTimer = null;

function lose() {
  lostTimer ??= setTimeout(() => setState("lost"), LOST_AFTER_MS);
}

const setState = (next) => {
  clearTimeout(lostTimer);
  lostTimer = null;
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener(next);
};

const wantedUrl = () => {
  const ids = [...devices.keys()].sort();
  return `/api/v1/stream${ids.length === 0 ? "" : `?devices=${ids.map(encodeURIComponent).join(",")}`}`;
};

function hear(event) {
  const take = ({ data }) => {
    setState("live");
    const value = JSON.parse(data);
    latest.set(event, value);
    for (const listener of listeners.get(event) ?? []) listener(value);
  };
  source.addEventListener(event, take);
}

function open() {
  source?.close();
  url = wantedUrl();
  source = new EventSource(url);
  for (const event of ["overview", "values", "event", "alert", "job", "device"]) hear(event);
  source.addEventListener("open", () => setState("live"));
  const own = source;
  source.addEventListener("error", () => {
    lose();
    // Closed for good: the server refused, such as a session that ended.
    if (own.readyState === EventSource.CLOSED && own === source) {
      source = null;
      onSessionEnd();
      setTimeout(() => !source && !document.hidden && started && open(), AGAIN_AFTER_MS);
    }
  });
}

let started = false;

/** Opens the stream; `whenRefused` is called when the server refuses it. */
export function startFeed(whenRefused) {
  onSessionEnd = whenRefused;
  started = true;
  open();
}

export function stopFeed() {
  started = false;
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (!started) return;
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      source?.close();
      source = null;
      setState("paused");
    }, HIDDEN_FOR_MS);
  } else if (source === null) open();
});

let reopen = null;
function followChanged() {
  clearTimeout(reopen);
  reopen = setTimeout(() => started && source && wantedUrl() !== url && open(), 100);
}

/** Calls `listener` with each event of a name; returns what ends it. */
export function onEvent(event, listener) {
  const of = listeners.get(event) ?? new Set();
  listeners.set(event, of.add(listener));
  return () => of.delete(listener);
}

/** Calls `listener` with each event of a name for as long as the component is there. */
export function useEvents(event, listener, deps) {
  useEffect(() => onEvent(event, listener), deps);
}

/** The newest value of an event, or null. */
export function useLatest(event) {
  const [value, setValue] = useState(latest.get(event) ?? null);
  useEffect(() => onEvent(event, setValue), [event]);
  return value;
}

/** Insight: the state of everything, once a second; null before the first. */
export const useOverview = () => useLatest("overview");

/** Asks for `values` events of these devices, for as long as the component is there. */
export function useFollowDevices(ids) {
  const key = ids.join("\n");
  useEffect(() => {
    for (const id of ids) devices.set(id, (devices.get(id) ?? 0) + 1);
    followChanged();
    return () => {
      for (const id of ids) {
        const left = devices.get(id) - 1;
        if (left === 0) devices.delete(id);
        else devices.set(id, left);
      }
      followChanged();
    };
  }, [key]);
}

/** "connecting", "live", "lost" or "paused". */
export function useFeedState() {
  const [value, setValue] = useState(state);
  useEffect(() => {
    stateListeners.add(setValue);
    setValue(state);
    return () => stateListeners.delete(setValue);
  }, []);
  return value;
}
