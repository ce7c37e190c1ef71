/** A category, and what a search has found: a grid with its ways to narrow and to order it. */
import { html } from "ghtml";
import { tagsIn, type Named } from "../browse.ts";
import { sorts, type CategoryQuery, type ProductList, type Sort } from "../shop/catalogue.ts";
import type { Html } from "./layout.ts";
import { paging } from "./paging.ts";
import { productGrid } from "./product-card.ts";

const sortNames: Readonly<Record<Sort, string>> = {
  name: "Name",
  price: "Price, low to high",
  "-price": "Price, high to low",
  rating: "Rating",
};

/** `query` is what was asked for: each link here is the same with one thing changed. */
export function categoryPage(category: Named, list: ProductList, query: CategoryQuery): Html {
  const { page, sort, tag } = query;
  const pathOf = (change: Partial<CategoryQuery>): string =>
    categoryPath({ ...query, page: 1, ...change });
  return html`<div class="list-head">
<h1>${category.displayName}</h1>
<p class="found">${found(list.total)}</p>
</div>
<div class="narrow">
<nav aria-label="Narrow by tag"><ul class="chips">
<li><a href="${pathOf({ tag: undefined })}"!${tag ? "" : ' aria-current="true"'}>All</a></li>
!${tagsIn(category.name).map(
    ({ name, displayName }) =>
      html`<li><a href="${pathOf({ tag: name })}"!${tag === name ? ' aria-current="true"' : ""}>${displayName}</a></li>`,
  )}
</ul></nav>
<form class="sort" action="/products/${category.name}" method="get">
!${tag ? html`<input type="hidden" name="tag" value="${tag}">` : ""}
<label for="sort">Order by</label>
<select id="sort" name="sort">!${sorts.map(
    (name) =>
      html`<option value="${name}"!${name === sort ? " selected" : ""}>${sortNames[name]}</option>`,
  )}</select>
<button class="quiet">Apply</button>
</form>
</div>
!${list.product_items.length > 0 ? productGrid(list.product_items) : nothingHere(category.name)}
!${paging({ page: list.page, pages: list.pages, pathOf: (number) => pathOf({ page: number }) })}
!${page > list.pages && list.pages > 0 ? html`<p><a href="${pathOf({})}">Back to the first page</a></p>` : ""}`;
}

/** What somebody searched for, in the order of how well it fits. */
export function searchPage(text: string, list: ProductList | undefined): Html {
  if (!list) {
    return html`<div class="list-head"><h1>Search</h1></div>
<p>Say what you look for in the field above: “black watch”, “wool”, “cargo”.</p>`;
  }
  const pathOf = (page: number): string =>
    `/search?${new URLSearchParams({ q: text, ...(page > 1 ? { page: `${page}` } : {}) })}`;
  return html`<div class="list-head">
<h1>“${text}”</h1>
<p class="found">${found(list.total)}</p>
</div>
!${
    list.product_items.length > 0
      ? productGrid(list.product_items)
      : html`<p>We have nothing that fits all of these words. Try fewer, or look through <a href="/products/fashion">fashion</a>, <a href="/products/apparels">apparel</a>, <a href="/products/bicycles">bicycles</a> and <a href="/products/jewelry">jewelry</a>.</p>`
  }
!${paging({ page: list.page, pages: list.pages, pathOf })}`;
}

function categoryPath({ category, page, sort, tag }: CategoryQuery): string {
  const query = new URLSearchParams();
  if (tag) query.set("tag", tag);
  if (sort !== "name") query.set("sort", sort);
  if (page > 1) query.set("page", `${page}`);
  const text = query.toString();
  return `/products/${encodeURIComponent(category)}${text && `?${text}`}`;
}

function found(total: number): string {
  return total === 1 ? "1 product" : `${total} products`;
}

function nothingHere(category: string): Html {
  return html`<p class="empty">Nothing here with this tag. <a href="/products/${category}">Show all</a></p>`;
}
