/** What the routes accept. */
import { z } from "zod";

/** PostgreSQL's `int`. */
const idMax = 2_147_483_647;

/** Ids of one question: twice what a cart holds. */
const idsMax = 100;

export const productId = z
  .string()
  .regex(/^\d{1,10}$/, "must be a number")
  .transform(Number)
  .pipe(z.int().min(1).max(idMax));

/** `1,2,3` */
export const productIds = z
  .string()
  .max(12 * idsMax)
  .transform((text) => text.split(",").filter((part) => part !== ""))
  .pipe(z.array(productId).min(1).max(idsMax))
  .transform((ids) => [...new Set(ids)]);

const count = (most: number) => z.coerce.number().int().min(1).max(most);

/** 10,000 pages of 100: further on nobody looks, and PostgreSQL would have to. */
export const pageNumber = count(10_000).default(1);
export const pageSize = count(100).default(8);

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "must be a name like `bicycles`");

/** `a,b` */
const names = z
  .string()
  .max(400)
  .transform((text) => text.split(",").filter((part) => part !== ""))
  .pipe(z.array(name).max(20));

export const categoryParameters = z.object({ category: z.string().max(100) });
export const itemParameters = z.object({ category: z.string().max(100), item: productId });

export const categoryQuery = z.object({
  page: pageNumber,
  size: pageSize,
  sort: z.enum(["id", "name", "-name", "price", "-price", "rating"]).default("id"),
  tag: name.optional(),
  id: productId.optional(),
});

/** A NUL is the one character that PostgreSQL has no text with. */
export const searchQuery = z.object({
  q: z
    .string()
    .max(200, "is longer than the 200 characters that a search may have")
    .default("")
    .transform((text) => text.replaceAll("\0", " ")),
  page: pageNumber,
  size: pageSize,
});

export const popularQuery = z.object({
  top: count(50).default(5),
  /** Days. */
  interval: count(3_650).default(30),
});

export const reviewsQuery = z.object({
  id: productId,
  page: pageNumber,
  size: count(100).default(20),
});

const catalogueOrders = {
  "": "id",
  id: "id",
  name: "name",
  name_asc: "name",
  name_desc: "-name",
  price: "price",
  "-price": "-price",
  price_asc: "price",
  price_desc: "-price",
  rating: "rating",
} as const;

export const catalogueQuery = z.object({
  tags: names.optional().transform((tags) => (tags && tags.length > 0 ? tags : undefined)),
  order: z
    .enum(Object.keys(catalogueOrders) as readonly (keyof typeof catalogueOrders)[])
    .default("")
    .transform((order) => catalogueOrders[order]),
  page: pageNumber,
  size: count(100).default(10),
});

/** Text that PostgreSQL can keep, without spaces around it. */
const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((value) => !value.includes("\0"), "must not have a NUL in it");

export const newProduct = z.strictObject({
  sku: text(40),
  name: text(120),
  description: text(2_000),
  price: z
    .number()
    .min(0.01)
    .max(1_000_000)
    .refine((price) => Math.abs(price * 100 - Math.round(price * 100)) < 1e-6, {
      message: "must have at most two decimals",
    }),
  tags: z.array(name).max(10).default([]),
  image: z
    .string()
    .regex(/^\/assets\/[a-z0-9-]{1,40}\.svg$/, "must be like /assets/watch-dress.svg")
    .optional(),
  /** Pieces. */
  inventory: z.int().min(0).max(1_000_000).default(0),
});

export type NewProduct = z.output<typeof newProduct>;

/** Whether there may be a category of this name; spares the database the question. */
export function isName(given: string): boolean {
  return name.safeParse(given).success;
}
