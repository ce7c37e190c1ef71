/** What somebody means to buy, as the cart service keeps it. */
import type { Visitor } from "../visitor.ts";
import { productsById, type Product } from "./catalogue.ts";
import type { Shop } from "./shop.ts";

/** As in the cart service: more is refused there. */
export const quantityMax = 99;

type CartItem = {
  readonly itemId: number;
  readonly quantity: number;
  /** Null: it is not sold any more. */
  readonly unitPrice: number | null;
};
type Cart = { readonly customerId: string; readonly items: readonly CartItem[] };

/** `product` is undefined for what is not sold any more. */
export type CartLine = {
  readonly id: number;
  readonly quantity: number;
  readonly product: Product | undefined;
};

/** What is in the visitor's cart and can be bought. The session keeps the count. */
export async function wantedItems(
  shop: Shop,
  visitor: Visitor,
): Promise<readonly { readonly id: number; readonly quantity: number }[]> {
  const items = await cartItems(shop, visitor);
  return items
    .filter(({ unitPrice }) => unitPrice !== null)
    .map(({ itemId, quantity }) => ({ id: itemId, quantity }));
}

/** All that is in it, with names, pictures, and prices of now. */
export async function cartLines(shop: Shop, visitor: Visitor): Promise<readonly CartLine[]> {
  const items = await cartItems(shop, visitor);
  const ids = items.map(({ itemId }) => itemId);
  const products = await productsById(shop, visitor, ids);
  return items.map(({ itemId, quantity }) => ({
    id: itemId,
    quantity,
    product: products.get(itemId),
  }));
}

/** Counts it anew. */
export async function countCart(shop: Shop, visitor: Visitor): Promise<void> {
  await cartItems(shop, visitor);
}

/** Which product, how many. */
export type Wish = { readonly productId: number; readonly quantity: number };

/** @throws Refusal for an unknown product, too many of one, too many different ones */
export async function addToCart(shop: Shop, visitor: Visitor, wish: Wish): Promise<void> {
  await change(shop, visitor, "POST", wish);
}

/** Quantity 0 removes. @throws Refusal as `addToCart` */
export async function setQuantity(shop: Shop, visitor: Visitor, wish: Wish): Promise<void> {
  await change(shop, visitor, "PATCH", wish);
}

/** Also what is not there: then nothing changes. */
export async function removeFromCart(shop: Shop, visitor: Visitor, id: number): Promise<void> {
  const path = `${pathOf(visitor.cartKey)}/items/${id}`;
  noteCount(visitor, await visitor.ask<Cart>(shop.cart, "DELETE", path));
}

/** At log-in: what the guest had chosen goes to the person's own cart. May be done twice. */
export async function mergeCart(
  shop: Shop,
  visitor: Visitor,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<void> {
  const path = `${pathOf(`user:${userId}`)}/merge?sessionId=${encodeURIComponent(sessionId)}`;
  await visitor.ask(shop.cart, "POST", path);
}

async function change(
  shop: Shop,
  visitor: Visitor,
  method: "POST" | "PATCH",
  { productId, quantity }: Wish,
): Promise<void> {
  const path = `${pathOf(visitor.cartKey)}/items`;
  const body = { itemId: productId, quantity };
  noteCount(visitor, await visitor.ask<Cart>(shop.cart, method, path, body));
}

async function cartItems(shop: Shop, visitor: Visitor): Promise<readonly CartItem[]> {
  const cart = await visitor.ask<Cart>(shop.cart, "GET", pathOf(visitor.cartKey));
  noteCount(visitor, cart);
  return cart.items;
}

function noteCount(visitor: Visitor, { items }: Cart): void {
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
  if (count !== visitor.session.cart) visitor.remember({ cart: count });
}

function pathOf(cartKey: string): string {
  return `/carts/${encodeURIComponent(cartKey)}`;
}
