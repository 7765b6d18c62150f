import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Role } from "../../../../../cloud/console/access/who.ts";
import { Feed } from "../../../../../cloud/console/feed/feed.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The other end of a connection, as far as a feed sees it. */
class Page extends EventEmitter {
  text = "";
  isOpen = true;
  writableLength = 0;
  readonly writeHead = (): this => this;
  readonly write = (text: string): boolean => {
    if (this.isOpen) this.text += text;
    return this.isOpen;
  };
  readonly end = (): void => {
    this.isOpen = false;
    this.emit("close");
  };
  readonly destroy = this.end;

  open(feed: Feed, of: { role?: Role; isAdmitted?: () => boolean; devices?: string[] } = {}): this {
    const { role = "viewer", isAdmitted = () => true, devices = [] } = of;
    const response = this as unknown as ServerResponse;
    feed.open(response, { role, isAdmitted, devices: new Set(devices) });
    return this;
  }
}

test("what a device sends cannot begin an event of its own", () => {
  const feed = new Feed();
  const page = new Page().open(feed, { devices: ["a\nb"] });
  const text = "x\n\nevent: overview\ndata: {}\r\r\u2028";
  feed.send("event", { detail: text });
  feed.sendValues([["a\nb", { text }]]);
  const events = page.text.split(/\r\n|\r|\n/).filter((line) => line.startsWith("event:"));
  expect(events).toEqual(["event: event", "event: values"]);
});

test("a page whose session is over hears no more, from the next heartbeat on", () => {
  const feed = new Feed();
  let isAdmitted = true;
  const page = new Page().open(feed, { isAdmitted: () => isAdmitted });
  const other = new Page().open(feed);
  vi.advanceTimersByTime(15_000);
  expect(page.text).toMatch(/still here/);
  isAdmitted = false;
  vi.advanceTimersByTime(15_000);
  expect(page.isOpen).toBe(false);
  expect(other.isOpen).toBe(true);
  expect(feed.clients).toBe(1);
});

test("however many pages viewers open, there is room for operators; a page that does not read loses its place", () => {
  const feed = new Feed();
  const pages: Page[] = [];
  while (feed.hasRoomFor("viewer")) pages.push(new Page().open(feed));
  expect(pages.length).toBeGreaterThanOrEqual(100);
  expect(feed.hasRoomFor("operator")).toBe(true);
  while (feed.hasRoomFor("operator")) new Page().open(feed, { role: "operator" });
  expect(feed.clients).toBeGreaterThan(pages.length);
  pages[0]!.writableLength = 2 * 1024 ** 2;
  feed.send("event", {});
  expect(pages[0]!.isOpen).toBe(false);
  expect(feed.hasRoomFor("viewer")).toBe(true);
});
