import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { buildService, type Service } from "../shared/service.ts";
import { newSession, readSession, sessionCookie, signSession, type Session } from "./session.ts";
import { Browser } from "./test/browser.ts";
import { startStandIns, type StandIns } from "./test/stand-ins.ts";
import { webappRoutes } from "./webapp.ts";

const key = "a key of thirty-two letters or more";
const place = { region: "us-west-2", replica: 3 };
let standIns: StandIns;
let service: Service;
let url: string;
let browser: Browser;

beforeAll(async () => {
  standIns = await startStandIns();
  const [HOST, PORT] = ["127.0.0.1", 0] as const;
  service = await buildService({
    name: "webapp",
    environment: { HOST, PORT, LEEWARD_REGION: place.region, LEEWARD_REPLICA: place.replica },
    routes: webappRoutes({ shop: standIns.shop, key, place }),
  });
  url = await service.listen({ host: HOST, port: PORT });
});

afterAll(async () => {
  await service.close();
  await standIns.close();
});

beforeEach(() => {
  const { world } = standIns;
  Object.assign(world, { isFallback: false, refusal: undefined });
  for (const known of [world.carts, world.users, world.checkouts]) known.clear();
  world.calls.length = 0;
  browser = new Browser(url);
});

const address = {
  firstName: "Ann",
  lastName: "Shore",
  email: "ann@example.com",
  address1: "Harbour Road 7",
  zip: "04101",
  city: "Portland",
};
const card = { number: "4242 4242 4242 4242", expires: "04/31", code: "123" };

/** A cart, an address, a delivery and a card. */
async function goToConfirm(): Promise<void> {
  await browser.open("/products/fashion/2");
  await browser.submit("/cart/addToCart", { productId: "2", qty: "2" });
  await browser.submit("/checkout", address);
  await browser.submit("/checkout/delivery", { deliveryOptionToken: "express" });
  await browser.submit("/checkout/payment", card);
}

function sessionOf({ cookie }: Browser): Session | undefined {
  return readSession(cookie?.slice(sessionCookie.length + 1), key, Date.now());
}

test("each page answers", async () => {
  const paths = [
    "/",
    "/products/fashion",
    "/products/bicycles?sort=-price&tag=city&page=1",
    "/products/fashion?page=nonsense&sort=nonsense&tag=nonsense&note=nonsense",
    "/products/fashion/2",
    "/products/view?id=2",
    "/search",
    "/search?q=watch",
    "/cart",
    "/orders",
    "/auth/login",
    "/auth/register",
    "/auth/forgot_password",
    "/visits/",
    "/analytic?interval=7",
    "/healthcheck",
    "/products/whereami",
    "/favicon.svg",
    "/assets/2.svg",
  ];
  for (const path of paths) expect([path, (await browser.open(path)).status]).toEqual([path, 200]);
  const program = await browser.open("/apiproduct");
  expect(JSON.parse(program.text)).toEqual({
    Aurora: {
      reader: { inet_server_addr: "127.0.2.11" },
      writer: { inet_server_addr: "127.0.1.11" },
    },
    Lab: "Leeward retail store",
    instanceId: "us-west-2/webapp/3",
    region: "us-west-2",
  });
});

test("what is not there has a page that says so", async () => {
  const paths = [
    "/nothing",
    "/products/nothing",
    "/products/fashion/999999",
    "/products/fashion/2'%20or%201=1",
    "/products/view?id=-1",
    "/products/view",
    "/orders/7",
    "/orders/x",
  ];
  for (const path of paths) {
    const { status, text } = await browser.open(path);
    expect([path, status]).toEqual([path, 404]);
    expect(text).toContain("There is nothing here");
  }
});

test("a category's page asks the product service once, nobody else, and gives strangers no cookie", async () => {
  const { headers, text } = await browser.open("/products/fashion?tag=watches");
  expect(standIns.world.calls).toEqual([
    "GET /products/fashion?page=1&size=12&sort=name&tag=watches",
  ]);
  expect(headers.get("set-cookie")).toBeNull();
  expect(text).toContain("read from <b>127.0.2.11</b> in 1.2 ms");
});

test("no script may run, nobody may frame a page, and the style sheet is kept by its contents", async () => {
  const { headers, text } = await browser.open("/");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(text).not.toMatch(/<script|<style| style=| on\w+=/);
  const path = /href="(\/styles\/[\w-]+\.css)"/.exec(text)?.[1] ?? "";
  const style = await browser.open(path);
  expect([style.status, style.headers.get("cache-control")]).toEqual([
    200,
    "public, max-age=31536000, immutable",
  ]);
  expect((await browser.open("/styles/older.css")).headers.get("cache-control")).toBe("no-cache");
});

test("from a product to an order, cancelled at the end", async () => {
  await browser.open("/products/fashion/2");
  const cart = await browser.submit("/cart/addToCart", { productId: "2", qty: "2" });
  expect(cart.text).toContain("Added to your cart.");
  expect(cart.text).toContain("$85.90");
  expect(sessionOf(browser)?.cart).toBe(2);
  const delivery = await browser.submit("/checkout", address);
  expect(delivery.text).toContain("How fast?");
  const payment = await browser.submit("/checkout/delivery", { deliveryOptionToken: "express" });
  expect(payment.text).toContain("How will you pay?");
  const confirm = await browser.submit("/checkout/payment", card);
  expect(confirm.text).toContain("Card ending in 4242");
  expect(confirm.text).toContain("$105.20");
  const order = await browser.submit("/checkout/confirm", { total: "105.2" });
  expect(order.text).toContain("Your order is placed");
  expect(order.text).toContain("last write to <b>127.0.1.11</b> in 64 ms");
  expect(sessionOf(browser)).toMatchObject({ cart: 0, seen: "0/3000148" });
  const id = /Order (\d+)<\/h1>/.exec(order.text)?.[1];
  expect((await browser.open("/orders")).text).toContain(`Order ${id}`);
  const cancelled = await browser.submit(`/orders/${id}/cancel`, {});
  expect(cancelled.text).toContain("Cancelled");
  expect((await new Browser(url).open(`/orders/${id}`)).status).toBe(404);
});

test("an order that is sent twice is one, and its steps lead to it afterwards", async () => {
  await goToConfirm();
  const [one, other] = await Promise.all([
    browser.send("/checkout/confirm", { total: "105.2" }),
    browser.send("/checkout/confirm", { total: "105.2" }),
  ]);
  expect([one.status, other.status]).toEqual([303, 303]);
  expect(one.location).toBe(other.location);
  const path = one.location?.split("?")[0];
  expect((await browser.open("/checkout/confirm")).location).toBe(path);
});

test("a form that is filled in wrongly comes back with what was typed, and says what is wrong", async () => {
  await browser.open("/products/fashion/2");
  await browser.submit("/cart/addToCart", { productId: "2", qty: "1" });
  const wrong = await browser.submit("/checkout", { ...address, email: "nonsense", city: "" });
  expect(wrong.status).toBe(422);
  expect(wrong.text).toContain('value="Harbour Road 7"');
  expect(wrong.text).toMatch(/id="city"[^>]*aria-invalid="true" aria-describedby="city-error"/);
  await browser.submit("/checkout", address);
  await browser.submit("/checkout/delivery", { deliveryOptionToken: "express" });
  const refused = await browser.submit("/checkout/payment", { ...card, number: "1234 5678" });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain("This is not the number of a card.");
  expect(refused.text).not.toContain("1234 5678");
});

test("what is sold out meanwhile is named, and the cart is kept", async () => {
  await goToConfirm();
  const message = "of Tideline Field Watch, navy and tan, only 1 are left.";
  standIns.world.refusal = { status: 409, code: "sold-out", message };
  const { status, text } = await browser.submit("/checkout/confirm", { total: "105.2" });
  expect([status, text.includes(message)]).toEqual([409, true]);
  expect((await browser.open("/cart")).text).toContain("Tideline Field Watch");
});

test("the number beside the cart is of what is still in it after an order", async () => {
  await goToConfirm();
  await browser.submit("/cart/addToCart", { productId: "3", qty: "4" });
  const order = await browser.submit("/checkout/confirm", { total: "105.2" });
  expect([order.status, sessionOf(browser)?.cart]).toEqual([200, 4]);
});

test("a tab that brings an older cookie puts back neither what another one wrote nor its cart", async () => {
  await browser.open("/visits/");
  const other = new Browser(url);
  other.cookie = browser.cookie;
  await browser.open("/products/fashion/2");
  await browser.submit("/cart/addToCart", { productId: "2", qty: "2" });
  expect(sessionOf(other)).toMatchObject({ cart: 0, visits: 1 });
  await other.open("/visits/");
  expect(sessionOf(other)).toMatchObject({ cart: 2, seen: "0/3000148", visits: 2 });
});

test("a checkout of another Region is begun anew with the same cart; one in a spare place says so", async () => {
  await goToConfirm();
  standIns.world.isFallback = true;
  expect((await browser.open("/checkout/confirm")).text).toContain("kept in a spare one");
  standIns.world.checkouts.clear();
  const lost = await browser.submit("/checkout/confirm", { total: "105.2" });
  expect(lost.text).toContain("Please enter the delivery again.");
  expect(sessionOf(browser)?.cart).toBe(2);
});

test("an order whose answer was lost with its Region is found again by its key", async () => {
  await goToConfirm();
  const before = standIns.world.orders.length;
  const { text } = await browser.open("/checkout/confirm");
  const [, shown = ""] = /name="key" value="([^"]+)"/.exec(text) ?? [];
  const form = { total: "105.2", key: shown };
  const placed = await browser.submit("/checkout/confirm", form);
  expect(placed.text).toContain("Your order is placed");
  standIns.world.checkouts.clear();
  const again = await browser.send("/checkout/confirm", form);
  expect(again.location).toMatch(/^\/orders\/\d+/);
  // Nor is another purchase ordered in its place that is under way here.
  await goToConfirm();
  const twice = await browser.send("/checkout/confirm", form);
  expect(twice.location).toBe(again.location);
  expect(standIns.world.orders).toHaveLength(before + 1);
});

test("a change in the cart is shown before the order is confirmed", async () => {
  await goToConfirm();
  await browser.submit("/cart/update", { productId: "2", qty: "3" });
  expect((await browser.open("/checkout/confirm")).text).toContain("3 × $42.95");
});

test("what is not sold any more can be taken out of a cart, and is no obstacle to the rest", async () => {
  const { world } = standIns;
  const assortment = world.products;
  try {
    await goToConfirm();
    await browser.submit("/cart/addToCart", { productId: "3", qty: "1" });
    world.products = assortment.filter(({ id }) => id !== 3);
    expect((await browser.open("/cart")).text).toContain("not sold any more");
    expect((await browser.open("/checkout/confirm")).text).toContain("$105.20");
    const { text } = await browser.submit("/cart/removeFromCart", { productId: "3" });
    expect(text).not.toContain("not sold any more");
  } finally {
    world.products = assortment;
  }
});

test("logging in brings the cart along and renews the session's id; so does logging out", async () => {
  await browser.open("/auth/register");
  const person = {
    fname: "Ann",
    lname: "Shore",
    email: "ann@example.com",
    password: "salt and wind",
  };
  await browser.send("/auth/register", person);
  await browser.open("/auth/account");
  await browser.send("/auth/logout", {});
  await browser.open("/products/fashion/2");
  await browser.submit("/cart/addToCart", { productId: "2", qty: "2" });
  const guest = sessionOf(browser);
  if (!guest) throw new Error("a cart makes a session");
  // As another replica has left it for another tab, which knew nothing of the cart.
  const left = { ...guest, cart: 0, at: guest.at + 1 };
  browser.cookie = `${sessionCookie}=${signSession(left, key)}`;
  await browser.open("/auth/login?next=/cart");
  const wrong = await browser.send("/auth/login", { ...person, password: "wrong" });
  expect([wrong.status, wrong.text.includes("do not belong together")]).toEqual([422, true]);
  const right = await browser.send("/auth/login", { ...person, next: "/cart" });
  expect([right.status, right.location]).toEqual([303, "/cart"]);
  const known = sessionOf(browser);
  expect(known).toMatchObject({ user: { name: "Ann", email: "ann@example.com" }, cart: 2 });
  expect(known?.id).not.toBe(guest.id);
  expect([...standIns.world.carts.keys()]).toEqual([`user:${known?.user?.id}`]);
  await browser.open("/auth/account");
  await browser.send("/auth/logout", {});
  const after = sessionOf(browser);
  expect([after?.user, after?.cart, after?.id === known?.id]).toEqual([undefined, 0, false]);
});

test("who tries one password after the other has to wait, is told for how long, and others do not", async () => {
  const person = { fname: "Ann", lname: "Shore", password: "salt and wind" };
  const [ann, bob] = ["tried@example.com", "bob@example.com"];
  for (const email of [ann, bob]) {
    await browser.open("/auth/register");
    await browser.send("/auth/register", { ...person, email });
  }
  const other = new Browser(url);
  await other.open("/auth/login");
  for (let tries = 0; tries < 10; tries += 1) {
    const { status } = await other.send("/auth/login", { email: ann, password: `wrong ${tries}` });
    expect(status).toBe(422);
  }
  const late = await other.send("/auth/login", { email: ann, password: person.password });
  expect([late.status, late.headers.get("retry-after")]).toEqual([
    429,
    expect.stringMatching(/^\d+$/),
  ]);
  expect(late.text).toMatch(/tried too often. Please try again in \d+ seconds/);
  expect(late.text).not.toContain(person.password);
  const { status } = await other.send("/auth/login", { email: bob, password: person.password });
  expect(status).toBe(303);
});

test("after logging in nobody is sent to another host", async () => {
  await browser.open("/auth/register");
  const person = {
    fname: "Ann",
    lname: "Shore",
    email: "a@example.com",
    password: "salt and wind",
  };
  const sent = await browser.send("/auth/register", { ...person, next: "//evil.example" });
  expect(sent.location).toBe("/?note=welcome");
});

test("a form of another site, another session or no session changes nothing", async () => {
  await browser.open("/products/fashion/2");
  const wish = { productId: "2", qty: "1" };
  const refused = [
    await new Browser(url).send("/cart/addToCart", wish),
    await browser.send("/cart/addToCart", { ...wish, _csrf: "forged" }),
    await browser.send("/cart/addToCart", wish, { "sec-fetch-site": "cross-site" }),
    await browser.send("/cart/addToCart", wish, { origin: "http://evil.example" }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(refused[0]?.text).toContain("That form has grown old");
  expect(standIns.world.carts.size).toBe(0);
});

test("who asks for the head of a page alone gets it", async () => {
  const { status } = await fetch(`${url}/products/fashion`, { method: "HEAD" });
  expect(status).toBe(200);
});

test("a forged session is a stranger's", async () => {
  const user = { id: "u-1", name: "Eve", email: "eve@example.com", since: Date.now() };
  const forged = signSession({ ...newSession(Date.now()), user, cart: 7 }, "another key");
  browser.cookie = `${sessionCookie}=${forged}`;
  const { status, text } = await browser.open("/products/fashion");
  expect([status, text.includes("Eve"), text.includes(">Log in<")]).toEqual([200, false, true]);
});

test("quantities and products that cannot be are refused, and nothing is changed", async () => {
  await browser.open("/products/fashion/2");
  const wishes = [
    { productId: "2", qty: "-1" },
    { productId: "2", qty: "1e9" },
    { productId: "2; drop table product", qty: "1" },
    { qty: "1" },
  ];
  for (const wish of wishes) {
    const { status, text } = await browser.send("/cart/addToCart", wish as Record<string, string>);
    expect([status, text.includes("That could not be read")]).toEqual([400, true]);
  }
  expect(standIns.world.carts.size).toBe(0);
  const megabyte = await browser.send("/cart/addToCart", {
    productId: "2",
    x: "x".repeat(1_000_000),
  });
  expect([megabyte.status, megabyte.text.includes("That was too much")]).toEqual([413, true]);
});

test("the cookie is for http alone, for this site, and under https for https alone", async () => {
  const attributes = async (headers: Record<string, string>): Promise<string> =>
    `${(await new Browser(url).open("/visits/", headers)).headers.get("set-cookie")}`;
  expect(await attributes({})).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
  expect(await attributes({ "x-forwarded-proto": "https" })).toContain("; Secure");
});

test("visits are counted in the cookie, whoever answers", async () => {
  await browser.open("/visits/");
  expect((await browser.open("/visits/")).text).toContain("<dd>2</dd>");
});
