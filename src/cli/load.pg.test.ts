/** `leeward load` against the real API, with a hand-made world behind it and a small application at its entry. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openShell } from "../../test/command-shell.ts";

const shell = await openShell();
const { world, leeward } = shell;

/** The Region whose entry was asked says so. */
const application = createServer(({ url }, response) => {
  response.setHeader("x-leeward-region", "us-west-2");
  response.writeHead(url === "/broken" ? 503 : 200).end("here");
});
let url = "";

beforeAll(async () => {
  application.listen(0, "127.0.0.1");
  await once(application, "listening");
  url = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
  const load = (module: string): string => `{ module: ${module} }`;
  writeFileSync(
    join(shell.directory, "leeward.yaml"),
    `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases: { orders: { primary: us-east-1 } }
load:
  shop: ${load("journeys.mjs")}
  unbuilt: ${load("dist/journeys.js")}
  other: ${load("other.mjs")}
  broken: ${load("broken.mjs")}`,
  );
  writeFileSync(
    join(shell.directory, "journeys.mjs"),
    `export const profiles = {
  browse: async (visitor) => { visitor.step("home"); await visitor.get("/"); await visitor.pause(20); },
  fail: async (visitor) => { await visitor.get("/broken"); },
};`,
  );
  writeFileSync(join(shell.directory, "other.mjs"), "export const profiles = { browse: 7 };");
  writeFileSync(join(shell.directory, "broken.mjs"), "throw new Error('no such luck');");
});
afterAll(async () => {
  application.close();
  application.closeAllConnections();
  await shell.close();
});
beforeEach(() => {
  world.reset();
  const { port } = application.address() as AddressInfo;
  world.trafficNow = { ...world.trafficNow, entry: { address: "127.0.0.1", port } };
});

const quick = ["--clients", "2", "--seconds", "1"];

test("a run says how it went: all together, by Region and by step", async () => {
  const { code, out, err } = await leeward(["load", "shop", ...quick]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^shop browse: 2 visitors at http:\/\/127\.0\.0\.1:\d+ for 1\.0 s\n/);
  expect(out).toMatch(/\nall +\d+ +[\d.]+ .* 0\nus-west-2 +\d+ .*\n {2}home +\d+ /);
  expect(out).toMatch(/\n\d+ requests in \d[^,]*, 0 errors; \d+ journeys completed\n$/);
});

test("the JSON names the same figures, and errors do not fail the command unless it is asked to", async () => {
  const args = ["load", "shop", ...quick, "--profile", "fail", "--json"];
  const { code, out } = await leeward(args);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    load: "shop",
    profile: "fail",
    url,
    clients: 2,
    latencyMs: { p50: expect.any(Number), max: expect.any(Number) },
    errorsByKind: { "5xx": { messages: ["GET /broken answered 503"] } },
    regions: { "us-west-2": { requests: expect.any(Number) } },
    steps: { visit: { errors: expect.any(Number) } },
    journeys: { completed: 0 },
    unfinished: 0,
  });
  const strict = await leeward([...args, "--fail-on-errors"]);
  expect(strict.code).toBe(1);
  expect(JSON.parse(strict.err)).toMatchObject({ code: "load.had-errors" });
  expect(JSON.parse(strict.out)).toMatchObject({ profile: "fail" });
});

test("on a terminal, a block is drawn again each second, and Ctrl-C ends with the result", async () => {
  const end = new AbortController();
  let seen = "";
  const out = {
    isTty: true,
    columns: 100,
    rows: 40,
    write: (text: string): void => {
      seen += text;
      if (seen.includes("last 5 s")) end.abort();
    },
  };
  const args = ["load", "shop", "--no-color", "--url", url, "--clients", "2"];
  const { code } = await leeward(args, { out, signal: end.signal });
  expect(code).toBe(0);
  expect(seen).toContain("of 1 min, 0 errors so far; Ctrl-C ends it");
  expect(seen).toMatch(/\d+ requests in \d.*, 0 errors/);
});

test.for([
  [["load", "shpo"], 64, /no load "shpo"; did you mean shop\?/],
  [["load", "shop", "--profile", "brows"], 64, /no profile "brows"; did you mean browse\?/],
  [["load", "shop", "--region", "us-east"], 64, /no Region "us-east"; did you mean us-east-1\?/],
  [["load", "unbuilt"], 78, /dist\/journeys\.js is not there; was it built\?/],
  [["load", "other"], 78, /other\.mjs exports no `profiles`/],
  [["load", "broken"], 78, /broken\.mjs cannot be loaded: no such luck/],
  [["load", "shop", "--clients", "0"], 64, /whole number from 1 to 2000/],
  [["load", "shop", "--seconds", "1.5"], 64, /whole number from 1 to 86400/],
  [["load", "shop", "--url", "127.0.0.1:8080"], 64, /address without a path/],
  [["load", "shop", "--url", "http://a/b"], 64, /address without a path/],
  [["load", "shop", "--url", "http://a", "--region", "us-east-1"], 64, /Either --region or --url/],
  [["load"], 64, /missing required argument 'name'/],
] as const)("%j is refused with what to do", async ([args, exit, message]) => {
  const { code, out, err } = await leeward(args);
  expect([code, out]).toEqual([exit, ""]);
  expect(err).toMatch(message);
});

test("a world without an entry, and no world at all, are told apart", async () => {
  world.trafficNow = { ...world.trafficNow, entry: null };
  const { code, err } = await leeward(["load", "shop"]);
  expect([code, err]).toEqual([78, expect.stringContaining("no global entry")]);
  const elsewhere = { XDG_RUNTIME_DIR: "/nowhere" };
  const none = await leeward(["load", "shop"], { cwd: "/", env: elsewhere });
  expect(none.code).not.toBe(0);
  expect(none.err).toMatch(/hint: /);
});

test("the help has an example", async () => {
  const { code, out } = await leeward(["load", "--help"]);
  expect(code).toBe(0);
  expect(out).toContain("leeward load retail-store --clients 50 --seconds 300 --profile buy");
});
