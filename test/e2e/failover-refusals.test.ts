/** What people ask for by mistake, or at the wrong time: a clear refusal, and nothing has changed. */
import { describe, expect, test } from "vitest";
import { operate, refusalOf } from "./commands.ts";
import { eventsOf, operationsOf, untilAtStep, untilSettled } from "./operations.ts";
import { until } from "./until.ts";
import { sharedWorld } from "./shared-world.ts";
import type { World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const third = "eu-west-1";
const two = { ...globalDatabase, regions: { [east]: {}, [west]: {} } };
const the = sharedWorld({
  regions: [east, west, third],
  databases: { orders: globalDatabase, catalog: two, cache: { kind: "local", roles: { app: {} } } },
});

type Refused = { readonly exit: number; readonly code: string; readonly says: string };

type Answer = {
  readonly exit: number | undefined;
  readonly code: string;
  readonly message: string;
};

async function answerTo(world: World, args: readonly string[]): Promise<Answer> {
  const before = await truth(world);
  const { exit, said } = await refusalOf(world, ...args);
  expect(said.hint.length).toBeGreaterThan(0);
  expect(await truth(world)).toEqual(before);
  return { exit, code: said.code, message: said.message };
}

/** With these words somewhere in its message. */
function refusal({ exit, code, says }: Refused): unknown {
  return { exit, code, message: expect.stringContaining(says) as unknown };
}

/** What no refusal may change: who writes, in which epoch, and what was ever begun. */
async function truth(world: World): Promise<unknown> {
  const { databases } = await world.status();
  const facts = Object.entries(databases).map(([name, { epoch, primary }]) => [
    name,
    epoch,
    primary,
  ]);
  const ids = [...(await operationsOf(world)), ...(await operationsOf(world, "catalog"))];
  return { facts, ids: ids.map(({ id }) => id) };
}

const consent = ["--allow-data-loss", "--yes"] as const;

describe.sequential("is refused at once", () => {
  test.for(
    [
      {
        args: ["switchover", "orders", "--to", east],
        why: {
          exit: 64,
          code: "operation.target-invalid",
          says: `${east} is the primary of orders`,
        },
      },
      {
        args: ["failover", "orders", "--to", east, ...consent],
        why: {
          exit: 64,
          code: "operation.target-invalid",
          says: `${east} is the primary of orders`,
        },
      },
      {
        args: ["switchover", "catalog", "--to", third],
        why: { exit: 64, code: "operation.target-invalid", says: `${third} is not a member` },
      },
      {
        args: ["switchover", "cache", "--to", west],
        why: { exit: 64, code: "operation.target-invalid", says: "cache is local" },
      },
      {
        args: ["switchover", "orders", "--to", "us-wset-2"],
        why: { exit: 64, code: "region.unknown", says: "did you mean us-west-2?" },
      },
      {
        args: ["switchover", "ordres", "--to", west],
        why: { exit: 64, code: "database.unknown", says: "did you mean orders?" },
      },
      {
        args: ["switchover", "--to", west],
        why: { exit: 64, code: "usage.invalid", says: "Name one database, or say --all" },
      },
      {
        args: ["failover", "orders", "--to", west, "--yes"],
        why: { exit: 64, code: "failover.data-loss-not-allowed", says: "would lose" },
      },
      {
        args: ["failover", "orders", "--to", west, ...consent, "--expect-primary", third],
        why: { exit: 75, code: "failover.unexpected-primary", says: `is ${east}, not ${third}` },
      },
      {
        args: ["failover", "orders", "--to", west, "--allow-data-loss"],
        why: { exit: 64, code: "failover.not-confirmed", says: "--yes" },
      },
      {
        args: ["failover", "orders", "--to", west, ...consent, "--override-fence", " "],
        why: { exit: 64, code: "api.invalid", says: "overrideFence" },
      },
      {
        args: ["operations", "cancel", "switchover-orders-999"],
        why: { exit: 64, code: "operation.unknown", says: "switchover-orders-999" },
      },
    ].map((one) => ({ ...one, words: one.args.join(" ") })),
  )("leeward $words", async ({ args, why }) => {
    const world = the();
    await world.untilReady();
    expect(await answerTo(world, args)).toEqual(refusal(why));
  });
});

describe.sequential("is refused for now: a target", () => {
  test("that lags, until it has caught up", async () => {
    const world = the();
    await world.untilReady();
    await world.ok(["link", "set", east, west, "--bandwidth", "100kbit"]);
    // Some 80 MB that nothing compresses, more than a target may be behind.
    await world.sql(
      "orders",
      east,
      `CREATE TABLE bulk AS SELECT string_agg(md5(random()::text), '') AS filler
       FROM generate_series(1, 80) AS row, generate_series(1, 32000) AS i GROUP BY row`,
    );
    await world.untilStatus("the target lags", 20_000, ({ databases }) => {
      const { lagBytes } = databases["orders"]?.members[west] ?? {};
      return (lagBytes ?? 0) > 64 * 1024 * 1024;
    });
    const says = "bytes and ";
    // Over so thin a link it may lose its stream for a moment, and is refused for that.
    const answer = await until("it is refused for its lag", 30_000, async () => {
      const refused = await answerTo(world, ["switchover", "orders", "--to", west]);
      return refused.message.includes(says) && refused;
    });
    expect(answer).toEqual(refusal({ exit: 75, code: "operation.refused", says }));
    await world.ok(["link", "set", east, west, "--bandwidth", "unlimited"]);
    await world.untilStatus("it has caught up", 60_000, ({ databases, isReady }) => {
      const { lagBytes } = databases["orders"]?.members[west] ?? {};
      return isReady && lagBytes === 0;
    });
  });

  test("that is down, and a failover to it as well", async () => {
    const world = the();
    await world.ok(["region", "kill", west]);
    for (const args of [
      ["switchover", "orders", "--to", west],
      ["failover", "orders", "--to", west, ...consent],
    ]) {
      expect(await answerTo(world, args)).toEqual(
        refusal({ exit: 75, code: "operation.refused", says: west }),
      );
    }
    await world.ok(["region", "start", west]);
    await world.untilReady(60_000);
  });

  test("that was detached, until it has rejoined", async () => {
    const world = the();
    await operate(world, "detach", "orders", west);
    const code = "operation.target-invalid";
    const says = `${west} is not a member of orders`;
    for (const args of [
      ["switchover", "orders", "--to", west],
      ["failover", "orders", "--to", west, ...consent],
    ]) {
      expect(await answerTo(world, args)).toEqual(refusal({ exit: 64, code, says }));
    }
    await operate(world, "rejoin", "orders", west);
    await world.untilStatus("it is a candidate again", 60_000, ({ databases, isReady }) =>
      Boolean(isReady && databases["orders"]?.candidates.includes(west)),
    );
  });
});

describe.sequential("two at once", () => {
  test("a second operation on a database whose first one goes on is refused, and the first one ends", async () => {
    const world = the();
    await untilSettled(world);
    // The writer's agent hears late, so that the first one takes its time.
    await world.ok(["link", "set", east, "controller", "--rtt", "1200"]);
    const first = world.start(["switchover", "orders", "--to", west, "--json"]);
    const { id } = await untilAtStep(world, "orders", "checkpoint", 10_000);
    const others = [
      ["switchover", "orders", "--to", third],
      ["failover", "orders", "--to", third, ...consent],
      ["detach", "orders", third],
    ];
    // Side by side, because the first one goes on meanwhile.
    const refusals = await Promise.all(others.map((args) => refusalOf(world, ...args)));
    await world.ok(["link", "set", east, "controller", "--rtt", "10"]);
    for (const { exit, said } of refusals) {
      expect({ exit, code: said.code }).toEqual({ exit: 75, code: "operation.conflict" });
      expect(said.message).toContain(id);
    }
    const ended = await first.ended(60_000);
    const [newest, ...older] = await operationsOf(world);
    expect([newest?.id, newest?.outcome]).toEqual([
      id,
      ended.code === 0 ? "completed" : "rolled-back",
    ]);
    expect(older.every(({ phase }) => phase === "ended")).toBe(true);
    await world.untilReady();
  });

  test("two operators who ask for different Regions in the same moment: one is obeyed, the other is told", async () => {
    const world = the();
    const status = await world.untilStatus(
      "all may be promoted",
      60_000,
      ({ databases, isReady }) => Boolean(isReady && databases["orders"]?.candidates.length === 2),
    );
    const primary = status.databases["orders"]?.primary ?? "";
    const epoch = status.databases["orders"]?.epoch ?? NaN;
    const others = [east, west, third].filter((region) => region !== primary);
    const answers = await Promise.all(
      others.map((to) =>
        world.cli([
          "failover",
          "orders",
          "--to",
          to,
          ...consent,
          "--expect-primary",
          primary,
          "--json",
        ]),
      ),
    );
    expect(answers.map(({ code }) => code).toSorted()).toEqual([0, 75]);
    const winner = others[answers.findIndex(({ code }) => code === 0)];
    const after = await world.untilStatus("the writer serves", 20_000, ({ databases }) =>
      Boolean(databases["orders"]?.writer?.state === "serving"),
    );
    expect(after.databases["orders"]).toMatchObject({ primary: winner, epoch: epoch + 1 });
    const claims = (await eventsOf(world)).filter(({ kind }) => kind === "operation.claimed");
    expect(claims.filter(({ details }) => details["epoch"] === epoch)).toHaveLength(1);
    // Who expected another primary by then is told so.
    const forced = ["failover", "orders", "--to", primary, ...consent];
    const late = await refusalOf(world, ...forced, "--expect-primary", primary);
    expect(late.said.code).toBe("failover.unexpected-primary");
  });
});
