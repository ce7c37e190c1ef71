/** What the order service takes, checked. Amounts are never among it: they come from the catalog. */
import { z } from "zod";
import { deliveryTokens } from "../shared/totals.ts";

/** 50 different products, as in a cart. */
const itemsMax = 50;
/** Carts that were filled on both sides of a cut may hold more. */
const tooManyItems = `One order takes ${itemsMax} different products. Nothing was ordered. Order some of them now and the others after that.`;
/** Pieces of one product in one order. */
export const quantityMax = 99;
/** PostgreSQL's `int`, `bigint` as far as JavaScript counts, and OFFSET. */
const intMax = 2_147_483_647;

/** Neither control characters nor halves of characters: PostgreSQL refuses NUL, and nobody can read the others. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has characters that cannot be printed");

/** Upper and lower case are one address to every provider that matters. */
const email = z.email().max(254).toLowerCase();
/** Whose order: `user:<id>`, `guest:<session>`, `email:<address>`. */
const customer = text(260).min(1);
const orderId = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const productId = z.number().int().min(1).max(intMax);
const quantity = z.number().int().min(1).max(quantityMax);
/** What the client believes: compared with the catalog, and never charged. */
const price = z.number().min(0).max(10_000_000).optional();

export const newOrderSchema = z.object({
  customer,
  firstName: text(80),
  lastName: text(80),
  email,
  address: z.record(text(40), text(200)).optional(),
  delivery: z.enum(deliveryTokens).optional(),
  cardLast4: z
    .string()
    .regex(/^[0-9]{4}$/)
    .optional(),
  items: z.array(z.object({ productId, quantity, price })).min(1).max(itemsMax, tooManyItems),
});

export type NewOrder = z.output<typeof newOrderSchema>;

export const orderHeadersSchema = z.looseObject({
  "idempotency-key": z.uuid("is missing: a UUID, the same when this order is sent again"),
});

export const orderParamsSchema = z.object({ id: orderId });
export const orderKeyParamsSchema = z.object({ key: z.uuid() });
export const ownOrderQuerySchema = z.object({ customer });
export const orderListQuerySchema = z.object({
  customer,
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
});

/** `/order/add`. An `order_id` that comes with an item is read by nobody: numbers are drawn here. */
export const addOrderSchema = z.object({
  email,
  items: z
    .array(
      z.object({
        order_id: z.unknown().optional(),
        item_id: productId,
        qty: quantity,
        unit_price: price,
      }),
    )
    .min(1)
    .max(itemsMax, tooManyItems),
  idempotency_key: z.uuid().optional(),
});

export const getOrderQuerySchema = z.object({ email, order_id: orderId });
export const cancelOrderSchema = z.object({ order_id: orderId, customer });
