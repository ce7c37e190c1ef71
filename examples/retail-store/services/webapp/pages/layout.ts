/** What all pages have: the head, the way around, the message, the foot. */
import { html } from "ghtml";
import { shopCategories } from "../browse.ts";
import type { Visitor } from "../visitor.ts";
import { pageFooter } from "./footer.ts";

/** Markup that is safe to send: made by `html` alone, which escapes whatever is not said to be markup. */
export type Html = string;

export type Page = {
  /** Also in the browser's tab. */
  readonly title: string;
  readonly main: Html;
  /** What was done just before, for `role="status"`. */
  readonly note?: string | undefined;
  /** The category that is marked in the menu. */
  readonly category?: string;
  /** What is in the search field. */
  readonly searched?: string;
  /** Pages to buy on have no menu that leads away from them. */
  readonly isPlain?: boolean;
};

/** `stylesheet` is where style.css is. */
export function layout(visitor: Visitor, stylesheet: string, page: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0b1519" media="(prefers-color-scheme: dark)">
<title>${page.title} · Leeward Supply</title>
<link rel="stylesheet" href="${stylesheet}">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
!${pageHeader(visitor, page)}
<main id="main" tabindex="-1">
<div class="note-place" role="status">!${page.note ? html`<p class="note">${page.note}</p>` : ""}</div>
!${page.main}
</main>
!${pageFooter(visitor)}
</body>
</html>
`;
}

function pageHeader(visitor: Visitor, page: Page): Html {
  return html`<header class="top">
<div class="top-row">
<a class="wordmark" href="/">Leeward <span>Supply</span></a>
!${page.isPlain ? "" : searchForm(page.searched)}
<nav class="personal" aria-label="Your account and cart">
!${accountLinks(visitor)}
!${cartLink(visitor.session.cart)}
</nav>
</div>
!${page.isPlain ? "" : categoryMenu(page.category)}
</header>`;
}

function searchForm(searched = ""): Html {
  return html`<search><form class="search" action="/search" method="get">
<label class="hidden" for="q">Search the shop</label>
<input id="q" name="q" type="search" value="${searched}" placeholder="Watches, coats, rings" maxlength="100">
<button class="quiet">Search</button>
</form></search>`;
}

function categoryMenu(current: string | undefined): Html {
  return html`<nav class="menu" aria-label="Categories"><ul>
!${shopCategories.map(
    ({ name, displayName }) =>
      html`<li><a href="/products/${name}"!${name === current ? ' aria-current="page"' : ""}>${displayName}</a></li>`,
  )}
<li><a href="/analytic"!${current === "best-sellers" ? ' aria-current="page"' : ""}>Best sellers</a></li>
</ul></nav>`;
}

function accountLinks({ user }: Visitor): Html {
  return html`<a href="/orders">Orders</a><a href="${user ? "/auth/account" : "/auth/login"}">${user?.name ?? "Log in"}</a>`;
}

function cartLink(count: number): Html {
  const pieces = count === 1 ? "1 piece" : `${count} pieces`;
  return html`<a class="cart-link" href="/cart">Cart <span class="count" aria-hidden="true">${count}</span><span class="hidden">, ${pieces}</span></a>`;
}
