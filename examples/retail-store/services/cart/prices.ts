/** What items cost, as the product service says; each price is asked for again after a while. */
import { z } from "zod";
import type { ServiceClient } from "../shared/client.ts";
import { Refusal, Unavailable } from "../shared/refusal.ts";

/** 5 s: nobody looks at an old price for longer. What is paid is decided by the order service, which asks anew. */
const keptMsMax = 5_000;

/** 2,000 prices are 100 kB; the shop sells some hundred things. */
const keptMax = 2_000;

const answerSchema = z.object({
  product_items: z.array(z.object({ id: z.int(), price: z.number().min(0) })),
});

type Kept = { readonly price: number; readonly atMs: number };

export class Prices {
  readonly #products: Pick<ServiceClient, "call">;
  readonly #nowMs: () => number;
  /** Oldest first. */
  readonly #kept = new Map<number, Kept>();

  /** `nowMs` is a clock that never goes back. */
  constructor(
    products: Pick<ServiceClient, "call">,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#products = products;
    this.#nowMs = nowMs;
  }

  /** In the catalogue's currency, by item; without those that are not sold. @throws Unavailable */
  async of(items: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const known = new Map<number, number>();
    const unknown: number[] = [];
    const youngMs = this.#nowMs() - keptMsMax;
    for (const item of new Set(items)) {
      const kept = this.#kept.get(item);
      if (kept && kept.atMs >= youngMs) known.set(item, kept.price);
      else unknown.push(item);
    }
    if (unknown.length === 0) return known;
    for (const { id, price } of await this.#ask(unknown)) {
      known.set(id, price);
      this.#keep(id, price);
    }
    return known;
  }

  async #ask(items: readonly number[]): Promise<z.output<typeof answerSchema>["product_items"]> {
    const path = `/products/getproducts?productlist=${items.join(",")}`;
    const answer = await this.#products.call("GET", path).catch((error: unknown) => {
      // None of them is sold.
      if (error instanceof Refusal && error.status === 404) return { body: { product_items: [] } };
      throw error;
    });
    const parsed = answerSchema.safeParse(answer.body);
    if (parsed.success) return parsed.data.product_items;
    throw new Unavailable("The product service answers in another form than it should.", {
      cause: parsed.error,
    });
  }

  #keep(item: number, price: number): void {
    this.#kept.delete(item);
    this.#kept.set(item, { price, atMs: this.#nowMs() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptMax && oldest !== undefined) this.#kept.delete(oldest);
  }
}
