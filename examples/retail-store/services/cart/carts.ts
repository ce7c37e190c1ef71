/** The carts of this Region's database: one statement for each request. What the statements do: databases/carts/. */
import type { Database } from "../shared/database.ts";
import { Refusal } from "../shared/refusal.ts";
import type { Visit } from "../shared/servers.ts";

export type CartItem = { readonly itemId: number; readonly quantity: number };

/** A cart as it was read, or as it is after a write; by item number. */
export type Cart = { readonly items: readonly CartItem[]; readonly from: Visit };

/** Every write answers the cart as it is then. @throws Refusal for what does not fit; Unavailable */
export type Carts = {
  read(customer: string): Promise<Cart>;
  /** More of an item. Done twice, it counts twice. */
  add(customer: string, item: CartItem): Promise<Cart>;
  /** So many of an item; 0 removes it. */
  set(customer: string, item: CartItem): Promise<Cart>;
  /** These, and nothing else. */
  put(customer: string, items: readonly CartItem[]): Promise<Cart>;
  clear(customer: string): Promise<Cart>;
  /** Empties one cart into another and answers that one. */
  merge(from: string, into: string): Promise<Cart>;
};

type Row = { readonly items: readonly CartItem[] };

export function openCarts(database: Pick<Database, "read" | "write">): Carts {
  const write = async (
    call: string,
    values: readonly unknown[],
    isRepeatable: boolean,
  ): Promise<Cart> => {
    const text = `select ${call} as items, host(inet_server_addr()) as served_by`;
    const { rows, from } = await database.write<Row>(text, values, { isRepeatable }).catch(refused);
    return { items: rows[0]?.items ?? [], from };
  };
  return {
    read: async (customer) => {
      const text = "select cart_of($1) as items, host(inet_server_addr()) as served_by";
      const { rows, from } = await database.read<Row>(text, [customer]);
      return { items: rows[0]?.items ?? [], from };
    },
    add: (customer, { itemId, quantity }) =>
      write("cart_add($1, $2, $3)", [customer, itemId, quantity], false),
    set: (customer, { itemId, quantity }) =>
      write("cart_set($1, $2, $3)", [customer, itemId, quantity], true),
    put: (customer, items) => {
      const ids = items.map(({ itemId }) => itemId);
      const quantities = items.map(({ quantity }) => quantity);
      return write("cart_put($1, $2, $3)", [customer, ids, quantities], true);
    },
    clear: (customer) => write("cart_clear($1)", [customer], true),
    merge: (from, into) => write("cart_merge($1, $2)", [from, into], true),
  };
}

/** SQLSTATEs of databases/carts/002-cart-functions.sql. */
const refusals: Readonly<Record<string, string>> = { RC001: "too-many-pieces", RC002: "cart-full" };

function refused(error: unknown): never {
  const { code = "", message = "" } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  const refusal = refusals[code];
  if (refusal !== undefined) throw new Refusal(409, refusal, message);
  throw error;
}
