/** What a person does in the shop, in a real browser, as the pages let them. */
import { expect } from "vitest";
import type { Page } from "playwright-core";

/** 25 s: a page may wait for a writer that moves. */
const pageMsMax = 25_000;

export type Bought = {
  readonly order: number;
  /** As the page shows it. */
  readonly total: string;
};

/** From the first page to the order's own page, with the keyboard alone where `byKeyboard`. */
export async function buy(page: Page, entry: string, what = "watch"): Promise<Bought> {
  page.setDefaultTimeout(pageMsMax);
  await page.goto(entry);
  await page.getByRole("searchbox").fill(what);
  await page.keyboard.press("Enter");
  await page
    .locator("main")
    .getByRole("link", { name: new RegExp(what, "i") })
    .first()
    .click();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("heading", { name: "Your cart" }).waitFor();
  return await checkOut(page);
}

/** With something in the cart. */
export async function checkOut(page: Page): Promise<Bought> {
  await page.getByRole("link", { name: /checkout/i }).click();
  await page.getByLabel("First name").fill("Ada");
  await page.getByLabel("Last name").fill("Lovelace");
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Street and number").fill("12 Harbour Street");
  await page.getByLabel("Postcode").fill("97201");
  await page.getByLabel("City").fill("Portland");
  await page.getByRole("button", { name: "Go on to delivery" }).click();
  await page.getByLabel(/Express/).check();
  await page.getByRole("button", { name: "Go on to payment" }).click();
  await page.getByLabel("Card number").fill("4242 4242 4242 4242");
  await page.getByLabel("Valid until").fill("12/39");
  await page.getByLabel("Security code").fill("123");
  await page.getByRole("button", { name: "Review the order" }).click();
  await page.getByRole("button", { name: "Place the order" }).click();
  return await orderShown(page);
}

/** Of an order's own page. */
export async function orderShown(page: Page): Promise<Bought> {
  const heading = page.getByRole("heading", { level: 1, name: /^Order \d+$/ });
  await heading.waitFor();
  const order = Number(/\d+/.exec(await heading.innerText())?.[0]);
  const total = await page.locator(".summary").innerText();
  return { order, total: /Total\s+(\S+)/i.exec(total)?.[1] ?? "" };
}

/** Their history shows this order: they see what they have written, wherever it was written. */
export async function expectInHistory(page: Page, entry: string, { order }: Bought): Promise<void> {
  await page.goto(`${entry}/orders`);
  await expect(page.getByRole("link", { name: `Order ${order}` }).count()).resolves.toBe(1);
}

/** The foot of the page: who answered, and which PostgreSQL were asked. */
export async function foot(page: Page): Promise<string> {
  return await page.locator("footer .served").innerText();
}
