/** What may be said to the cart service. */
import { z } from "zod";

/** As in the database: pieces of one item, and different items in a cart. */
export const quantityMax = 99;
export const itemsMax = 50;

/** `user:7f…`, a session's id, `ann@example.com:Kart`. */
const customerSchema = z
  .string()
  .regex(/^[A-Za-z0-9@._:+~-]{1,100}$/, "1 to 100 letters, digits or any of @ . _ : + ~ -");

/** A number, also as text: it stands in paths. */
const itemSchema = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(1).max(2_147_483_647));

const quantitySchema = z.int().min(1).max(quantityMax);

export const customerParams = z.object({ customer: customerSchema });
export const itemParams = z.object({ customer: customerSchema, item: itemSchema });
export const mergeQuery = z.object({ sessionId: customerSchema });

export const addBody = z.strictObject({
  itemId: itemSchema,
  quantity: quantitySchema.default(1),
  unitPrice: z.number().min(0).optional(),
});

/** 0 removes. */
export const setBody = z.strictObject({
  itemId: itemSchema,
  quantity: z.int().min(0).max(quantityMax),
  unitPrice: z.number().min(0).optional(),
});

export const kartQuery = z.object({ key: customerSchema });
export const kartRemoveBody = z.strictObject({ key: customerSchema });
export const kartSetBody = z.strictObject({
  key: customerSchema,
  value: z
    .array(z.strictObject({ productId: itemSchema, qty: quantitySchema }))
    .max(itemsMax)
    .refine(
      (items) => new Set(items.map(({ productId }) => productId)).size === items.length,
      "a product is named twice",
    ),
});
