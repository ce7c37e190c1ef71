/** Orders: one, and all of a person's. */
import { html } from "ghtml";
import { deliveries, deliveryTokens } from "../../shared/totals.ts";
import type { Order, OrderList } from "../shop/orders.ts";
import type { Visitor } from "../visitor.ts";
import { csrfInput } from "./fields.ts";
import type { Html } from "./layout.ts";
import { amounts, itemList, postalAddress } from "./order-parts.ts";
import { paging } from "./paging.ts";
import { money } from "./product-card.ts";

/** One order, with a way to cancel it while it stands. */
export function orderPage(visitor: Visitor, order: Order): Html {
  const token = deliveryTokens.find((name) => name === order.delivery);
  const delivery = token
    ? `${deliveries[token].name}, about ${deliveries[token].estimatedDays} days`
    : "";
  return html`<h1>Order ${order.id}</h1>
<p class="lead">!${statusLabel(order)} ${dateOf(order)}, in ${order.region}</p>
<div class="with-summary">
<div>
!${itemList(order.items)}
<div class="facts">
<section><h2>To</h2>!${postalAddress({ firstName: order.firstName, lastName: order.lastName, ...order.address })}<p>${order.email}</p></section>
!${delivery ? html`<section><h2>By</h2><p>${delivery}</p></section>` : ""}
!${order.cardLast4 ? html`<section><h2>With</h2><p>Card ending in ${order.cardLast4}</p></section>` : ""}
</div>
</div>
<section class="summary" aria-labelledby="summary">
<h2 id="summary">In all</h2>
!${amounts(order)}
!${
    order.status === "placed"
      ? html`<form action="/orders/${order.id}/cancel" method="post">!${csrfInput(visitor)}<button class="quiet wide">Cancel the order</button></form>`
      : ""
  }
<p class="small"><a href="/orders">All your orders</a></p>
</section>
</div>`;
}

/** The newest first. */
export function ordersPage(visitor: Visitor, { orders, page, pages }: OrderList): Html {
  const hint = visitor.user
    ? ""
    : html`<p class="aside">These are the orders of this visit. <a href="/auth/login?next=/orders">Log in</a> before you buy, and they stay with you.</p>`;
  if (orders.length === 0) {
    return html`<h1>Your orders</h1>!${hint}<p class="empty">None yet. <a href="/products/fashion">Look around</a></p>`;
  }
  return html`<h1>Your orders</h1>
!${hint}
<ul class="orders">!${orders.map(
    (order) => html`<li>
<a href="/orders/${order.id}"><b>Order ${order.id}</b></a>
<span>${dateOf(order)}</span>
<span class="order-things">${order.items.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")}</span>
<span>!${statusLabel(order)}</span>
<b>${money(order.total)}</b>
</li>`,
  )}</ul>
!${paging({ page, pages, pathOf: (number) => `/orders?page=${number}` })}`;
}

function statusLabel({ status }: Order): Html {
  return status === "cancelled"
    ? '<span class="stock none">Cancelled</span>'
    : '<span class="stock">Placed</span>';
}

const dates = new Intl.DateTimeFormat("en-US", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

function dateOf({ createdAt }: Order): string {
  const at = new Date(createdAt);
  return Number.isNaN(at.getTime()) ? "" : `${dates.format(at)} UTC`;
}
