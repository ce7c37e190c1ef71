/** What can be done with a checkout: look, change, pay, order. Each looks at what is kept, decides, and keeps the result. */
import { randomUUID } from "node:crypto";
import { Refusal } from "../shared/refusal.ts";
import { checkCard, type Card } from "./card.ts";
import type { OrderAnswer, OrderRequest, OtherServices, Told } from "./other-services.ts";
import { nextVersion, type Change, type Contents, type PlacedOrder, type State } from "./state.ts";
import type { Found, States } from "./states.ts";
import {
  cartKeyOf,
  changed,
  complete,
  keyReused,
  noCheckout,
  paid,
  rekeyed,
  reopened,
  sent,
  submitted,
  type Fresh,
} from "./transitions.ts";
import { mustCost, priced, viewOf, type Product, type View } from "./view.ts";

/** 5 times somebody else was faster: two hands on one checkout are a double click, five are no person. */
const attemptsMax = 5;

export type Answer<T> = { readonly body: T; readonly told: Told };

export type OrderWish = {
  /** What the customer was shown, and agreed to; undefined: nobody says. */
  readonly total: number | undefined;
  /**
   * Of the purchase that was shown. Another one may be under way here: the next, or one that was begun before the customer
   * went to another Region and came back. That one was not agreed to. Undefined: whatever is under way.
   */
  readonly key: string | undefined;
  /** What the session has to see. */
  readonly seen: string | undefined;
};

export class Checkouts {
  readonly #states: Pick<States, "find" | "keep">;
  readonly #others: OtherServices;

  constructor(states: Pick<States, "find" | "keep">, others: OtherServices) {
    this.#states = states;
    this.#others = others;
  }

  /** @throws Refusal 404 when none is under way; Unavailable, as all of these */
  async look(id: string): Promise<Answer<View>> {
    return await this.#show(id, await this.#find(id));
  }

  /** @throws Refusal 404 for a product that is not sold; 409 where nothing may be changed any more */
  async update(id: string, change: Change): Promise<Answer<View>> {
    const ids = (change.items ?? []).map((item) => item.id);
    const { products } = await this.#others.products([...new Set(ids)]);
    const unknown = ids.find((one) => !products.some((product) => product.id === one));
    if (unknown !== undefined) {
      throw new Refusal(404, "unknown-product", `There is no product ${unknown} here.`);
    }
    const found = await this.#follow(id, (state, fresh) => changed(state, change, fresh));
    return await this.#show(id, found, products);
  }

  /** Keeps a token and the last four digits. @throws Refusal 400 for what is no card, 409 as `update` */
  async pay(id: string, card: Card): Promise<Answer<View>> {
    const cardLast4 = checkCard(card, Date.now());
    const payment = { paymentToken: `tok_${randomUUID()}`, cardLast4 };
    const found = await this.#follow(id, (state, fresh) => paid(state, payment, fresh));
    return await this.#show(id, found);
  }

  /**
   * However often it is called, and by however many at once, there is one order.
   * @throws Refusal 409 for what is incomplete, sold out, or has another price than was shown: nothing was ordered
   * @throws Refusal 404 when what was shown is not under way here: who has its key can ask the order service for it
   * @throws Unavailable when nobody knows whether it was: to be called again
   */
  async submit(id: string, wish: OrderWish): Promise<Answer<PlacedOrder>> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { state } = await this.#find(id);
      if (state === undefined || !isMeant(state, wish)) throw noCheckout();
      if (state.status === "submitted") {
        return { body: state.order, told: { ...nothing, seen: state.seen } };
      }
      const contents = complete(state.contents);
      const { products, told } = await this.#others.products(contents.items.map((one) => one.id));
      const now = priced(contents, products);
      if (state.status === "open") {
        mustCost(wish.total, now);
        const next = sent(state, nextVersion(state, Date.now()));
        if (!(await this.#states.keep(id, next, state.version)).isKept) continue;
      }
      const { idempotencyKey } = state;
      const request = { idempotencyKey, contents, lines: now.items, seen: wish.seen };
      const answer = await this.#place(id, request);
      return { body: answer.order, told: { ...answer.told, read: answer.told.read ?? told.read } };
    }
    throw busy();
  }

  async #place(id: string, request: OrderRequest): Promise<OrderAnswer> {
    const { idempotencyKey: key } = request;
    try {
      const answer = await this.#others.placeOrder(request);
      const cartIsEmptied = await this.#emptyCart(request.contents);
      const placed = { order: answer.order, cartIsEmptied, seen: answer.told.seen };
      // The order stands, whether it can be noted here or not: sent again, it is found again.
      await this.#follow(id, (state, { version }) =>
        submitted(state, key, { ...placed, version }),
      ).catch(() => undefined);
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const isReused = error.code === "key-reused";
      await this.#follow(id, (state, fresh) =>
        isReused ? rekeyed(state, key, fresh) : reopened(state, key, fresh.version),
      ).catch(() => undefined);
      throw isReused ? keyReused() : error;
    }
  }

  async #find(id: string): Promise<Found> {
    const found = await this.#states.find(id);
    const { state } = found;
    if (state?.status !== "submitted" || state.cartIsEmptied) return found;
    if (!(await this.#emptyCart(state.contents))) return found;
    const version = nextVersion(state, Date.now());
    const emptied = { ...state, cartIsEmptied: true, version };
    const { isKept } = await this.#states.keep(id, emptied, state.version);
    return isKept ? { ...found, state: emptied } : await this.#states.find(id);
  }

  /** Of what was ordered, and of nothing else: more may have come into it meanwhile. */
  async #emptyCart({ customer, items }: Contents): Promise<boolean> {
    if (customer === undefined) return false;
    const ids = items.map(({ id }) => id);
    return await this.#others.takeFromCart(cartKeyOf(customer), ids);
  }

  /** Keeps what `decide` makes of it; looks again when somebody else was faster. */
  async #follow(
    id: string,
    decide: (state: State | undefined, fresh: Fresh) => State | undefined,
  ): Promise<Found> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const found = await this.#find(id);
      const version = nextVersion(found.state, Date.now());
      const state = decide(found.state, { version, drawUuid: randomUUID });
      if (state === found.state || state === undefined) return found;
      const kept = await this.#states.keep(id, state, found.state?.version ?? 0);
      if (kept.isKept) return { state, isFallback: kept.isFallback };
    }
    throw busy();
  }

  async #show(id: string, found: Found, known: readonly Product[] = []): Promise<Answer<View>> {
    const { state, isFallback } = found;
    if (state === undefined) throw noCheckout();
    const ids = state.status === "submitted" ? [] : state.contents.items.map((item) => item.id);
    const missing = ids.filter((one) => !known.some((product) => product.id === one));
    const { products, told } = await this.#others.products(missing);
    const now = priced(state.contents, [...known, ...products]);
    return { body: viewOf({ id, state, now, isFallback }), told };
  }
}

function isMeant({ idempotencyKey }: State, { key }: OrderWish): boolean {
  return key === undefined || key === idempotencyKey;
}

const nothing: Told = { read: undefined, wrote: undefined, seen: undefined };

function busy(): Refusal {
  return new Refusal(
    409,
    "changed-meanwhile",
    "This checkout was changed at the same time. Please try again.",
  );
}
