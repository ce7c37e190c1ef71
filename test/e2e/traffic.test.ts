/** An application of two services in two Regions, with names, a PgBouncer and controls, through good and bad days. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ApiMoveResult, ApiServiceList } from "../../src/api/services-api.ts";
import type { ApiControlResult, ApiDistribution, ApiTraffic } from "../../src/api/traffic-api.ts";
import type { Resolved } from "../../src/dns/dns.ts";
import { ask } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { gdbdemoLines } from "./store-places.ts";
import { until } from "./until.ts";
import { note, visit, Visitors } from "./visitors.ts";
import { east, west } from "./yaml.ts";

const services = join(import.meta.dirname, "../../examples/two-services/services");

const the = sharedWorld({
  links: { default: { rttMs: 20 } },
  databases: {
    "notes-db": {
      kind: "global",
      primary: east,
      roles: { notes: { login: true } },
    },
  },
  pgbouncer: {
    names: {
      gdbdemo: { database: "notes-db", mode: "writer" },
      "gdbdemo-ro": { database: "notes-db", mode: "local" },
    },
  },
  services: {
    web: {
      command: [process.execPath, join(services, "web.mjs")],
      port: 8443,
      health: "/health",
      needs: ["notes"],
      replicas: { min: 1, max: 3 },
    },
    notes: {
      command: [process.execPath, join(services, "notes.mjs")],
      port: 8444,
      health: "/health",
      needs: ["notes-db"],
    },
  },
  traffic: {
    entry: { service: "web", nearHeader: "x-near" },
    distribution: { origin: east, database: "notes-db" },
  },
});

const at = (region: number, last: number): string => `127.${the().number}.${region}.${last}`;
const entry = (): string => `http://${at(0, 1)}:8080/`;
const near = (region: string): { headers: Record<string, string> } => ({
  headers: { "x-near": region },
});

async function answeringRegion(region: string): Promise<unknown> {
  return (await visit(entry(), near(region))).headers["x-leeward-region"];
}

function partition(
  all: readonly string[],
  isFirst: (one: string) => boolean,
): readonly [readonly string[], readonly string[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

/** The writer's address as each Region's own names and PgBouncer say it. */
async function writerSeenFrom(region: string): Promise<readonly string[]> {
  const args = ["resolve", "notes-db.writer", "--from", region];
  const { address } = await the().json<Resolved>(args);
  const [line = ""] = gdbdemoLines(the(), region);
  return [address ?? "", /host=(\S+)/.exec(line)?.[1] ?? ""];
}

async function untilNamesLeadTo(writer: string): Promise<void> {
  const index = writer === east ? 1 : 2;
  const seen = (from: number): string => (from === index ? at(from, 1) : at(from, 100 + index));
  for (const [position, region] of [east, west].entries()) {
    const wanted = seen(position + 1);
    await until(`names and PgBouncer of ${region} lead to ${writer}`, 15_000, async () =>
      (await writerSeenFrom(region)).every((address) => address === wanted),
    );
    expect(gdbdemoLines(the(), region)).toEqual([
      `gdbdemo = host=${wanted} port=6432 dbname=notes-db-rw`,
      `gdbdemo-ro = host=${at(position + 1, 1)} port=6432 dbname=notes-db-ro`,
    ]);
  }
}

test("people reach the Region that is near to them, and its services know where they are", async () => {
  for (const region of [east, west]) {
    await until(`${region} answers who is near to it`, 5_000, async () => {
      return (await answeringRegion(region)) === region;
    });
  }
  expect((await visit(`http://${at(2, 1)}:8080/`)).body).toContain(`answered by ${west}`);
  const kept = await visit(`${entry()}notes`, note("kept in the east", "first"));
  expect(kept.status).toBe(303);
  await until("the other Region shows it", 5_000, async () =>
    (await visit(entry(), near(west))).body.includes("kept in the east"),
  );
  const where = JSON.parse((await visit(`http://${at(2, 1)}:8444/whereami`)).body) as unknown;
  expect(where).toEqual({ reader: at(2, 11), writer: at(1, 11) });
});

test("a planned move of the database and of the traffic fails no request", async () => {
  await untilNamesLeadTo(east);
  const readers = new Visitors(entry(), 4);
  const writers = new Visitors(`${entry()}notes`, 2, (index) =>
    note(`n ${index}`, `move-${index}`),
  );
  await until("they are under way", 10_000, () => readers.good > 50 && writers.good > 10);
  await the().ok(["switchover", "notes-db", "--to", west]);
  await untilNamesLeadTo(west);
  await the().ok(["control", "off", east]);
  await until(
    "nobody comes to the east",
    5_000,
    async () => (await answeringRegion(east)) === west,
  );
  await the().ok(["control", "on", east]);
  await the().ok(["switchover", "notes-db", "--to", east]);
  await untilNamesLeadTo(east);
  const [read, written] = [await readers.end(), await writers.end()];
  expect([...read.bad, ...written.bad]).toEqual([]);
  expect(read.regions).toEqual(new Set([east, west]));
  const { events } = await ask<{ events: { kind: string }[] }>(
    the(),
    "GET",
    "/v1/events?limit=500",
  );
  expect(events.map(({ kind }) => kind)).toContain("names.verified");
});

test("controls obey their rule: never all off, but in writing", async () => {
  const refused = await the().cli(["control", "set", `${east}=Off`, `${west}=Off`]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/at-least-one-on/);
  expect([await answeringRegion(east), await answeringRegion(west)]).toEqual([east, west]);
  const batch = { controls: [east, west].map((name) => ({ name, state: "Off" })) };
  const override = { rules: ["at-least-one-on"], reason: "a rehearsal of the worst day" };
  await ask<ApiControlResult>(the(), "PUT", "/v1/controls", { ...batch, override });
  await until("nobody is let in", 5_000, async () => (await visit(entry())).status === 503);
  const back = { controls: [east, west].map((name) => ({ name, state: "On" })) };
  await ask<ApiControlResult>(the(), "PUT", "/v1/controls", back);
  await until("everybody is", 5_000, async () => (await answeringRegion(east)) === east);
  const { events } = await ask<{ events: { kind: string; message: string }[] }>(
    the(),
    "GET",
    "/v1/events?limit=500",
  );
  expect(events.some(({ message }) => message.includes(override.reason))).toBe(true);
});

test("a dial turned down sends people on, and a weight of theirs is shown", async () => {
  await the().ok(["traffic", "dial", east, "0"]);
  await until("the east takes nobody", 5_000, async () => (await answeringRegion(east)) === west);
  const { regions } = await ask<ApiTraffic>(the(), "GET", "/v1/traffic");
  expect(regions[east]).toMatchObject({ dial: 0, weight: 128, isOn: true });
  await the().ok(["traffic", "dial", east, "100"]);
  await until("it does again", 5_000, async () => (await answeringRegion(east)) === east);
});

test("services are scaled in a Region, and each replica serves", async () => {
  await the().ok(["scale", "web", "3", "--region", west]);
  await until("three are ready", 20_000, async () => {
    const { services: seen } = await ask<ApiServiceList>(the(), "GET", "/v1/services");
    const replicas = seen["web"]?.regions[west]?.replicas ?? [];
    return replicas.filter(({ state }) => state === "ready").length === 3;
  });
  const answered = new Set<string | undefined>();
  await until("each of them answers", 10_000, async () => {
    const { body } = await visit(entry(), near(west));
    answered.add(/replica (\d)/.exec(body)?.[1]);
    return answered.size === 3;
  });
  expect(answered).toEqual(new Set(["1", "2", "3"]));
  await the().ok(["scale", "web", "1", "--region", west]);
});

test("a distribution's origin moves under its tag, to where writes arrive", async () => {
  const distribution = `http://${at(0, 1)}:8081/`;
  expect((await visit(distribution)).headers["x-leeward-region"]).toBe(east);
  const { tag } = await ask<ApiDistribution>(the(), "GET", "/v1/distribution");
  const stale = await the().cli(["distribution", "set-origin", west, "--if-match", "nonsense"]);
  expect(stale.code).not.toBe(0);
  await the().ok(["distribution", "set-origin", west, "--if-match", tag]);
  await until("it takes from the west", 5_000, async () => {
    return (await visit(distribution)).headers["x-leeward-region"] === west;
  });
});

test("an agent that is killed finds its services, its PgBouncer and its front door again", async () => {
  const pidsOf = async (): Promise<readonly unknown[]> => {
    const { services: seen } = await ask<ApiServiceList>(the(), "GET", "/v1/services");
    return Object.values(seen).map(({ regions }) =>
      regions[east]?.replicas?.map(({ pid, restarts }) => [pid, restarts]),
    );
  };
  const before = await pidsOf();
  const visitors = new Visitors(entry(), 2);
  const agent = the().program(`agent-${east}`);
  process.kill(agent, "SIGKILL");
  await until("another agent runs", 10_000, () => the().program(`agent-${east}`) !== agent);
  await until("it knows the same processes", 15_000, async () => {
    return JSON.stringify(await pidsOf()) === JSON.stringify(before);
  });
  expect((await visitors.end()).bad).toEqual([]);
  // Where the next agent came late, the lease was over, and its writer starts anew.
  await the().untilReady(60_000);
});

test("the secondary Region is lost: people who only read notice nothing for long", async () => {
  const readers = new Visitors(entry(), 4, (index) => near(index % 2 === 0 ? east : west));
  await until("they are under way", 10_000, () => readers.good > 50);
  await the().ok(["region", "kill", west]);
  await until("the entry says so", 10_000, async () => {
    const { regions } = await ask<ApiTraffic>(the(), "GET", "/v1/traffic");
    return regions[west]?.endpoint?.isHealthy === false;
  });
  const read = await readers.end();
  console.log(`${west} killed: ${read.good} good, ${read.bad.length} bad, gap ${read.gapMs} ms`);
  expect(read.bad).toEqual([]);
  await the().ok(["region", "start", west]);
  await the().untilReady(60_000);
  await until("people come to the west again", 10_000, async () => {
    return (await answeringRegion(west)) === west;
  });
});

test("the primary Region is lost: names, PgBouncer and people follow the failover, and the failback", async () => {
  // The west was lost a moment ago itself: until its services are back, nobody could stand in.
  await the().untilReady(60_000);
  const readers = new Visitors(entry(), 4);
  await until("they are under way", 10_000, () => readers.good > 50);
  await the().ok(["region", "kill", east]);
  const button = "/v1/databases/notes-db/failover";
  // While the lost Region was heard a moment ago, it is a switchover that is refused or rolled back: pressed again.
  await until("the west is the primary", 45_000, async () => {
    const answer = await ask<ApiMoveResult>(the(), "POST", button, {
      to: west,
      allowDataLoss: true,
    });
    return answer.isDone;
  });
  await until("a note can be written again", 30_000, async () => {
    return (await visit(`${entry()}notes`, note("after the loss", "loss"))).status === 303;
  });
  const read = await readers.end();
  console.log(`${east} killed: ${read.good} good, ${read.bad.length} bad, gap ${read.gapMs} ms`);
  // What had begun to be answered was cut off in the middle, and cannot be begun again elsewhere: one for each who asks.
  const [cut, failed] = partition(read.bad, (words) => words.endsWith("aborted"));
  expect(failed).toEqual([]);
  expect(cut.length).toBeLessThanOrEqual(4);
  await until("names and PgBouncer of the west lead there", 15_000, async () =>
    (await writerSeenFrom(west)).every((address) => address === at(2, 1)),
  );
  await the().ok(["region", "start", east]);
  await the().untilReady(60_000);
  await untilNamesLeadTo(west);

  const move = { to: east };
  const moved = await ask<ApiMoveResult>(the(), "POST", button, move);
  expect(moved).toMatchObject({
    isDone: true,
    isAlready: false,
    operation: { kind: "switchover" },
  });
  const again = await ask<ApiMoveResult>(the(), "POST", button, move);
  // Nothing is begun a second time: it is so already, or the first one still sees to the other Region.
  expect(again.isDone).toBe(true);
  expect([undefined, moved.operation?.id]).toContain(again.operation?.id);
  await untilNamesLeadTo(east);
});
