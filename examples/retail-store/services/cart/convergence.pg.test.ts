/**
 * Carts are written on both sides while the link is cut and servers restart; in the end both sides are equal and nothing
 * that was acknowledged is lost. `RETAIL_CART_RUNS=200` plays more of it.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CartPlay,
  dropSubscriptions,
  step,
  type Step,
} from "../../../../test/retail-store/cart-play.ts";
import { TwoCarts } from "../../../../test/retail-store/two-carts.ts";

const runs = Number(process.env["RETAIL_CART_RUNS"] ?? 2);

/** A worker that failed starts again within a second; a server under load may take some more. */
const settleMs = 20_000;

let two: TwoCarts;
let plays = 0;

beforeAll(async () => {
  two = await TwoCarts.open();
  two.start();
  await two.bothStream();
});

afterAll(() => two[Symbol.asyncDispose]());

function newPlay(): CartPlay {
  plays += 1;
  return new CartPlay(two, `run${plays}`);
}

const write = (side: 0 | 1, verb: "add" | "set", quantity: number): Step => ({
  kind: "write",
  side,
  verb,
  customer: 0,
  item: 1,
  quantity,
});

test(
  "both sides end equal and have everything that was acknowledged, whatever happens in between",
  async () => {
    let acknowledged = 0;
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 40, size: "max" }),
      async (steps) => {
        const play = newPlay();
        for (const one of steps) await play.play(one);
        await play.heal();
        const held = await play.settles(settleMs);
        acknowledged += play.acknowledged;
        // Copies that are made anew change nothing.
        for (const side of two.sides) await side.query(dropSubscriptions);
        await two.bothStream();
        expect(await play.settles(settleMs)).toEqual(held);
      },
    );
    // Without a limit on the time, and without making a failure smaller: each try takes seconds.
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
    console.log(`${runs} runs, ${acknowledged} changes acknowledged`);
  },
  60_000 + runs * 10_000,
);

/** Each is played with the database as it is, and with one line of it broken. */
const planted: readonly {
  readonly bug: string;
  readonly breakIt: string;
  readonly steps: readonly Step[];
}[] = [
  {
    bug: "whatever arrives last counts",
    breakIt: `create or replace function cart_change_merges() returns trigger
      language plpgsql set search_path = public, pg_temp as $$
      begin
        insert into cart_item (customer, item, quantity, hlc, region, seq, deleted)
        values (new.customer, new.item, new.quantity, new.hlc, new.region, new.seq, new.deleted)
        on conflict (customer, item) do update
           set (quantity, hlc, region, seq, deleted)
             = (excluded.quantity, excluded.hlc, excluded.region, excluded.seq, excluded.deleted);
        return null;
      end $$`,
    steps: [{ kind: "cut" }, write(0, "set", 3), write(1, "set", 4), { kind: "heal" }],
  },
  {
    bug: "a copy brings again what is there",
    breakIt: "alter table cart_change disable trigger arrives",
    steps: [
      write(0, "add", 1),
      { kind: "drop", side: 0 },
      { kind: "drop", side: 1 },
      write(1, "add", 1),
    ],
  },
  {
    bug: "what replication applies is not merged",
    breakIt: "alter table cart_change enable trigger merges",
    steps: [write(0, "add", 1)],
  },
  {
    bug: "the clock of an item goes back with the machine's",
    breakIt: `create or replace function cart_next_hlc(previous bigint) returns bigint
      language sql volatile return cart_clock_ms() << 16`,
    steps: [
      write(0, "set", 3),
      { kind: "clock", side: 0, aheadMs: -3_600_000 },
      write(0, "set", 4),
    ],
  },
];

/** What the migrations say. */
const mend = `
  alter table cart_change enable always trigger arrives;
  alter table cart_change enable always trigger merges`;

test.each(planted)("it is seen when $bug", async ({ breakIt, steps }) => {
  const definitions = await two.east.query<{ text: string }>(
    `select pg_get_functiondef(oid) as text from pg_proc
      where proname in ('cart_change_merges', 'cart_next_hlc') and pronamespace = 'public'::regnamespace`,
  );
  const run = async (withinMs: number): Promise<unknown> => {
    const play = newPlay();
    for (const one of steps) {
      await play.play(one);
      if (one.kind === "drop") await two.bothStream(withinMs).catch(() => undefined);
    }
    await play.heal();
    return await play.settles(withinMs);
  };
  await run(settleMs);
  for (const side of two.sides) await side.query(breakIt);
  await expect(run(500)).rejects.toThrow(/differ|lost|should be/);
  for (const side of two.sides) {
    for (const { text } of definitions) await side.query(text);
    for (const statement of mend.split(";")) await side.query(statement);
  }
  await two.bothStream();
});
