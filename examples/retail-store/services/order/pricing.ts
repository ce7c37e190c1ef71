/** From what somebody wants to what it costs, by the catalog. Pure. */
import { fromCents, toCents } from "../shared/money.ts";
import { Refusal } from "../shared/refusal.ts";
import { totalsOf, type DeliveryToken } from "../shared/totals.ts";
import { quantityMax } from "./order-input.ts";

export type Wanted = {
  readonly productId: number;
  readonly quantity: number;
  /** What the client believes; undefined: whatever it costs. */
  readonly price?: number | undefined;
};

/** Of the catalog. */
export type Offer = { readonly id: number; readonly name: string; readonly price: number };

export type OrderLine = {
  readonly productId: number;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: number;
};

/** In the currency, with two decimals. */
export type PricedOrder = {
  readonly lines: readonly OrderLine[];
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
};

/**
 * @throws Refusal 404 for a product that the catalog lacks, 409 where the client believes in another price, 400 where
 * the same product was asked for in several lines and in too many pieces
 */
export function priceOrder(
  wanted: readonly Wanted[],
  offers: readonly Offer[],
  delivery: DeliveryToken | undefined,
): PricedOrder {
  const byId = new Map(offers.map((offer) => [offer.id, offer]));
  const lines = mergeByProduct(wanted).map(({ productId, quantity, prices }) => {
    const offer = byId.get(productId);
    if (!offer) throw new Refusal(404, "unknown-product", `There is no product ${productId}.`);
    refuseOtherPrices(offer, prices);
    return { productId, name: offer.name, quantity, unitPrice: offer.price };
  });
  const totals = totalsOf(
    lines.map(({ quantity, unitPrice }) => ({ quantity, unitCents: toCents(unitPrice) })),
    delivery,
  );
  return {
    lines,
    subtotal: fromCents(totals.subtotalCents),
    tax: fromCents(totals.taxCents),
    shipping: fromCents(totals.shippingCents),
  };
}

/** How many of each product, by its number. */
export function quantitiesOf(wanted: readonly Wanted[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { productId, quantity } of wanted) {
    sums[productId] = (sums[productId] ?? 0) + quantity;
  }
  return sums;
}

type Merged = {
  readonly productId: number;
  readonly quantity: number;
  readonly prices: readonly number[];
};

/** One line for each product, in the order of their numbers. */
function mergeByProduct(wanted: readonly Wanted[]): readonly Merged[] {
  const merged = new Map<number, Merged>();
  for (const { productId, quantity, price } of wanted) {
    const before = merged.get(productId);
    merged.set(productId, {
      productId,
      quantity: (before?.quantity ?? 0) + quantity,
      prices: [...(before?.prices ?? []), ...(price === undefined ? [] : [price])],
    });
  }
  for (const { productId, quantity } of merged.values()) {
    if (quantity <= quantityMax) continue;
    const message = `One order takes ${quantityMax} pieces of product ${productId} at the most.`;
    throw new Refusal(400, "too-many", message);
  }
  return [...merged.values()].toSorted((a, b) => a.productId - b.productId);
}

function refuseOtherPrices({ name, price }: Offer, believed: readonly number[]): void {
  const other = believed.find((one) => Math.round(one * 100) !== toCents(price));
  if (other === undefined) return;
  const message = `${name} costs ${price.toFixed(2)}, not ${other}. Nothing was ordered.`;
  throw new Refusal(409, "price-differs", message);
}
