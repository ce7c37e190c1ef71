/**
 * Plays writes and misfortunes on the carts of two Regions, and remembers what was acknowledged, so that it can say in
 * the end whether anything of it is lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { Side, TwoCarts } from "./two-carts.ts";
import { withClient } from "./two-carts.ts";

type Which = 0 | 1;

export type Step =
  | {
      readonly kind: "write";
      readonly side: Which;
      readonly verb: "add" | "set" | "put" | "clear" | "merge";
      readonly customer: Which;
      readonly item: number;
      readonly quantity: number;
    }
  | { readonly kind: "cut" | "heal" }
  | { readonly kind: "restart"; readonly side: Which; readonly manner: "fast" | "immediate" }
  /** Somebody drops the subscription; the upkeep makes it anew. */
  | { readonly kind: "drop"; readonly side: Which }
  | { readonly kind: "compact"; readonly side: Which }
  /** The clock of a Region's machine goes wrong. */
  | { readonly kind: "clock"; readonly side: Which; readonly aheadMs: number };

const side = fc.constantFrom<Which>(0, 1);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      side,
      verb: fc.constantFrom("add", "add", "set", "set", "put", "clear", "merge"),
      customer: side,
      item: fc.integer({ min: 1, max: 3 }),
      quantity: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("cut" as const, "heal" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("restart" as const),
      side,
      manner: fc.constantFrom("fast", "immediate"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), side }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact" as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      side,
      aheadMs: fc.constantFrom(0, -3_600_000, 3_600_000, 20, -20),
    }),
  },
);

/** As text, because numbers of JavaScript are too small. */
type Change = {
  readonly customer: string;
  readonly item: number;
  readonly quantity: number;
  readonly deleted: boolean;
  readonly hlc: string;
  readonly region: string;
  readonly seq: string;
};

const columns = "customer, item, quantity, deleted, hlc::text, region, seq::text";

export class CartPlay {
  readonly #two: TwoCarts;
  /** Carts of this play alone. */
  readonly #name: string;
  readonly #acknowledged: Change[] = [];
  /** Their commit was not answered. */
  readonly #inDoubt: Change[] = [];
  readonly #restarting: [Promise<unknown>, Promise<unknown>] = [
    Promise.resolve(),
    Promise.resolve(),
  ];

  constructor(two: TwoCarts, name: string) {
    this.#two = two;
    this.#name = name;
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  async play(one: Step): Promise<void> {
    switch (one.kind) {
      case "write":
        return await this.#write(one);
      case "cut":
        for (const { way } of this.#two.sides) way.cutOff();
        return;
      case "heal":
        for (const { way } of this.#two.sides) way.heal();
        return;
      case "restart": {
        // Not awaited: what follows meets a server that goes, is away, or comes.
        const before = this.#restarting[one.side];
        const restart = before.then(() => this.#two.sides[one.side].restart(one.manner));
        restart.catch(() => undefined);
        this.#restarting[one.side] = restart;
        await sleep(20);
        return;
      }
      case "drop":
        return await this.#try(one.side, dropSubscriptions);
      case "compact":
        return await this.#try(one.side, "select cart_compact(1000)");
      case "clock":
        return await this.#try(one.side, clockAhead(one.aheadMs));
    }
  }

  /** Heals everything. */
  async heal(): Promise<void> {
    await Promise.all(this.#restarting);
    await this.play({ kind: "heal" });
    for (const one of [0, 1] as const) await this.#try(one, clockAhead(0));
  }

  /** Settles once both sides are equal and have all that was acknowledged. @throws Error that says what is missing */
  async settles(withinMs: number): Promise<readonly Change[]> {
    const deadlineMs = performance.now() + withinMs;
    for (;;) {
      const [east = [], west = []] = await Promise.all(
        this.#two.sides.map((one) => this.#held(one)),
      );
      const wrong =
        JSON.stringify(east) === JSON.stringify(west) ? this.#missing(east) : "they differ";
      if (wrong === undefined) return east;
      if (performance.now() > deadlineMs) {
        const logs = this.#two.sides.map(({ log }) => log.slice(-3).join(" | ")).join("\n");
        throw new Error(`${wrong}\n${JSON.stringify(east)}\n${JSON.stringify(west)}\n${logs}`);
      }
      await sleep(20);
    }
  }

  #customer(which: Which): string {
    return `${this.#name}-${which}`;
  }

  async #write({
    side: at,
    verb,
    customer,
    item,
    quantity,
  }: Step & { kind: "write" }): Promise<void> {
    const own = this.#customer(customer);
    const other = this.#customer(customer === 0 ? 1 : 0);
    const call: Readonly<Record<typeof verb, readonly [string, readonly unknown[]]>> = {
      add: ["select cart_add($1, $2, $3)", [own, item, quantity + 1]],
      set: ["select cart_set($1, $2, $3)", [own, item, quantity]],
      put: ["select cart_put($1, $2, $3)", [own, [item, item + 1], [1, quantity + 1]]],
      clear: ["select cart_clear($1)", [own]],
      merge: ["select cart_merge($1, $2)", [other, own]],
    };
    const [text, values] = call[verb];
    await withClient(this.#two.sides[at], async (client) => {
      await client.query("begin");
      await client.query(text, [...values]);
      const { rows } = await client.query<Change & { readonly counts: boolean }>(
        `select ${columns}, exists (select from cart_item i
                                     where (i.customer, i.item, i.hlc, i.region, i.seq)
                                         = (c.customer, c.item, c.hlc, c.region, c.seq)) as counts
           from cart_change c where xmin = pg_current_xact_id()::xid`,
      );
      const changes = rows.map(({ counts, ...change }) => {
        if (!counts) throw new Error(`${keyOf(change)} was written, and is lost at once`);
        return change;
      });
      await client.query("commit").then(
        () => this.#acknowledged.push(...changes),
        () => this.#inDoubt.push(...changes),
      );
    }).catch(async (error: unknown) => {
      expectAway(error);
      // The next one finds it.
      await this.#restarting[at];
    });
  }

  /** A server that is away just now is passed over. */
  async #try(which: Which, text: string): Promise<void> {
    await withClient(this.#two.sides[which], (client) => client.query(text)).catch(expectAway);
  }

  async #held(one: Side): Promise<readonly Change[]> {
    return await withClient(one, async (client) => {
      const { rows } = await client.query<Change>(
        `select ${columns} from cart_item where starts_with(customer, $1) order by customer, item`,
        [`${this.#name}-`],
      );
      return rows;
    });
  }

  #missing(held: readonly Change[]): string | undefined {
    const found = new Map(held.map((change) => [keyOf(change), change]));
    for (const [key, winner] of winners(this.#acknowledged)) {
      const there = found.get(key);
      if (!there) return `${key} is lost`;
      const isFromDoubt = this.#inDoubt.some((change) => isSame(change, there));
      if (isSame(there, winner) || (isFromDoubt && isLater(there, winner))) continue;
      return `${key} should be ${JSON.stringify(winner)}`;
    }
    return undefined;
  }
}

/** As somebody would who does not know what they do. */
export const dropSubscriptions = "select cart_unsubscribe(subname) from pg_subscription";

function clockAhead(ms: number): string {
  return `create or replace function cart_clock_ms() returns bigint language sql volatile
    return floor(extract(epoch from clock_timestamp()) * 1000)::bigint + ${ms}`;
}

/** What a server says that ends, is away, or has not opened its writes yet; and a cart that is full. */
function expectAway(error: unknown): void {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  const isKnown =
    /^(57P0[123]|25006|ECONN\w+|EPIPE|08\w{3}|RC00[12]|42704|55006|40P01|XX000)$/.test(code);
  if (!isKnown && !/terminated|timeout|ended/i.test(message)) throw error;
}

function keyOf({ customer, item }: Change): string {
  return `${customer}/${item}`;
}

function winners(changes: readonly Change[]): ReadonlyMap<string, Change> {
  const best = new Map<string, Change>();
  for (const change of changes) {
    const before = best.get(keyOf(change));
    if (!before || isLater(change, before)) best.set(keyOf(change), change);
  }
  return best;
}

function isSame(one: Change, other: Change): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** By (hlc, region, seq). */
function isLater(one: Change, other: Change): boolean {
  if (one.hlc !== other.hlc) return BigInt(one.hlc) > BigInt(other.hlc);
  if (one.region !== other.region) return one.region > other.region;
  return BigInt(one.seq) > BigInt(other.seq);
}
