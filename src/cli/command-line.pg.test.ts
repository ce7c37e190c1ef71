/** Whole command lines against the real API, over a socket, with a hand-made world behind it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { openShell } from "../../test/command-shell.ts";
import { exampleInstance, exampleStatus } from "../../test/fake-world.ts";
import type { ApiStatus } from "../api/api.ts";
import { stateLayout } from "../config/state-directory.ts";
import { nodeFiles } from "../env/node/files.ts";
import { registerWorld } from "./registry.ts";

const shell = await openShell();
const { world, leeward, layout, directory } = shell;

afterAll(() => shell.close());

beforeEach(() => world.reset());

function withInstance(change: Parameters<typeof exampleInstance>[0]): ApiStatus {
  const status = exampleStatus();
  const member = status.databases["orders"]?.members["us-west-2"];
  if (member) member.instances = [exampleInstance({ role: "secondary", ...change })];
  return status;
}

test("status prints every Region, database and link, without colours in a pipe", async () => {
  const { code, out } = await leeward(["status"]);
  expect(code).toBe(0);
  expect(out).toContain("us-east-1  serving  127.0.1.0/24");
  expect(out).toMatch(/orders\s+us-east-1\s+primary\s+serving\s+127\.0\.1\.11:5432\s+epoch 1/);
  expect(out).toMatch(/us-west-2\s+secondary\s+serving\s+0 B, 0 ms/);
  expect(out).toMatch(/us-east-1 – us-west-2\s+up\s+60 ms/);
  expect(out).not.toContain("\u001B");
});

test("status shows who may write, and what a failover would lose", async () => {
  const { out } = await leeward(["status"]);
  expect(out).toMatch(
    /us-west-2\s+secondary .* 3 transactions, 1\.2 KiB, 40 ms\s+127\.0\.2\.11:5432/,
  );
  expect(out).toMatch(/orders\s+held, 3\.5 s\s+none\s+us-west-2\s+manual\s+off\s+1, 16 KiB/);
});

test("status --json is the status of the API and the gateways' URLs, also with the option in front", async () => {
  for (const args of [
    ["status", "--json"],
    ["--json", "status"],
  ]) {
    const { out } = await leeward(args);
    const status = JSON.parse(out) as ApiStatus;
    expect(status).toMatchObject(exampleStatus());
    // Nobody has a password in this state directory.
    expect(status.regions["us-west-2"]?.gateway).toMatchObject({ port: 6432, urls: {} });
  }
});

test("the only world that runs is found from anywhere, and one named with --state", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "leeward-elsewhere-"));
  const place = { cwd: elsewhere, env: { XDG_RUNTIME_DIR: elsewhere } };
  const lost = await leeward(["status"], place);
  expect(lost).toMatchObject({ code: 69, out: "" });
  expect(lost.err).toMatch(/error: .*\nhint: `leeward up` starts it\.\n/);
  expect((await leeward(["status", "--state", directory], place)).code).toBe(0);
  registerWorld(
    { ...place, files: nodeFiles, userId: process.getuid?.(), temporaryDirectory: elsewhere },
    { stateDirectory: layout.root, pid: process.pid },
  );
  expect((await leeward(["status"], place)).code).toBe(0);
  rmSync(elsewhere, { recursive: true });
});

test("with --json an error is one line of JSON on standard error", async () => {
  const { code, out, err } = await leeward(["region", "kill", "us-eats-1", "--json"]);
  expect(code).toBe(64);
  expect(out).toBe("");
  expect(JSON.parse(err)).toEqual({
    code: "region.unknown",
    message: 'There is no Region "us-eats-1"; did you mean us-east-1?',
    hint: "`leeward status` lists the Regions of this world.",
  });
});

test.for([
  [["statsu"], "Did you mean status?"],
  [["status", "--wacth"], "Did you mean --watch?"],
  [["region", "explode", "us-east-1"], "unknown command 'explode'"],
  [["region", "kill"], "missing required argument 'region'"],
  [["link", "set", "us-east-1", "us-west-2"], "Nothing to change"],
  [["link", "set", "us-east-1", "us-west-2", "--rtt", "fast"], "number of ms from 0 to 60000"],
  [["link", "set", "us-east-1", "us-west-2", "--up", "--down"], "cannot be used with"],
  [["link", "set", "us-east-1", "us-west-3", "--up"], "did you mean us-west-2?"],
  [["link", "set", "us-east-1", "us-east-1", "--up"], "There is no link between"],
  [["events", "--limit", "0"], "whole number from 1 to 1000"],
  [["events", "--region", "us-west-3"], "did you mean us-west-2?"],
  [["psql", "odrers"], "did you mean orders?"],
  [["psql", "orders", "--role", "nobody"], 'There is no role "nobody"'],
] as const)("%j is refused with the way out, exit code 64", async ([args, told]) => {
  const { code, err } = await leeward(args);
  expect(err).toContain(told);
  expect(code).toBe(64);
});

test("help lists the commands and no program that is not for people", async () => {
  const { out, code } = await leeward(["help"]);
  expect(code).toBe(0);
  const names = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
  expect(names).toEqual(expect.arrayContaining(["status", "psql", "region", "link", "logs"]));
  expect(out).not.toContain("internal");
});

const verbs = ["kill", "stop", "start", "isolate", "heal"].map((verb) => `region ${verb}`);

test.for(["status", "psql", "events", "logs", "schema", "link list", "link set", ...verbs])(
  "the help of %s has an example and the global options",
  async (name) => {
    const help = await leeward([...name.split(" "), "--help"]);
    expect(help.code).toBe(0);
    expect(help.out).toMatch(new RegExp(`Examples?:\\n  leeward ${name}`));
    expect(help.out).toContain("--json");
  },
);

test("a region is killed and says how long it took", async () => {
  const { out, code } = await leeward(["region", "kill", "us-east-1"]);
  expect(code).toBe(0);
  expect(out).toBe("us-east-1 is killed: every process is gone (12 ms)\n");
  expect(world.actions).toEqual(["kill us-east-1"]);
});

test("region start returns when every instance serves, and shows the clone", async () => {
  const progress = { receivedBytes: 1_048_576, totalBytes: 4_194_304, bytesPerSecond: 524_288 };
  world.statusNow = withInstance({ state: "stopped" });
  world.onAction = () => {
    world.statusNow = withInstance({ state: "cloning", progress: { ...progress, leftMs: 6_000 } });
  };
  const { out, code } = await leeward(["region", "start", "us-west-2"], {
    onOut: (text) => {
      if (text.includes("cloning")) world.statusNow = withInstance({ state: "serving" });
    },
  });
  expect(code).toBe(0);
  expect(out).toContain("orders/us-west-2/1: cloning  1.0 MiB of 4.0 MiB, 512 KiB/s, 6.0 s left\n");
  expect(out).toMatch(/\nus-west-2 serves \(/);
});

test("region start --json is JSON lines, the last of which says it is done", async () => {
  const { out } = await leeward(["region", "start", "us-west-2", "--json"]);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string });
  expect(lines[0]).toMatchObject({ kind: "progress", database: "orders", state: "serving" });
  expect(lines.at(-1)).toMatchObject({ kind: "done", region: "us-west-2", action: "start" });
});

test("region start with an instance that failed says why and exits non-zero", async () => {
  world.statusNow = withInstance({ state: "failed", because: "the disk is full" });
  const { code, err } = await leeward(["region", "start", "us-west-2"]);
  expect(code).toBe(69);
  expect(err).toContain("orders/us-west-2/1: the disk is full");
});

test("link set sends what was given and nothing else", async () => {
  const slow = ["--rtt", "120", "--bandwidth", "10mbit"];
  const { out } = await leeward(["link", "set", "us-east-1", "us-west-2", ...slow]);
  expect(out).toContain("120 ms");
  await leeward(["link", "set", "us-east-1", "us-west-2", "--down", "--one-way", "--reset"]);
  expect(world.changes.map(({ change }) => change)).toEqual([
    { rttMs: 120, bandwidth: "10mbit" },
    { up: false, oneWay: true, reset: true },
  ]);
});

test("link list --json is the API's answer", async () => {
  const { out } = await leeward(["link", "list", "--json"]);
  expect(JSON.parse(out)).toEqual({ links: exampleStatus().links });
});

test("events shows the newest, filtered, and --follow goes on with what happens", async () => {
  for (let number = 1; number <= 3; number += 1) world.happen(`number ${number}`, "us-west-2");
  const some = await leeward(["events", "-n", "2"]);
  expect(some.out).not.toContain("number 1");
  expect(some.out).toMatch(/region\.started\s+number 3\n$/);
  const stop = new AbortController();
  const follow = await leeward(["events", "--follow", "--json", "--region", "us-west-2"], {
    signal: stop.signal,
    onOut: (text) => {
      if (text.includes("number 3") && !text.includes("later")) {
        queueMicrotask(() => world.happen("elsewhere", "us-east-1"));
        queueMicrotask(() => world.happen("later", "us-west-2"));
      } else if (text.includes("later")) stop.abort();
    },
  });
  const told = follow.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { message: string });
  expect([...new Set(told.map(({ message }) => message))]).toEqual([
    "number 1",
    "number 2",
    "number 3",
    "later",
  ]);
});

test("status --watch prints what changed, and no more", async () => {
  const stop = new AbortController();
  const { out } = await leeward(["status", "--watch"], {
    signal: stop.signal,
    onOut: (text) => {
      if (text.includes("the cable")) stop.abort();
      if (!text.includes("ready\n") || text.includes("unreachable")) return;
      const changed = exampleStatus();
      const region = changed.regions["us-west-2"];
      if (region) Object.assign(region, { state: "unreachable", because: "the cable" });
      world.statusNow = changed;
    },
  });
  expect(out.match(/us-east-1: serving/g)).toHaveLength(1);
  expect(out).toMatch(/\d\d:\d\d:\d\d {2}us-west-2: unreachable \(the cable\)\n$/);
});

test("on a terminal status --watch draws in place, in colour unless NO_COLOR is set", async () => {
  for (const [env, isColored] of [
    [{}, true],
    [{ NO_COLOR: "1" }, false],
  ] as const) {
    const stop = new AbortController();
    let out = "";
    await leeward(["status", "--watch"], {
      env,
      signal: stop.signal,
      out: {
        isTty: true,
        columns: 200,
        rows: 50,
        write: (text) => {
          out += text;
          if (out.includes("unreachable")) return stop.abort();
          const changed = exampleStatus();
          const region = changed.regions["us-west-2"];
          if (region) region.state = "unreachable";
          world.statusNow = changed;
          return undefined;
        },
      },
    });
    world.statusNow = exampleStatus();
    const [escape] = "\u001B";
    expect(out.split(`${escape}[`).some((part) => /^\d+A/.test(part))).toBe(true);
    expect(out.includes(`${escape}[32m`)).toBe(isColored);
  }
});

test("logs merges every file by time, for one Region or all, raw with --json", async () => {
  const line = (time: string, event: string): string =>
    `${JSON.stringify({ level: "info", time, program: "x", event, region: "us-east-1" })}\n`;
  writeFileSync(layout.log("controller"), line("2026-01-02T03:04:05.000Z", "store.opened"));
  writeFileSync(layout.log("agent-us-east-1"), line("2026-01-02T03:04:07.000Z", "agent.started"));
  const home = join(layout.root, "regions", "us-east-1", "orders-1");
  mkdirSync(home, { recursive: true });
  const server = "2026-01-02 03:04:06.000 UTC [42] LOG:  ready\n\tand well\n";
  writeFileSync(join(home, "postgres.log"), server);
  const all = await leeward(["logs"]);
  const order = ["store.opened", "ready", "and well", "agent.started"];
  const places = order.map((text) => all.out.indexOf(text));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
  const region = await leeward(["logs", "us-east-1", "--json"]);
  const told = region.out
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text) as object);
  expect(told).toMatchObject([
    { source: "us-east-1/orders-1", line: "2026-01-02 03:04:06.000 UTC [42] LOG:  ready" },
    { source: "us-east-1/orders-1", line: "\tand well" },
    { event: "agent.started" },
  ]);
  const unknown = await leeward(["logs", "controler"]);
  expect(unknown).toMatchObject({ code: 64 });
  expect(unknown.err).toContain("did you mean controller?");
});

test("logs --follow goes on after the file was set aside", async () => {
  const path = layout.log("network");
  const stop = new AbortController();
  writeFileSync(path, "first\n");
  const { out } = await leeward(["logs", "network", "--follow"], {
    signal: stop.signal,
    onOut: (text) => {
      if (text.includes("third")) stop.abort();
      else if (text.includes("second")) writeFileSync(path, "third\n");
      else {
        writeFileSync(`${path}.1`, "first\nsecond\n");
        writeFileSync(path, "");
      }
    },
  });
  expect(out).toBe("network  first\nnetwork  second\nnetwork  third\n");
});

test("schema prints the JSON Schema, without a world", async () => {
  const { out, code } = await leeward(["schema"], { cwd: "/" });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ properties: { regions: {}, databases: {} } });
});

test("a world that went away is said so, with the exit code of its failure", async () => {
  const gone = mkdtempSync(join(tmpdir(), "leeward-gone-"));
  const other = stateLayout(join(gone, ".leeward"));
  mkdirSync(other.secrets, { recursive: true });
  const { code, err } = await leeward(["status"], { cwd: gone });
  expect(err).toContain("No world runs in");
  expect(code).toBe(69);
  rmSync(gone, { recursive: true });
});

test("a bug is reported as one, with exit code 70", async () => {
  const read = (): never => {
    throw new TypeError("oops");
  };
  const { code, err } = await leeward(["status"], { files: { ...nodeFiles, read } });
  expect(code).toBe(70);
  expect(err).toContain("oops");
});
