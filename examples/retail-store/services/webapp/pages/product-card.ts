/** A product in a grid. */
import { html } from "ghtml";
import { formatCents, toCents } from "../../shared/money.ts";
import type { Product } from "../shop/catalogue.ts";
import type { Html } from "./layout.ts";

/** Fewer are said by their number. */
const fewPieces = 10;

/** From JSON's 42.95 to `$42.95`. */
export function money(amount: number): string {
  return formatCents(toCents(amount));
}

/** Where a product's page is. */
export function productPath({ category, id }: Pick<Product, "category" | "id">): string {
  return `/products/${encodeURIComponent(category)}/${id}`;
}

/** Cards in rows, as many in each as there is room for. */
export function productGrid(products: readonly Product[]): Html {
  return html`<ul class="grid">!${products.map(productCard)}</ul>`;
}

function productCard(product: Product): Html {
  return html`<li class="card">
<a href="${productPath(product)}">
<span class="picture"><img src="${product.img_url}" alt="" width="400" height="400" loading="lazy" decoding="async"></span>
<span class="card-name">${product.name}</span>
</a>
<p class="card-price"><b>${money(product.price)}</b> !${stockState(product.inventory)}</p>
!${stars(product)}
</li>`;
}

/** In words, with a class for its colour. */
export function stockState(inventory: number): Html {
  if (inventory <= 0) return '<span class="stock none">Sold out</span>';
  if (inventory < fewPieces) return html`<span class="stock few">${inventory} left</span>`;
  return '<span class="stock">In stock</span>';
}

/** The rating in stars, in a number, and by how many. */
export function stars({ rating, reviews }: Pick<Product, "rating" | "reviews">): Html {
  if (reviews === 0) return '<p class="rating none">Not reviewed yet</p>';
  const said = `Rated ${rating.toFixed(1)} of 5`;
  return html`<p class="rating">!${starRow(rating, said)} <span aria-hidden="true">${rating.toFixed(1)}</span> <span class="reviews">(${reviews}<span class="hidden"> ${reviews === 1 ? "review" : "reviews"}</span>)</span></p>`;
}

/** Five stars, as many of them filled as `rating` says, rounded to halves; `said` is for who does not see them. */
export function starRow(rating: number, said: string): Html {
  const halves = Math.min(10, Math.max(0, Math.round(rating * 2)));
  return html`<span class="stars" role="img" aria-label="${said}" data-halves="${halves}"></span>`;
}
