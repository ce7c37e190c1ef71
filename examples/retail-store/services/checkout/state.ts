/** A checkout as it is kept, and what people may put into it. What may happen to it: `transitions.ts`. Pure. */
import { z } from "zod";
import { deliveryTokens } from "../shared/totals.ts";

/** 50 different products, as in a cart. */
export const linesMax = 50;

/** Carts that were filled on both sides of a cut hold twice as many: that is to be read, and refused in words. */
const linesReadMax = 2 * linesMax;

/** Pieces of one product. */
export const quantityMax = 99;

/** What a person may type: neither control characters nor halves of characters, which no database takes. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has characters that cannot be printed");

const lineSchema = z.strictObject({
  id: z.number().int().min(1).max(2_147_483_647),
  quantity: z.number().int().min(1).max(quantityMax),
});

const addressSchema = z.strictObject({
  firstName: text(80).min(1),
  lastName: text(80).min(1),
  address1: text(120).min(1),
  address2: text(120).optional(),
  city: text(80).min(1),
  state: text(80).optional(),
  zip: text(20).min(1),
  country: text(80).optional(),
});

/** What `POST /checkout/:id/update` may bring; what is not named stays as it is. */
export const changeSchema = z.strictObject({
  items: z.array(lineSchema).max(linesReadMax).optional(),
  /** For whom: the order will belong to them. */
  customer: z
    .string()
    .regex(/^(user|guest):[\w-]{1,100}$/)
    .optional(),
  customerEmail: z.email().max(254).optional(),
  shippingAddress: addressSchema.optional(),
  deliveryOptionToken: z.enum(deliveryTokens).optional(),
});

export type Change = z.output<typeof changeSchema>;

const paidSchema = z.object({ paymentToken: z.string(), cardLast4: z.string().regex(/^\d{4}$/) });

const draftSchema = z.object({
  /** Of the order that this will become: however often it is sent, there is one. */
  idempotencyKey: z.uuid(),
  shipmentId: z.uuid(),
  contents: changeSchema.required({ items: true }).extend({ payment: paidSchema.optional() }),
});

const orderSchema = z.object({
  orderId: z.number().int(),
  email: z.string(),
  items: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      quantity: z.number(),
      price: z.number(),
      totalCost: z.number(),
    }),
  ),
  subtotal: z.number(),
  tax: z.number(),
  shipping: z.number(),
  total: z.number(),
});

/** As `POST /checkout/:id/submit` answers. */
export type PlacedOrder = z.output<typeof orderSchema>;

/** As it is kept. The newer of two has the greater version: milliseconds since 1970, and always more than before. */
export const stateSchema = z.discriminatedUnion("status", [
  draftSchema.extend({ status: z.literal(["open", "sent"]), version: z.number().int() }),
  draftSchema.extend({
    status: z.literal("submitted"),
    version: z.number().int(),
    order: orderSchema,
    cartIsEmptied: z.boolean(),
    /** What a session has to see to find its order: also one that asks a second time. */
    seen: z.string().optional(),
  }),
]);

export type State = z.output<typeof stateSchema>;
export type Draft = Extract<State, { status: "open" | "sent" }>;
export type Contents = State["contents"];

/**
 * An hour: for a person who looks for a card, and for one who presses a button again. The same for all: an older state
 * that another process still remembers must not outlive the order that it became, or its key would be used again.
 */
const lifetimeMs = 3_600_000;

/** Since 1970. */
export function expiresAtMs({ version }: State): number {
  return version + lifetimeMs;
}

/** Of one that follows on `base`, also where the clock was set back. */
export function nextVersion(base: State | undefined, nowMs: number): number {
  return Math.max(nowMs, (base?.version ?? 0) + 1);
}

/** Of what was found in several places; what has expired was not found. */
export function newestOf(found: readonly (State | undefined)[], nowMs: number): State | undefined {
  return found
    .filter((state) => state !== undefined)
    .filter((state) => expiresAtMs(state) > nowMs)
    .reduce<State | undefined>(
      (newest, state) => (newest && newest.version >= state.version ? newest : state),
      undefined,
    );
}
