/** Many people who buy at once, and a book of what the shop has told them. */
import type { Clock } from "../../src/env/env.ts";
import { nodeClock } from "../../src/env/node/clock.ts";
import type { LoadResult } from "../../src/load/load.ts";
import { runLoad } from "../../src/load/run.ts";
import type { ConfirmedOrder } from "../../examples/retail-store/load/buy.ts";
import { shopProfiles } from "../../examples/retail-store/load/retail-store.ts";
import { initialStock } from "../../examples/retail-store/databases/products.ts";
import { until } from "./until.ts";
import { visit } from "./visitors.ts";
import type { World } from "./world.ts";

/** 10 min: no test takes so long; it is ended by whoever began it. */
const durationMs = 600_000;

export type CrowdEnd = {
  readonly result: LoadResult;
  readonly confirmed: readonly ConfirmedOrder[];
  /** The longest time without a confirmed order, in ms. */
  readonly gapMs: number;
};

/** 50 people, or as many as are said, who walk through the shop until they are told to stop. */
export class Crowd {
  readonly confirmed: ConfirmedOrder[] = [];
  readonly #over = new AbortController();
  readonly #running: Promise<LoadResult>;
  #lastMs: number;
  #gapMs = 0;
  readonly #clock: Clock = nodeClock;

  constructor(origin: string, profile: "buy" | "browse", clients = 50) {
    this.#lastMs = this.#clock.monotonicMs();
    const journey = shopProfiles((order) => {
      this.confirmed.push(order);
      this.#tick();
    })[profile];
    this.#running = runLoad(
      { origin, journey, clients, durationMs },
      { clock: this.#clock, watch: () => undefined },
      this.#over.signal,
    );
  }

  /** So many more orders than there are now. */
  async untilMore(orders: number, boundMs = 60_000): Promise<void> {
    const wanted = this.confirmed.length + orders;
    await until(`${wanted} orders are confirmed`, boundMs, () => this.confirmed.length >= wanted);
  }

  async end(): Promise<CrowdEnd> {
    this.#over.abort();
    const result = await this.#running;
    return { result, confirmed: this.confirmed, gapMs: Math.round(this.#gapMs) };
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

export type Books = {
  /** Confirmed to somebody, and not in the database. */
  readonly missing: readonly number[];
  /** What was bought twice by one purchase. */
  readonly doubled: readonly string[];
  /** Orders whose total is not the sum of what is in it. */
  readonly wrongTotals: readonly number[];
  /** Products whose stock is not what was there less what was sold. */
  readonly wrongStock: readonly number[];
  /** Orders of which no event tells. */
  readonly untold: readonly number[];
};

/** All of them empty: every order that was confirmed is there once, and the rest agrees with it. */
export async function audit(
  world: World,
  region: string,
  confirmed: readonly ConfirmedOrder[],
): Promise<Books> {
  const ids = `array[${confirmed.map(({ orderId }) => orderId).join(",")}]::bigint[]`;
  const numbers = async (text: string): Promise<readonly number[]> =>
    (await world.sql("orders", region, text)).map(({ id }) => Number(id));
  return {
    missing: await numbers(
      `select id from unnest(${ids}) as c(id) where not exists (select from customer_order o where o.id = c.id)`,
    ),
    doubled: (
      await world.sql(
        "orders",
        region,
        "select email from customer_order where email like 'guest-%' group by email having count(*) > 1",
      )
    ).map(({ email }) => String(email)),
    wrongTotals: await numbers(`
      select o.id from customer_order o
      where o.subtotal is distinct from (select sum(line_total) from order_item i where i.order_id = o.id)
         or o.total <> o.subtotal + o.tax + o.shipping`),
    wrongStock: await wrongStock(world, region),
    untold: await numbers(
      "select o.id from customer_order o where not exists (select from outbox e where e.order_id = o.id and e.type = 'OrderCreated')",
    ),
  };
}

/** What there was at first is what there is and what was sold. */
async function wrongStock(world: World, region: string): Promise<readonly number[]> {
  const rows = await world.sql(
    "orders",
    region,
    `select s.product_id, s.on_hand + coalesce((
       select sum(i.quantity) from order_item i join customer_order o on o.id = i.order_id
       where i.product_id = s.product_id and o.status = 'placed'), 0) as initial
     from inventory s`,
  );
  const initial = new Map(rows.map((row) => [Number(row["product_id"]), Number(row["initial"])]));
  return initialStock()
    .filter(({ productId, onHand }) => initial.get(productId) !== onHand)
    .map(({ productId }) => productId);
}

/** Orders that the consumer of no Region has heard of. */
export async function unheard(world: World, orders: readonly number[]): Promise<readonly number[]> {
  const heard = await Promise.all(
    [1, 2].map(async (region) => {
      const answer = await visit(`http://127.${world.number}.${region}.1:8451/events/orders`);
      return (JSON.parse(answer.body) as { orders: readonly number[] }).orders;
    }),
  );
  const all = new Set(heard.flat());
  return orders.filter((order) => !all.has(order));
}

export const cleanBooks: Books = {
  missing: [],
  doubled: [],
  wrongTotals: [],
  wrongStock: [],
  untold: [],
};
