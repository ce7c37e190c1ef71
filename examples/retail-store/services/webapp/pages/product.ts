/** One product. */
import { html } from "ghtml";
import { categoryNamed, tagsIn } from "../browse.ts";
import { quantityMax } from "../shop/cart.ts";
import type { Product, Review } from "../shop/catalogue.ts";
import type { Visitor } from "../visitor.ts";
import { csrfInput } from "./fields.ts";
import type { Html } from "./layout.ts";
import { money, starRow, stars, stockState } from "./product-card.ts";

/** `reviews` undefined: they could not be had; the rest of the page can be. */
export function productPage(
  visitor: Visitor,
  product: Product,
  reviews: readonly Review[] | undefined,
): Html {
  const category = categoryNamed(product.category);
  const tags = tagsIn(product.category).filter(({ name }) => product.tags.includes(name));
  return html`<nav class="crumbs" aria-label="You are here"><a href="/">Shop</a> <span aria-hidden="true">/</span> <a href="/products/${product.category}">${category?.displayName ?? product.category}</a></nav>
<article class="product">
<div class="product-picture"><img src="${product.img_url}" alt="${product.name}" width="720" height="720"></div>
<div class="product-words">
<h1>${product.name}</h1>
!${stars(product)}
<p class="price">${money(product.price)}</p>
<p>!${stockState(product.inventory)}</p>
<p class="description">${product.description}</p>
!${buyForm(visitor, product)}
<ul class="chips">!${tags.map(
    ({ name, displayName }) =>
      html`<li><a href="/products/${product.category}?tag=${name}">${displayName}</a></li>`,
  )}</ul>
</div>
</article>
<section class="review-list" aria-labelledby="reviews">
<h2 id="reviews">What buyers say</h2>
!${reviewList(reviews)}
</section>`;
}

function buyForm(visitor: Visitor, { id, inventory }: Product): Html {
  if (inventory <= 0) return '<p class="empty">Sold out. Have a look again later.</p>';
  return html`<form class="buy" action="/cart/addToCart" method="post">
!${csrfInput(visitor)}
<input type="hidden" name="productId" value="${id}">
<div><label for="qty">Quantity</label>
<input id="qty" name="qty" type="number" min="1" max="${Math.min(quantityMax, inventory)}" value="1" required inputmode="numeric"></div>
<button class="button">Add to cart</button>
</form>`;
}

function reviewList(reviews: readonly Review[] | undefined): Html {
  if (!reviews) return "<p>The reviews cannot be shown at the moment.</p>";
  if (reviews.length === 0) return "<p>Nobody has said anything yet.</p>";
  return html`<ul>!${reviews.map(
    ({ username, rating, review }) =>
      html`<li><p class="rating">!${starRow(rating, `${rating} of 5`)} <b>${username}</b></p><p>${review}</p></li>`,
  )}</ul>`;
}
