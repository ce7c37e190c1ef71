/** The steps of a purchase: address, delivery, payment, confirmation. */
import { html } from "ghtml";
import type { Form } from "../form.ts";
import type { Checkout, Rate } from "../shop/checkout.ts";
import type { Visitor } from "../visitor.ts";
import { csrfInput, field, problems } from "./fields.ts";
import type { Html } from "./layout.ts";
import { amounts, itemList, postalAddress } from "./order-parts.ts";
import { money } from "./product-card.ts";

const steps = [
  { name: "Address", path: "/checkout" },
  { name: "Delivery", path: "/checkout/delivery" },
  { name: "Payment", path: "/checkout/payment" },
  { name: "Confirm", path: "/checkout/confirm" },
] as const;

/** `form` is of the address; `checkout` undefined: this is the beginning. */
export function addressStep(visitor: Visitor, form: Form, checkout: Checkout | undefined): Html {
  return html`!${progress(0)}
<h1>Where shall it go?</h1>
!${fallbackNotice(checkout)}
!${problems(form)}
<form class="fields" action="/checkout" method="post" novalidate>
!${csrfInput(visitor)}
!${field(form, { name: "firstName", label: "First name", autocomplete: "given-name", width: "half" })}
!${field(form, { name: "lastName", label: "Last name", autocomplete: "family-name", width: "half" })}
!${field(form, { name: "email", label: "E-mail", type: "email", autocomplete: "email" })}
!${field(form, { name: "address1", label: "Street and number", autocomplete: "address-line1" })}
!${field(form, { name: "address2", label: "Apartment, floor", autocomplete: "address-line2", isOptional: true })}
!${field(form, { name: "zip", label: "Postcode", autocomplete: "postal-code", width: "third" })}
!${field(form, { name: "city", label: "City", autocomplete: "address-level2", width: "third" })}
!${field(form, { name: "state", label: "State", autocomplete: "address-level1", width: "third", isOptional: true })}
!${field(form, { name: "country", label: "Country", autocomplete: "country-name", isOptional: true })}
<button class="button">Go on to delivery</button>
</form>`;
}

/** The first way of delivery is chosen until somebody chooses another. */
export function deliveryStep(visitor: Visitor, checkout: Checkout, form: Form): Html {
  const rates = checkout.shippingRates?.rates ?? [];
  const chosen = checkout.deliveryOptionToken ?? rates[0]?.token;
  return html`!${progress(1)}
<h1>How fast?</h1>
!${fallbackNotice(checkout)}
!${problems(form)}
<form class="fields" action="/checkout/delivery" method="post">
!${csrfInput(visitor)}
<fieldset class="choices"><legend class="hidden">Delivery</legend>
!${rates.map((rate) => rateChoice(rate, rate.token === chosen))}
</fieldset>
<button class="button">Go on to payment</button>
</form>`;
}

/** Neither the number nor the code of a card is ever in this page. */
export function paymentStep(visitor: Visitor, form: Form, checkout: Checkout): Html {
  return html`!${progress(2)}
<h1>How will you pay?</h1>
!${fallbackNotice(checkout)}
<p class="aside">A demonstration: no card is charged, and the number is not kept. Take 4242 4242 4242 4242 with any date to come and any three digits.</p>
!${problems(form)}
<form class="fields" action="/checkout/payment" method="post" autocomplete="on" novalidate>
!${csrfInput(visitor)}
!${field(form, { name: "number", label: "Card number", autocomplete: "cc-number", inputmode: "numeric" })}
!${field(form, { name: "expires", label: "Valid until", autocomplete: "cc-exp", width: "half", hint: "Month and year, as 04/31" })}
!${field(form, { name: "code", label: "Security code", autocomplete: "cc-csc", inputmode: "numeric", width: "half" })}
<button class="button">Review the order</button>
</form>`;
}

/** All of it once more. The sum that is shown here travels with the form, to be compared. */
export function confirmStep(visitor: Visitor, checkout: Checkout): Html {
  const rate = checkout.shippingRates?.rates.find(
    ({ token }) => token === checkout.deliveryOptionToken,
  );
  return html`!${progress(3)}
<h1>Is this right?</h1>
!${fallbackNotice(checkout)}
<div class="with-summary">
<div>
!${itemList(checkout.items.map((item) => ({ ...item, productId: item.id })))}
<div class="facts">
<section><h2>To</h2>!${postalAddress(checkout.shippingAddress ?? {})}<p>${checkout.customerEmail}</p><a href="/checkout">Change<span class="hidden"> the address</span></a></section>
<section><h2>By</h2><p>${rate ? `${rate.name}, ${rate.estimatedDays} days` : ""}</p><a href="/checkout/delivery">Change<span class="hidden"> the delivery</span></a></section>
<section><h2>With</h2><p>Card ending in ${checkout.cardLast4}</p><a href="/checkout/payment">Change<span class="hidden"> the card</span></a></section>
</div>
</div>
<section class="summary" aria-labelledby="summary">
<h2 id="summary">In all</h2>
!${amounts(checkout)}
<form action="/checkout/confirm" method="post">!${csrfInput(visitor)}<input type="hidden" name="total" value="${checkout.total}"><input type="hidden" name="key" value="${checkout.idempotencyKey}"><button class="button wide">Place the order</button></form>
<p class="small"><a href="/cart">Back to the cart</a></p>
</section>
</div>`;
}

/** How far it is, with ways back to what is done. */
function progress(current: number): Html {
  return html`<nav aria-label="Steps of the checkout"><ol class="progress">!${steps.map(
    ({ name, path }, index) => {
      if (index < current) return html`<li class="done"><a href="${path}">${name}</a></li>`;
      if (index === current) return html`<li aria-current="step">${name}</li>`;
      return html`<li>${name}</li>`;
    },
  )}</ol></nav>`;
}

function rateChoice({ token, name, amount, estimatedDays }: Rate, isChosen: boolean): Html {
  return html`<label class="choice"><input type="radio" name="deliveryOptionToken" value="${token}" required!${isChosen ? " checked" : ""}> <span><b>${name}</b> <span class="small">about ${estimatedDays} days</span></span> <b>${money(amount)}</b></label>`;
}

function fallbackNotice(checkout: Checkout | undefined): Html {
  if (!checkout?.fallback) return "";
  return `<p class="aside">Our usual notepad for checkouts is away for a moment; your entries are kept in a spare one. You can go on as always.</p>`;
}
