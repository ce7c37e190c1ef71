/** From nothing to a world and back: up, a row that travels, down, up with the data, reset. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { status as statusSchema } from "../../src/api/api.ts";
import { showLogsOnFailure } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn, World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

/** The paths of everything in a JSON value; names that people choose are `*`. */
function shapeOf(value: unknown, chosen: ReadonlySet<string>, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => shapeOf(one, chosen, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    shapeOf(inner, chosen, `${path}.${chosen.has(name) ? "*" : name}`),
  );
}

/** The first JSON block below a heading of docs/reference/cli.md. */
function documented(heading: string): unknown {
  const text = readFileSync("docs/reference/cli.md", "utf8");
  const [, json = ""] =
    /```json\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n## ${heading}\n`))) ?? [];
  return JSON.parse(json);
}

describe.sequential("the life of a world", () => {
  let world: World;
  let systemId: string | null;
  beforeAll(async () => {
    world = await World.prepare({
      databases: { orders: globalDatabase, catalog: globalDatabase },
    });
  });
  afterAll(async () => world[Symbol.asyncDispose]());
  beforeEach(() => showLogsOnFailure(() => world));

  test("up --detach comes back when everything serves, and says what to try", async () => {
    const out = await world.ok(["up", "--detach"]);
    expect(out).toContain("leeward psql orders");
    expect(out).toContain(`leeward region kill ${west}`);
    const status = await world.status();
    expect(status.isReady).toBe(true);
    for (const database of ["orders", "catalog"]) {
      for (const region of [east, west]) {
        expect(instanceIn(status, database, region).state).toBe("serving");
      }
    }
    systemId = instanceIn(status, "orders", east).systemId;
    expect(systemId).toMatch(/^\d+$/);
    expect(instanceIn(status, "orders", west).systemId).toBe(systemId);
    expect(instanceIn(status, "catalog", east).systemId).not.toBe(systemId);
  });

  test("a row that is written in the primary Region arrives in the secondary", async () => {
    await world.ok([
      "psql",
      "orders",
      "-c",
      "CREATE TABLE t (id int)",
      "-c",
      "INSERT INTO t VALUES (7)",
    ]);
    const isThere = await until("the row is in us-west-2", 10_000, async () => {
      const read = await world.cli([
        "psql",
        "orders",
        "--region",
        west,
        "-c",
        "SELECT id FROM t",
        "--json",
      ]);
      return read.code === 0 && read.stdout.trim() === '[{"id":7}]';
    });
    expect(isThere).toBe(true);
  });

  test("the secondary's own PostgreSQL refuses a write", async () => {
    const refused = await world.cli([
      "psql",
      "orders",
      "--region",
      west,
      "--direct",
      "-c",
      "INSERT INTO t VALUES (8)",
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("read-only");
  });

  test("status --json is what docs/reference/cli.md says, and parses as the API's contract", async () => {
    const status = await world.json<object>(["status"]);
    statusSchema.parse(status);
    const names = ["orders", "catalog"].flatMap((name) => [name, `${name}-ro`, `${name}-rw`]);
    const chosen = new Set([east, west, ...names]);
    const withoutLinks = (value: object): object => ({ ...value, links: null });
    const paths = (value: object): Set<string> => new Set(shapeOf(withoutLinks(value), chosen));
    expect([...paths(status)].toSorted()).toEqual(
      [...paths(documented("status") as object)].toSorted(),
    );
  });

  test("link list --json and events --json are what docs/reference/cli.md says", async () => {
    const { links } = await world.json<{ links: readonly unknown[] }>(["link", "list"]);
    const chosen = new Set<string>();
    expect(new Set(shapeOf(links[0], chosen))).toEqual(
      new Set(shapeOf(documented("link"), chosen)),
    );
    const page = await world.json<{ events: readonly { details: object }[] }>(["events"]);
    const [event] = page.events;
    expect(Object.keys(page).toSorted()).toEqual(["events", "next"]);
    const [example] = (documented("events") as typeof page).events;
    expect(Object.keys(event ?? {}).toSorted()).toEqual(Object.keys(example ?? {}).toSorted());
  });

  test("a second up in the same place says so, and shows the first", async () => {
    for (const detach of [[], ["--detach"]]) {
      const second = await world.cli(["up", ...detach]);
      expect(second).toMatchObject({ code: 75 });
      expect(second.stderr).toContain("is already running");
      expect(second.stdout).toContain(`${world.apiUrl}`);
      expect(second.stdout).toMatch(/us-west-2\s+serving/);
    }
    expect((await world.status()).isReady).toBe(true);
  });

  test("down stops every process and keeps the data; a second one is a no-op", async () => {
    expect(await world.json(["down"])).toMatchObject({ stopped: true });
    expect(world.processes()).toEqual([]);
    expect(existsSync(world.stateDirectory)).toBe(true);
    expect(await world.json(["down"])).toMatchObject({ stopped: false });
    const status = await world.cli(["status"]);
    expect(status).toMatchObject({ code: 69 });
    expect(status.stderr).toContain("`leeward up` starts it");
  });

  test("up with data has the rows, and the same database systems", async () => {
    const ready = await world.json<{ kind: string; tookMs: number }>(["up", "--detach"]);
    expect(ready).toMatchObject({ kind: "ready", tookMs: expect.any(Number) as number });
    const status = await world.status();
    for (const region of [east, west]) {
      expect(instanceIn(status, "orders", region).systemId).toBe(systemId);
      expect(await world.sql("orders", region, "SELECT id FROM t")).toEqual([{ id: 7 }]);
    }
  });

  test("reset needs a yes, deletes everything, and is a no-op when there is nothing", async () => {
    expect(await world.cli(["reset"])).toMatchObject({ code: 64 });
    expect((await world.status()).isReady).toBe(true);
    expect(await world.json(["reset", "--yes"])).toEqual({ deleted: true });
    expect(world.processes()).toEqual([]);
    expect(existsSync(world.stateDirectory)).toBe(false);
    expect(await world.json(["reset", "--yes"])).toEqual({ deleted: false });
  });
});

describe.sequential("up in the foreground", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.prepare();
  });
  afterAll(async () => world[Symbol.asyncDispose]());
  beforeEach(() => showLogsOnFailure(() => world));

  test.for(["SIGINT", "SIGTERM"] as const)("ends cleanly on %s", async (signal) => {
    await using up = world.start(["up"]);
    await up.prints(/Ctrl-C stops it; the data stays/, 60_000);
    expect(up.stdout).toContain("leeward psql orders");
    await world.sql("orders", east, `CREATE TABLE kept_at_${signal} (id int)`);
    up.signal(signal);
    expect(await up.ended(30_000)).toMatchObject({ code: 0 });
    expect(world.processes()).toEqual([]);
    // A clean end leaves a server that need not recover.
    const log = world.logTails();
    expect(log).toContain("database system is shut down");
    expect(log).not.toContain("not properly shut down");
  });
});

test("down while up is not done ends both, and the next up has a whole world", async () => {
  await using world = await World.prepare();
  showLogsOnFailure(() => world);
  await using up = world.start(["up", "--detach", "--json"]);
  await up.prints(/"state":"(creating|cloning)"/, 30_000);
  expect(await world.json(["down"])).toMatchObject({ stopped: true });
  expect(await up.ended(15_000)).toMatchObject({ code: 69 });
  expect(world.processes()).toEqual([]);
  await world.up();
  expect((await world.status()).isReady).toBe(true);
});
