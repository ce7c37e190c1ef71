/** From the cart to an order, in four steps. Each keeps what it was told in the checkout service. */
import { z } from "zod";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../shared/refusal.ts";
import type { Service } from "../../shared/service.ts";
import { deliveryTokens } from "../../shared/totals.ts";
import { emailField, emptyForm, optionalText, readForm, requiredText, type Form } from "../form.ts";
import { noteText, withNote } from "../notes.ts";
import { addressStep, confirmStep, deliveryStep, paymentStep } from "../pages/checkout-steps.ts";
import type { Html } from "../pages/layout.ts";
import { countCart, wantedItems } from "../shop/cart.ts";
import {
  currentCheckout,
  isGone,
  payWith,
  submitCheckout,
  updateCheckout,
  type Checkout,
  type PlacedOrder,
} from "../shop/checkout.ts";
import { orderWithKey } from "../shop/orders.ts";
import type { Shop } from "../shop/shop.ts";
import type { Visitor } from "../visitor.ts";
import { noteName, type RouteParts } from "./parts.ts";

const addressForm = z.object({
  firstName: requiredText("your first name", 80),
  lastName: requiredText("your last name", 80),
  email: emailField,
  address1: requiredText("the street and number", 120),
  address2: optionalText(120),
  zip: requiredText("the postcode", 20),
  city: requiredText("the city", 80),
  state: optionalText(80),
  country: optionalText(80),
});

const deliveryForm = z.object({
  deliveryOptionToken: z.enum(deliveryTokens, { error: "Please choose a delivery." }),
});

/** Only that something is there: what a card is, is said by the checkout service. */
const paymentForm = z.object({
  number: requiredText("the card number", 40),
  expires: requiredText("until when it is valid", 10),
  code: requiredText("the security code", 10),
});

/** What was shown: whoever agreed to another sum is asked again. */
const confirmForm = z.object({
  total: z.coerce.number().nonnegative(),
  key: z.uuid().optional().catch(undefined),
});

/** The checkout service names the field in its code. */
const cardFields: Readonly<Record<string, string>> = {
  "card-number": "number",
  "card-expires": "expires",
  "card-code": "code",
};

const noteQuery = { schema: { querystring: z.object({ note: noteName }) } };

/** `/checkout` and its steps. */
export function checkoutRoutes(pages: Service, parts: RouteParts): void {
  addressRoutes(pages, parts);
  deliveryRoutes(pages, parts);
  paymentRoutes(pages, parts);
  confirmRoutes(pages, parts);
}

function addressRoutes(pages: Service, { shop, site }: RouteParts): void {
  pages.get("/checkout", noteQuery, async (request, reply) => {
    const visitor = site.visitorOf(request);
    const [items, checkout] = await Promise.all([
      wantedItems(shop, visitor),
      currentCheckout(shop, visitor),
    ]);
    if (items.length === 0) return site.redirect(request, reply, "/cart");
    const main = addressStep(visitor, addressValues(visitor, checkout), checkout);
    const note = noteText(request.query.note);
    return site.page(request, reply, { title: "Address", isPlain: true, main, note });
  });

  pages.post("/checkout", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const read = readForm(addressForm, request.body);
    if (!read.isGood) {
      const main = addressStep(visitor, read.form, undefined);
      return site.page(request, reply, { title: "Address", isPlain: true, main }, 422);
    }
    const items = await wantedItems(shop, visitor);
    if (items.length === 0) return site.redirect(request, reply, "/cart");
    const { email, ...shippingAddress } = read.data;
    await updateCheckout(shop, visitor, {
      items,
      customer: visitor.customer,
      customerEmail: email,
      shippingAddress,
    });
    return site.redirect(request, reply, "/checkout/delivery");
  });
}

function deliveryRoutes(pages: Service, parts: RouteParts): void {
  const { shop, site } = parts;
  const show = stepShower(parts, "Delivery");
  pages.get("/checkout/delivery", (request, reply) =>
    show(request, reply, (visitor, checkout) => deliveryStep(visitor, checkout, emptyForm)),
  );

  pages.post("/checkout/delivery", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const read = readForm(deliveryForm, request.body);
    if (!read.isGood) {
      return await show(
        request,
        reply,
        (_, checkout) => deliveryStep(visitor, checkout, read.form),
        422,
      );
    }
    const checkout = await currentCheckout(shop, visitor);
    if (!isUnderWay(checkout)) return elsewhere(parts, request, reply, checkout);
    await updateCheckout(shop, visitor, read.data);
    return site.redirect(request, reply, "/checkout/payment");
  });
}

function paymentRoutes(pages: Service, parts: RouteParts): void {
  const { shop, site } = parts;
  const show = stepShower(parts, "Payment");
  pages.get("/checkout/payment", (request, reply) =>
    show(request, reply, (visitor, checkout) => paymentStep(visitor, emptyForm, checkout)),
  );

  pages.post("/checkout/payment", async (request, reply) => {
    const visitor = site.visitorOf(request);
    // A number that was wrong is typed again: it is in no page, and in no log.
    const read = readForm(paymentForm, request.body, ["number", "code"]);
    const showAgain = (form: Form): Promise<FastifyReply> =>
      show(request, reply, (_, checkout) => paymentStep(visitor, form, checkout), 422);
    if (!read.isGood) return await showAgain(read.form);
    const checkout = await currentCheckout(shop, visitor);
    if (!isUnderWay(checkout)) return elsewhere(parts, request, reply, checkout);
    try {
      await payWith(shop, visitor, read.data);
    } catch (error) {
      const field = error instanceof Refusal ? cardFields[error.code] : undefined;
      if (!field) throw error;
      return await showAgain({ ...read.form, errors: { [field]: (error as Refusal).message } });
    }
    return site.redirect(request, reply, "/checkout/confirm");
  });
}

function confirmRoutes(pages: Service, parts: RouteParts): void {
  const { shop, site } = parts;
  pages.get("/checkout/confirm", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const before = await currentCheckout(shop, visitor);
    if (!isUnderWay(before)) return elsewhere(parts, request, reply, before);
    const checkout = await withCartOfNow(parts, visitor, before);
    if (checkout.items.length === 0) return site.redirect(request, reply, "/cart");
    if (!checkout.deliveryOptionToken) return site.redirect(request, reply, "/checkout/delivery");
    if (!checkout.cardLast4) return site.redirect(request, reply, "/checkout/payment");
    const main = confirmStep(visitor, checkout);
    return site.page(request, reply, { title: "Confirm", isPlain: true, main });
  });

  pages.post("/checkout/confirm", { schema: { body: confirmForm } }, async (request, reply) => {
    const visitor = site.visitorOf(request);
    const { total, key } = request.body;
    const order = await submitCheckout(shop, visitor, { total, key }).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    if (order === undefined) {
      // Sent again after its Region was lost: the order may stand, and only its answer be gone.
      const placed = key && (await orderWithKey(shop, visitor, key));
      if (!placed) return elsewhere(parts, request, reply, undefined);
      return site.redirect(request, reply, withNote(`/orders/${placed.id}`, "placed"));
    }
    await countRest(shop, visitor, order);
    return site.redirect(request, reply, withNote(`/orders/${order.orderId}`, "placed"));
  });
}

/** The checkout service has taken out of the cart what was ordered; most carts are empty then, and nobody is asked. */
async function countRest(shop: Shop, visitor: Visitor, { items }: PlacedOrder): Promise<void> {
  const ordered = items.reduce((sum, { quantity }) => sum + quantity, 0);
  if (visitor.session.cart === ordered) visitor.remember({ cart: 0 });
  // The order stands, whatever the number beside the cart says.
  else await countCart(shop, visitor).catch(() => undefined);
}

type ShowStep = (
  request: FastifyRequest,
  reply: FastifyReply,
  main: (visitor: Visitor, checkout: Checkout) => Html,
  status?: number,
) => Promise<FastifyReply>;

/** A step shows the checkout that is under way; where there is none, the first step is shown. */
function stepShower(parts: RouteParts, title: string): ShowStep {
  const { shop, site } = parts;
  return async (request, reply, main, status) => {
    const visitor = site.visitorOf(request);
    const checkout = await currentCheckout(shop, visitor);
    if (!isUnderWay(checkout)) return elsewhere(parts, request, reply, checkout);
    return site.page(
      request,
      reply,
      { title, isPlain: true, main: main(visitor, checkout) },
      status,
    );
  };
}

function isUnderWay(checkout: Checkout | undefined): checkout is Checkout {
  return checkout?.shippingAddress !== undefined && checkout.status !== "submitted";
}

/** To the order that it has become; or back to the first step: it was begun in another Region, or too long ago. */
function elsewhere(
  { site }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  checkout: Checkout | undefined,
): FastifyReply {
  const path = checkout?.order
    ? `/orders/${checkout.order.orderId}`
    : withNote("/checkout", "again");
  return site.redirect(request, reply, path);
}

/** What was changed in the cart since the first step counts; what is shown here is what will be ordered. */
async function withCartOfNow(
  { shop }: RouteParts,
  visitor: Visitor,
  checkout: Checkout,
): Promise<Checkout> {
  // It is on its way to become an order, and cannot become another one.
  if (checkout.status === "sent") return checkout;
  const items = await wantedItems(shop, visitor);
  const isSame =
    items.length === checkout.items.length &&
    items.every((item) =>
      checkout.items.some(({ id, quantity }) => id === item.id && quantity === item.quantity),
    );
  return isSame ? checkout : await updateCheckout(shop, visitor, { items });
}

/** What was entered before, or what is known of who is logged in. */
function addressValues(visitor: Visitor, checkout: Checkout | undefined): Form {
  const { email, name } = visitor.user ?? {};
  const known = Object.entries({
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { firstName: name }),
    ...checkout?.shippingAddress,
    ...(checkout?.customerEmail === undefined ? {} : { email: checkout.customerEmail }),
  }).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { values: Object.fromEntries(known), errors: {} };
}
