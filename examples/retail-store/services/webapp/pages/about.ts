/** Pages about the shop itself: who answers, what sells. */
import { html } from "ghtml";
import type { Product } from "../shop/catalogue.ts";
import type { Visitor } from "../visitor.ts";
import type { Html } from "./layout.ts";
import { money, productPath } from "./product-card.ts";

/** The Region, the replica, and a count that no server keeps. */
export function visitsPage({ place, session }: Visitor): Html {
  return html`<div class="narrow-page">
<h1>Which server is this?</h1>
<dl class="figures">
<div><dt>Region</dt><dd>${place.region}</dd></div>
<div><dt>Replica of the web application</dt><dd>${place.replica}</dd></div>
<div><dt>Your visits to this page</dt><dd>${session.visits}</dd></div>
</dl>
<p>The count is in your cookie, which each replica in each Region can read. So it goes on when the next page comes from another one, also when a whole Region is lost.</p>
<p><a href="/visits/">Visit again</a> · <a href="/apiproduct">As JSON, with the databases</a></p>
</div>`;
}

/** Over how many days one may look. */
export const intervals = [7, 30, 90] as const;

/** `products` with the best first, of the last `days`. */
export function bestSellersPage(products: readonly Product[], days: number): Html {
  return html`<div class="list-head"><h1>Best sellers</h1><p class="found">of the last ${days} days</p></div>
<nav aria-label="Days"><ul class="chips">!${intervals.map(
    (interval) =>
      html`<li><a href="/analytic?interval=${interval}"!${interval === days ? ' aria-current="true"' : ""}>${interval} days</a></li>`,
  )}</ul></nav>
!${
    products.length === 0
      ? '<p class="empty">Nothing was bought in these days. <a href="/products/fashion">Be the first</a></p>'
      : html`<ol class="ranks">!${products.map(
          (product) =>
            html`<li><a href="${productPath(product)}"><img src="${product.img_url}" alt="" width="120" height="120" loading="lazy"><span>${product.name}</span></a><b>${money(product.price)}</b></li>`,
        )}</ol>`
  }`;
}
