/** The first page. */
import { html } from "ghtml";
import { formatCents } from "../../shared/money.ts";
import { deliveries } from "../../shared/totals.ts";
import type { Product } from "../shop/catalogue.ts";
import type { Html } from "./layout.ts";
import { productGrid } from "./product-card.ts";

/** What stands for each category, and the watch that opens the page. */
const tiles = [
  { name: "fashion", title: "Fashion", text: "Watches, bags, shoes", picture: "/assets/3.svg" },
  {
    name: "apparels",
    title: "Apparel",
    text: "Shirts, knits, coats",
    picture: "/assets/5000010.svg",
  },
  {
    name: "bicycles",
    title: "Bicycles",
    text: "City, road, cargo",
    picture: "/assets/7000081.svg",
  },
  {
    name: "jewelry",
    title: "Jewelry",
    text: "Rings, necklaces, earrings",
    picture: "/assets/9000001.svg",
  },
] as const;

/** `products` is what others buy; without any, that part is left out. */
export function homePage(products: readonly Product[]): Html {
  return html`<section class="hero">
<div class="hero-words">
<h1>Well made,<br>whatever the weather.</h1>
<p>Watches, coats, bicycles and rings from makers who mend what they sell.</p>
<p class="actions"><a class="button" href="/products/fashion?tag=watches">See the watches</a> <a class="button second" href="/products/bicycles">See the bicycles</a></p>
</div>
<div class="hero-picture"><img src="/assets/2.svg" alt="" width="520" height="520"></div>
</section>
<section aria-labelledby="categories">
<h2 id="categories">Around the shop</h2>
<ul class="tiles">!${tiles.map(
    ({ name, title, text, picture }) =>
      html`<li><a href="/products/${name}"><img src="${picture}" alt="" width="400" height="400" loading="lazy"><span class="tile-title">${title}</span><span class="tile-text">${text}</span></a></li>`,
  )}</ul>
</section>
!${
    products.length === 0
      ? ""
      : html`<section aria-labelledby="popular">
<div class="section-head"><h2 id="popular">What people buy</h2><a href="/analytic">All best sellers</a></div>
!${productGrid(products)}
</section>`
  }
!${promises}`;
}

const { "priority-mail": mail, express } = deliveries;

const promises = html`<section class="promises" aria-label="How we sell">
<div><h3>Delivery</h3><p>${mail.name} in ${mail.estimatedDays} days for ${formatCents(mail.cents)}, ${express.name} in ${express.estimatedDays} for ${formatCents(express.cents)}.</p></div>
<div><h3>No surprises</h3><p>5 % tax, shown before you pay. The price in your cart is the price on your order.</p></div>
<div><h3>Changed your mind?</h3><p>Cancel an order yourself, at any hour, from your list of orders.</p></div>
</section>`;
