/** What `place_order` refuses, in words for people. Its codes stand in databases/orders/003-place-order.sql. Pure. */
import { z } from "zod";
import { Refusal } from "../shared/refusal.ts";

const detailSchema = z.array(z.object({ name: z.string(), left: z.int().optional() }));

/** The refusal that an error of PostgreSQL stands for; undefined for all others. */
export function refusalOf(error: unknown): Refusal | undefined {
  const { code, detail } = (error ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  switch (code) {
    case "RS001":
      return new Refusal(409, "sold-out", `Nothing was ordered: ${listShort(detail)}.`);
    case "RS002":
      return new Refusal(
        422,
        "key-reused",
        "Another order was sent with this idempotency key. Take a new key for a new order.",
      );
    case "RS004":
      return new Refusal(404, "unknown-product", `Not kept in stock: ${listNames(detail)}.`);
    default:
      return undefined;
  }
}

function listShort(detail: unknown): string {
  const short = parseDetail(detail).map(({ name, left = 0 }) =>
    left === 0 ? `${name} is sold out` : `of ${name}, only ${left} are left`,
  );
  return short.length === 0 ? "something is sold out" : short.join("; ");
}

function listNames(detail: unknown): string {
  return parseDetail(detail)
    .map(({ name }) => name)
    .join(", ");
}

function parseDetail(detail: unknown): z.output<typeof detailSchema> {
  try {
    return detailSchema.parse(JSON.parse(String(detail)));
  } catch {
    return [];
  }
}
