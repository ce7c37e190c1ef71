/** The cart. */
import { html } from "ghtml";
import { formatCents, toCents } from "../../shared/money.ts";
import { quantityMax, type CartLine } from "../shop/cart.ts";
import type { Visitor } from "../visitor.ts";
import { csrfInput } from "./fields.ts";
import type { Html } from "./layout.ts";
import { money, productPath } from "./product-card.ts";

/** Each line has forms of its own: nothing here needs a script. */
export function cartPage(visitor: Visitor, lines: readonly CartLine[]): Html {
  if (lines.length === 0) {
    return html`<h1>Your cart</h1>
<p class="empty">Nothing in it yet. <a href="/products/fashion">Look around</a></p>`;
  }
  const subtotalCents = lines.reduce(
    (sum, { product, quantity }) => sum + quantity * toCents(product?.price ?? 0),
    0,
  );
  return html`<h1>Your cart</h1>
<div class="with-summary">
<ul class="lines">!${lines.map((line) => cartLine(visitor, line))}</ul>
<section class="summary" aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<dl><div><dt>Goods</dt><dd>${formatCents(subtotalCents)}</dd></div></dl>
<p class="small">Tax and delivery are added in the next steps, before you pay.</p>
<a class="button wide" href="/checkout">Go to checkout</a>
<p class="small"><a href="/products/fashion">Go on shopping</a></p>
</section>
</div>`;
}

function cartLine(visitor: Visitor, { id, product, quantity }: CartLine): Html {
  if (!product) {
    return html`<li class="line"><span></span><div class="line-words">
<p class="line-name">Something that is not sold any more</p>
!${removeForm(visitor, { id, name: "it" })}
</div></li>`;
  }
  const { name, img_url, price, inventory } = product;
  return html`<li class="line">
<a class="line-picture" href="${productPath(product)}" tabindex="-1" aria-hidden="true"><img src="${img_url}" alt="" width="120" height="120"></a>
<div class="line-words">
<a class="line-name" href="${productPath(product)}">${name}</a>
<p class="small">${money(price)} each</p>
!${inventory < quantity ? html`<p class="field-error">${tooFew(inventory)}</p>` : ""}
<div class="line-forms">
<form action="/cart/update" method="post">!${csrfInput(visitor)}<input type="hidden" name="productId" value="${id}">
<label class="hidden" for="qty-${id}">Quantity of ${name}</label>
<input id="qty-${id}" name="qty" type="number" min="0" max="${quantityMax}" value="${quantity}" required inputmode="numeric">
<button class="quiet">Update<span class="hidden"> the quantity of ${name}</span></button></form>
!${removeForm(visitor, product)}
</div>
</div>
<p class="line-total">${formatCents(quantity * toCents(price))}</p>
</li>`;
}

function tooFew(inventory: number): string {
  return inventory > 0
    ? `Only ${inventory} left: please take fewer.`
    : "Sold out meanwhile: please take it out.";
}

function removeForm(
  visitor: Visitor,
  { id, name }: { readonly id: number; readonly name: string },
): Html {
  return html`<form action="/cart/removeFromCart" method="post">!${csrfInput(visitor)}<input type="hidden" name="productId" value="${id}"><button class="link">Remove<span class="hidden"> ${name}</span></button></form>`;
}
