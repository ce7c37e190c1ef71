/** What an order costs. The only place that says so: checkout shows it, the order service charges it. Pure; in cents. */

/** 5 %. */
const taxPercent = 5;

export const deliveryTokens = ["priority-mail", "express"] as const;
export type DeliveryToken = (typeof deliveryTokens)[number];

export type Delivery = {
  readonly name: string;
  readonly cents: number;
  readonly estimatedDays: number;
};

export const deliveries: Readonly<Record<DeliveryToken, Delivery>> = {
  "priority-mail": { name: "Priority Mail", cents: 500, estimatedDays: 10 },
  express: { name: "Express", cents: 1_500, estimatedDays: 5 },
};

export type Line = { readonly quantity: number; readonly unitCents: number };

export type Totals = {
  readonly subtotalCents: number;
  /** Of the goods, rounded half up once for the order. */
  readonly taxCents: number;
  readonly shippingCents: number;
  readonly totalCents: number;
};

/** `delivery` undefined: not chosen yet, and so not in the total. */
export function totalsOf(lines: readonly Line[], delivery: DeliveryToken | undefined): Totals {
  const subtotalCents = lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
  const taxCents = Math.floor((subtotalCents * taxPercent + 50) / 100);
  const shippingCents = delivery === undefined ? 0 : deliveries[delivery].cents;
  return {
    subtotalCents,
    taxCents,
    shippingCents,
    totalCents: subtotalCents + taxCents + shippingCents,
  };
}
