/**
 * Clients of the gateways while the writer moves, and while programs die under them. The numbers are those of the list
 * of cases in `src/gateway/SPEC.md`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import { rowsNotInWal } from "../../bench/evidence-search.ts";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { failover, operate, switchover } from "./commands.ts";
import { GatewayClients, lengthOf, type ClientError } from "./gateway-clients.ts";
import { withClient } from "./gateway-ledger.ts";
import { isPending, Person } from "./gateway-person.ts";
import { gatewayPlaces } from "./gateway-places.ts";
import { ask, begin, snapshotsOf, untilAtStep, untilEnded, untilSettled } from "./operations.ts";
import { killIfAlive } from "./processes.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const the = sharedWorld({
  links: { default: { rttMs: 60 } },
  databases: { orders: globalDatabase, catalog: globalDatabase },
});

/** Ten times the goal: what is measured here is a machine that runs other tests as well. */
const holdMsMax = 10_000;
/** What a client may be told of a program that died: connection, transaction, operator. */
const honest = /^(08|40|57|E[A-Z]+$|CONNECTION_|CONNECT_TIMEOUT|$)/;

let fleet: GatewayClients;
let urls: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  await untilSettled(the());
  const places = await gatewayPlaces(the());
  urls = Object.fromEntries(places.map(({ region, url }) => [region, url]));
  fleet = await GatewayClients.start(places, 16);
});

afterAll(async () => {
  await fleet?.stop();
});

function urlOf(region: string): string {
  return urls[region] ?? "";
}

function other(region: string): string {
  return region === east ? west : east;
}

function person(region: string): Promise<Person> {
  return Person.connect(urlOf(region), fleet.ledger);
}

/** What the clients are told from now on. */
function watch(): () => readonly ClientError[] {
  const before = fleet.errors.length;
  return () => fleet.errors.slice(before);
}

/** All clients go on, and everything that was acknowledged is there once: in each of these Regions. */
async function expectExact(...regions: readonly string[]): Promise<void> {
  await fleet.untilAllWorked();
  for (const region of regions) {
    const { acknowledged, ...wrong } = await fleet.check(urlOf(region));
    expect(acknowledged).toBeGreaterThan(0);
    expect(wrong).toEqual({ lost: [], doubled: [], revived: [] });
  }
  expect(fleet.wrongs).toEqual([]);
}

/** Of one connection one error, which says what class it is of. */
function expectHonest(errors: readonly ClientError[]): void {
  const told = errors.map(({ client, connection }) => `${client} ${connection}`);
  expect(errors.filter(({ code }) => !honest.test(code))).toEqual([]);
  expect(told.filter((one, at) => told.indexOf(one) !== at)).toEqual([]);
}

/** The count of sessions that are bound to the writer comes once a second: one that has just gone may be in it. */
function beginTo(to: string): Promise<ApiOperation> {
  const wish = { kind: "switchover", to } as const;
  return until("a switchover begins", 5_000, () => begin(the(), "orders", wish));
}

/** One that does not complete: why. */
async function refused(to: string): Promise<string> {
  const { id } = await beginTo(to);
  const { outcome, because } = await untilEnded(the(), id, 60_000);
  expect(outcome).toBe("rolled-back");
  return because;
}

/** Begins transactions until the first statement of one is not answered: that one. */
async function untilHeld(one: Person): Promise<{ readonly asked: Promise<number> }> {
  return until("a transaction is held", 5_000, async () => {
    await one.say("BEGIN");
    const id = fleet.ledger.draw();
    const asked = one.insert(id);
    if (await isPending(asked)) return { asked };
    await asked;
    await one.say("ROLLBACK");
    fleet.ledger.rolledBack([id]);
    return undefined;
  });
}

const isLong = process.env["LEEWARD_TEST_LONG"] !== undefined;
type Strike = {
  readonly step: string;
  readonly whose: "old" | "new";
  readonly what: "gateway" | "agent";
};
const strikes: readonly Strike[] = [
  { step: "hand-over", whose: "old", what: "gateway" },
  { step: "promote", whose: "new", what: "gateway" },
];
/** Half a minute more, for the long campaign. */
const moreStrikes: readonly Strike[] = [
  { step: "prepare", whose: "old", what: "gateway" },
  { step: "hand-over", whose: "new", what: "gateway" },
  { step: "hand-over", whose: "old", what: "agent" },
];

describe.sequential("clients of the gateways", () => {
  test("case 45: feel switchovers as latency, without an error, and every row is there once", async () => {
    const errors = watch();
    for (let count = 0; count < 2; count += 1) {
      const from = await untilSettled(the());
      const fromMs = performance.now();
      const { outcome } = await switchover(the(), other(from));
      expect(outcome).toBe("completed");
      await fleet.untilAllWorked();
      const waits = fleet.longestWaits(fromMs, performance.now()).map(lengthOf);
      console.log(
        `switchover to ${other(from)}: longest hold ${Math.round(Math.max(...waits))} ms`,
      );
      expect(Math.max(...waits)).toBeLessThan(holdMsMax);
    }
    // Each Region's clients see the same rows.
    await expectExact(east, west);
    expect(errors()).toEqual([]);
  });

  test("case 46: are not disturbed by a transaction that nobody ends, which is named as what the switchover gave up for", async () => {
    const from = await untilSettled(the());
    const errors = watch();
    await using idle = await person(from);
    await idle.say("BEGIN");
    const id = await idle.insert();
    const because = await refused(other(from));
    expect(because).toMatch(/app of orders from 127\.[\d.:]+ is in a transaction/);
    await idle.say("COMMIT");
    fleet.ledger.acknowledge([id]);
    await expectExact(from);
    expect(errors()).toEqual([]);
  });

  test("case 47: a statement that runs for a second is waited for, and is answered", async () => {
    const from = await untilSettled(the());
    const errors = watch();
    await using slow = await person(other(from));
    const id = fleet.ledger.draw();
    const asked = slow.say(
      `INSERT INTO gateway_ledger SELECT ${id}, 'slow' FROM (SELECT pg_sleep(1.2)) AS slept`,
    );
    expect((await switchover(the(), other(from))).outcome).toBe("completed");
    expect((await asked).rowCount).toBe(1);
    fleet.ledger.acknowledge([id]);
    await expectExact(other(from));
    expect(errors()).toEqual([]);
  });

  test("case 48: a session with a temporary table refuses the switchover, and ends only where that was asked for", async () => {
    const from = await untilSettled(the());
    const errors = watch();
    await using pinned = await person(other(from));
    await pinned.say("CREATE TEMPORARY TABLE mine AS SELECT 1 AS one");
    expect(await refused(other(from))).toMatch(/app of orders\S* from .* has temporary table/);
    expect((await pinned.say("SELECT one FROM mine")).rows).toEqual([{ one: 1 }]);
    const moved = await operate(
      the(),
      "switchover",
      "orders",
      "--to",
      other(from),
      "--pins",
      "end",
    );
    expect(moved.outcome).toBe("completed");
    const told = await pinned.refusal(pinned.say("SELECT one FROM mine"));
    expect(told).toBeDefined();
    expect((pinned.lostBy as { code?: string } | undefined)?.code ?? told?.code).toBe("57P01");
    await expectExact(other(from));
    expect(errors()).toEqual([]);
  });

  test("cases 53 and 54: while they are held one can log in, cancel, and leave, and what was left never happens", async () => {
    const from = await untilSettled(the());
    const errors = watch();
    await using keeper = await person(from);
    await using waiter = await person(other(from));
    await using canceller = await person(from);
    const leaver = await person(other(from));
    await keeper.say("BEGIN");
    const kept = await keeper.insert();
    const { id } = await beginTo(other(from));
    await untilAtStep(the(), "orders", "hand-over", 10_000);
    const { asked: waiting } = await untilHeld(waiter);
    for (const one of [canceller, leaver]) await one.say("BEGIN");
    const cancelled = canceller.refusal(canceller.insert());
    const left = fleet.ledger.draw();
    const gone = leaver.refusal(leaver.insert(left));
    fleet.ledger.rolledBack([left]);
    expect(await isPending(gone)).toBe(true);
    await canceller.cancel();
    leaver.vanish();
    expect(await cancelled).toMatchObject({ code: "57014" });
    expect(await gone).toBeDefined();
    const cameAtMs = performance.now();
    await using late = await person(other(from));
    expect((await late.say("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(performance.now() - cameAtMs).toBeLessThan(1_000);
    expect(await isPending(waiting)).toBe(true);
    await keeper.say("COMMIT");
    fleet.ledger.acknowledge([kept]);
    expect((await untilEnded(the(), id, 60_000)).outcome).toBe("completed");
    const written = await waiting;
    await waiter.say("COMMIT");
    fleet.ledger.acknowledge([written]);
    await canceller.say("ROLLBACK");
    await expectExact(other(from));
    expect(errors()).toEqual([]);
  });

  test("cases 57 and 58: another database is not held, and the first query ever may come in the gap", async () => {
    const from = await untilSettled(the());
    const errors = watch();
    const catalog = (await gatewayPlaces(the(), "catalog")).find(({ region }) => region === from);
    await using keeper = await person(from);
    await using waiter = await person(from);
    await using newcomer = await person(from);
    await using farther = await person(other(from));
    await keeper.say("BEGIN");
    const kept = await keeper.insert();
    const { id } = await beginTo(other(from));
    await untilAtStep(the(), "orders", "hand-over", 10_000);
    const { asked: waiting } = await untilHeld(waiter);
    await withClient(catalog?.url ?? "", async (client) => {
      for (const text of ["BEGIN", "CREATE TABLE untouched ()", "COMMIT"]) await client.query(text);
    });
    expect(await isPending(waiting)).toBe(true);
    await keeper.say("COMMIT");
    const first = await Promise.all([newcomer.insert(), farther.insert()]);
    fleet.ledger.acknowledge([kept, await waiting, ...first]);
    await waiter.say("COMMIT");
    expect((await untilEnded(the(), id, 60_000)).outcome).toBe("completed");
    await expectExact(other(from));
    expect(errors()).toEqual([]);
  });

  test.for(isLong ? [...strikes, ...moreStrikes] : strikes)(
    "cases 49 and 50: at $step the $whose writer's $what dies: nothing is lost or doubled, and all go on",
    async ({ step, whose, what }) => {
      const from = await untilSettled(the());
      const errors = watch();
      const region = whose === "old" ? from : other(from);
      const pid = the().program(`${what}-${region}`);
      const { id } = await beginTo(other(from));
      await untilAtStep(the(), "orders", step, 10_000);
      killIfAlive(pid);
      const { outcome, because } = await untilEnded(the(), id, 60_000);
      console.log(`${what} of the ${whose} writer killed at ${step}: ${outcome}, ${because}`);
      const primary = await untilSettled(the());
      expect(["completed", "rolled-back"]).toContain(outcome);
      await expectExact(primary);
      expectHonest(errors());
    },
  );

  test("case 60: a commit whose server dies under it is told to be in doubt, and nothing else", async () => {
    const primary = await untilSettled(the());
    const errors = watch();
    await using doubtful = await person(other(primary));
    await doubtful.say("CREATE TABLE slow_commit (id int)");
    await doubtful.say(
      `CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql
       AS $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$`,
    );
    await doubtful.say(
      `CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow_commit
       DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`,
    );
    await doubtful.say("BEGIN");
    await doubtful.say("INSERT INTO slow_commit VALUES (1)");
    const committing = doubtful.refusal(doubtful.say("COMMIT"));
    expect(await isPending(committing)).toBe(true);
    const data = join(the().instanceDirectory(primary, "orders-1"), "data");
    for (const { pid, cwd } of the().processes()) if (cwd === data) killIfAlive(pid);
    expect(await committing).toMatchObject({ code: "08007" });
    expect((await doubtful.say("SELECT count(*)::int AS n FROM slow_commit")).rows[0]).toEqual({
      n: 0,
    });
    await untilSettled(the());
    await expectExact(primary);
    expectHonest(errors());
  });

  test("case 45: after a failover each goes on at the new writer, and what is missing there is in the evidence", async () => {
    const from = await untilSettled(the());
    const to = other(from);
    const errors = watch();
    await ask(the(), "POST", `/v1/regions/${from}/kill`);
    expect((await failover(the(), to)).outcome).toBe("completed");
    const after = fleet.ledger.asked;
    await using fresh = await person(to);
    fleet.ledger.acknowledge([await fresh.insert()]);
    await ask(the(), "POST", `/v1/regions/${from}/start`);
    await untilSettled(the());
    await fleet.untilAllWorked();
    expectHonest(errors());
    const { lost, doubled, revived } = await fleet.check(urlOf(to));
    expect({ doubled, revived }).toEqual({ doubled: [], revived: [] });
    expect(lost.filter((id) => id > after)).toEqual([]);
    const kept = (await snapshotsOf(the())).map(({ path }) => join(path, "data"));
    const rows = lost.map((id) => ({ id, host: fleet.ledger.clientOf(id) }));
    console.log(`failover: ${lost.length} rows are missing, ${errors().length} errors were told`);
    expect(rowsNotInWal(kept, rows)).toEqual([]);
  });
});
