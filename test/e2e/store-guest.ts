/** A guest of the shop who goes form by form, and can be made to send what no page of it would send. */
import { fill, type FilledForm } from "../../examples/retail-store/load/read-form.ts";
import {
  sessionCookie,
  type Session,
} from "../../examples/retail-store/services/webapp/session.ts";
import { Browser, type Shown } from "../../examples/retail-store/services/webapp/test/browser.ts";

export type Fields = Readonly<Record<string, string>>;

const addressOf: Fields = {
  firstName: "Ada",
  lastName: "Lovelace",
  email: "ada@example.com",
  address1: "12 Harbor Road",
  zip: "04101",
  city: "Westquay",
};

const card: Fields = { number: "4242 4242 4242 4242", expires: "12/39", code: "123" };

/** With one product in the cart. `origin` as `http://127.0.0.1:8080`. */
export async function guestWith(productId: number, origin: string): Promise<Browser> {
  const guest = new Browser(origin);
  await putIntoCart(guest, productId);
  return guest;
}

/** The token of a product's page is the session's: any form can be sent with it afterwards. */
export async function lookAt(guest: Browser, productId: number): Promise<Fields> {
  return formOf(await guest.open(`/products/view?id=${productId}`), "/cart/addToCart");
}

/** Up to the last form, which is answered as its page fills it. `typed` goes over what is usually written. */
export async function toConfirmation(guest: Browser, typed: Fields = {}): Promise<Fields> {
  await step(guest, "/checkout", { ...addressOf, ...typed });
  await step(guest, "/checkout/delivery", { deliveryOptionToken: "express" });
  await step(guest, "/checkout/payment", card);
  return formOf(await guest.open("/checkout/confirm"), "/checkout/confirm");
}

/** One piece; the number of the order. */
export async function buyOne(
  guest: Browser,
  productId: number,
  typed: Fields = {},
): Promise<number> {
  await putIntoCart(guest, productId);
  const form = await toConfirmation(guest, typed);
  return confirmed(await guest.send("/checkout/confirm", form));
}

/** The number of the order that a confirmation leads to. @throws Error when it leads to no order */
export function confirmed({ status, location, text }: Shown): number {
  const id = /^\/orders\/(\d+)/.exec(location ?? "")?.[1];
  if (status === 303 && id !== undefined) return Number(id);
  throw new Error(`No order was placed: ${status} ${location ?? headingOf(text)}`);
}

/** The fields of a page's form, hidden ones too. @throws Error when it has no such form */
export function formOf({ status, text, headers }: Shown, action: string): Fields {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const form: FilledForm = fill({ status, path: action, header, text: () => text }, action);
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, `${value}`]));
}

export function headingOf(text: string): string {
  return /<h1[^>]*>([^<]*)/.exec(text)?.[1] ?? text.slice(0, 200);
}

/** Whoever has the cookie can read it; to change it takes the shop's key. */
export function sessionOf(guest: Browser): Session {
  const [payload = ""] = cookieOf(guest).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Session;
}

/** The cookie's value. */
export function cookieOf({ cookie = "" }: Browser): string {
  return cookie.slice(`${sessionCookie}=`.length);
}

async function putIntoCart(guest: Browser, productId: number): Promise<void> {
  await lookAt(guest, productId);
  await step(guest, "/cart/addToCart", { productId: `${productId}`, qty: "1" });
}

async function step(guest: Browser, path: string, fields: Fields): Promise<void> {
  const { status, location, text } = await guest.send(path, fields);
  if (status === 303 && !location?.includes("note=again")) return;
  throw new Error(`${path} answered ${status}: ${location ?? headingOf(text)}`);
}
