import { expect, test } from "vitest";
import { allowedHosts, crossSiteProblem } from "../../../../../cloud/console/access/origin.ts";
import { isAllowedHost } from "../../../../../platform/runtime/http-host.ts";

test("the console answers to its own names on any port, and to nobody else's that points to it", () => {
  const allowed = allowedHosts("10.0.0.7", new URL("https://console.example"));
  for (const host of ["localhost:8080", "127.0.0.1", "[::1]:80", "10.0.0.7:1", "console.example"])
    expect(isAllowedHost(host, allowed)).toBe(true);
  for (const host of [
    undefined,
    "",
    "evil.example",
    "localhost.evil.example",
    "10.0.0.8",
    "a b",
    "e@localhost",
    "localhost/x",
  ])
    expect(isAllowedHost(host, allowed)).toBe(false);
});

const ours = {
  host: "localhost:8080",
  origin: "http://localhost:8080",
  fetchSite: "same-origin",
  changeHeader: "1",
};

test("a change comes from our page, or is refused with the reason", () => {
  expect(crossSiteProblem(ours)).toBeNull();
  expect(crossSiteProblem({ ...ours, fetchSite: undefined })).toBeNull();
  expect(crossSiteProblem({ ...ours, changeHeader: undefined })).toMatch(/x-skerry-change/);
  expect(crossSiteProblem({ ...ours, fetchSite: "cross-site" })).toMatch(/another site/);
  expect(crossSiteProblem({ ...ours, fetchSite: "same-site" })).toMatch(/another site/);
  for (const origin of [undefined, "null", "http://localhost:8081", "http://evil.example"])
    expect(crossSiteProblem({ ...ours, origin })).toMatch(/origin/);
});
