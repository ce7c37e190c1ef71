/**
 * Visitors of the shop, for `leeward load retail-store`.
 *
 *   browse  home ► category ► its next page ► search ► products
 *   cart    home ► category ► product ► cart ► another number ► out again
 *   pages   a page of a category, and nothing else: for measuring
 *   buy     home ► category ► product ► cart ► checkout ► address ► delivery ► payment ► confirmation ► orders ► order
 *
 * Forms are followed as a browser does it. A page that does not say what it must ends the visit with what it says instead.
 */
import { browse, onePage } from "./browse.ts";
import { buy, fillCart, type ConfirmedOrder } from "./buy.ts";
import type { Visitor } from "./visitor.ts";

export type Journey = (visitor: Visitor) => Promise<void>;
export type Profiles = Readonly<Record<"mixed" | "browse" | "pages" | "buy", Journey>>;

/** Of 100 visits to the shop. The others buy. */
const share = { browse: 70, cart: 20 };

/** The profiles; `confirmed` is told of each order as soon as a visitor has seen its number. */
export function shopProfiles(confirmed: (order: ConfirmedOrder) => void): Profiles {
  const purchase: Journey = (visitor) => buy(visitor, confirmed);
  return {
    mixed: async (visitor) => {
      const draw = 100 * visitor.random();
      if (draw < share.browse) return await browse(visitor);
      return await (draw < share.browse + share.cart ? fillCart : purchase)(visitor);
    },
    browse,
    pages: onePage,
    buy: purchase,
  };
}

/** Nobody asks which orders they were. */
export const profiles: Profiles = shopProfiles(() => undefined);
