/** What a checkout and an order both show: things, amounts, an address. */
import { html } from "ghtml";
import type { Address } from "../shop/checkout.ts";
import type { Html } from "./layout.ts";
import { money } from "./product-card.ts";

export type Item = {
  readonly productId: number;
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
  readonly totalCost: number;
};

/** Lines with pictures. */
export function itemList(items: readonly Item[]): Html {
  return html`<ul class="lines">!${items.map(
    ({ productId, name, quantity, price, totalCost }) => html`<li class="line">
<span class="line-picture"><img src="/assets/${productId}.svg" alt="" width="120" height="120"></span>
<div class="line-words"><a class="line-name" href="/products/view?id=${productId}">${name}</a><p class="small">${quantity} × ${money(price)}</p></div>
<p class="line-total">${money(totalCost)}</p>
</li>`,
  )}</ul>`;
}

export type Amounts = {
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
  readonly total: number;
};

/** What it costs, and of what that is made. */
export function amounts({ subtotal, tax, shipping, total }: Amounts): Html {
  return html`<dl>
<div><dt>Goods</dt><dd>${money(subtotal)}</dd></div>
<div><dt>Tax (5 %)</dt><dd>${money(tax)}</dd></div>
<div><dt>Delivery</dt><dd>${money(shipping)}</dd></div>
<div class="total"><dt>Total</dt><dd>${money(total)}</dd></div>
</dl>`;
}

/** As on an envelope; what is empty is left out. */
export function postalAddress(address: Partial<Address>): Html {
  const {
    firstName = "",
    lastName = "",
    address1,
    address2,
    zip = "",
    city = "",
    state,
    country,
  } = address;
  const lines = [
    `${firstName} ${lastName}`,
    address1,
    address2,
    [zip, city, state].filter(Boolean).join(" "),
    country,
  ].filter((line) => line !== undefined && line.trim() !== "");
  return html`<address>!${lines.map((line) => html`<span>${line}</span>`)}</address>`;
}
