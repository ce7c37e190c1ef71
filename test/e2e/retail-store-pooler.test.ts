/**
 * The shop of examples/retail-store in the pooler's manner: each service goes to its Region's PgBouncer. First what the
 * shop promises in either manner; then, in the same world, what is sent by people who mean no good.
 */
import { expect, test } from "vitest";
import {
  newSession,
  sessionCookie,
  signSession,
} from "../../examples/retail-store/services/webapp/session.ts";
import { csrfField } from "../../examples/retail-store/services/webapp/csrf.ts";
import { textOf } from "../../examples/retail-store/load/read-page.ts";
import { Browser } from "../../examples/retail-store/services/webapp/test/browser.ts";
import { untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { audit, cleanBooks, Crowd } from "./store-crowd.ts";
import {
  buyOne,
  confirmed,
  cookieOf,
  formOf,
  guestWith,
  headingOf,
  lookAt,
  sessionOf,
  toConfirmation,
} from "./store-guest.ts";
import {
  badQuantities,
  changesNothing,
  expectNothingLeaked,
  foreignForms,
  injections,
  json,
  post,
  refusal,
  strangePaths,
} from "./store-misuse.ts";
import { gdbdemoLines, regionIndex, untilReadHereWriteThere } from "./store-places.ts";
import { storeWorld } from "./store-world.ts";
import { until } from "./until.ts";
import { visit } from "./visitors.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld(storeWorld({ manner: "pgbouncer" }));

/** A watch, and what else is bought here. */
const watch = 2;
const scarce = 3;

const at = (region: number, last: number, port: number): string =>
  `http://127.${the().number}.${region}.${last}:${port}`;
const entry = (): string => at(0, 1, 8080);
const entryOf = (region: string): string => at(regionIndex(region), 1, 8080);
/** A service of the east, past the pages. */
const service = (port: number): string => at(1, 1, port);
const [cartPort, userPort, checkoutPort, orderPort] = [8445, 8446, 8447, 8448];

/** People buy in a Region, and each of them finds the order on its page and in the list at once, or it is an error. */
async function buyIn(region: string): Promise<object> {
  const crowd = new Crowd(entryOf(region), "buy", 4);
  await crowd.untilMore(8);
  const { result, confirmed: orders } = await crowd.end();
  const regions = [...new Set(orders.map((order) => order.region))];
  return { regions, errors: result.errorsByKind };
}

/** At the PgBouncer of each Region, one name leads to the writer, and the other stays. */
function expectNamesToLeadTo(writer: string): void {
  for (const region of [east, west]) {
    const here = `127.${the().number}.${regionIndex(region)}.1`;
    const there = `127.${the().number}.${regionIndex(region)}.${100 + regionIndex(writer)}`;
    expect(gdbdemoLines(the(), region)).toEqual([
      `gdbdemo = host=${region === writer ? here : there} port=6432 dbname=orders-rw`,
      `gdbdemo-ro = host=${here} port=6432 dbname=orders-ro`,
    ]);
  }
}

test("each Region reads at home and writes to the primary, and who buys in the other one sees the order at once", async () => {
  await untilReadHereWriteThere(the(), east);
  expectNamesToLeadTo(east);
  expect(await buyIn(west)).toEqual({ regions: [west], errors: [] });
});

test("20 people buy while the writer moves, and none of them notices; order numbers only grow", async () => {
  const crowd = new Crowd(entry(), "buy", 20);
  // Who buys alone has one order after the other.
  const alone = new Crowd(entryOf(west), "buy", 1);
  await Promise.all([crowd.untilMore(20), alone.untilMore(2)]);
  await the().ok(["switchover", "orders", "--to", west]);
  await Promise.all([crowd.untilMore(30), alone.untilMore(2)]);
  const [many, one] = [await crowd.end(), await alone.end()];
  console.log(
    `switchover behind PgBouncer: ${many.result.requests} requests, ${many.confirmed.length} orders, no order for at most ${many.gapMs} ms`,
  );
  expect([many.result.errorsByKind, one.result.errorsByKind]).toEqual([[], []]);
  const numbers = one.confirmed.map(({ orderId }) => orderId);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  await untilSettled(the(), "orders");
  expect(await audit(the(), west, [...many.confirmed, ...one.confirmed])).toEqual(cleanBooks);
});

test("after the move the names lead the other way, and reads stay at home", async () => {
  await untilReadHereWriteThere(the(), west);
  expectNamesToLeadTo(west);
  expect(await buyIn(east)).toEqual({ regions: [east], errors: [] });
});

test("what is typed into a search or an address is neither SQL nor HTML", async () => {
  await changesNothing(the(), async () => {
    for (const typed of injections) {
      const { status, text } = await new Browser(entry()).open(
        `/search?${new URLSearchParams({ q: typed })}`,
      );
      expect([typed, status]).toEqual([typed, 200]);
      expectNothingLeaked(text);
      const inPath = encodeURIComponent(typed);
      for (const path of [
        `/products/view?id=2${inPath}`,
        `/products/fashion/2${inPath}`,
        `/products/fashion${inPath}`,
        `/orders/4${inPath}`,
        `/assets/${inPath}.svg`,
      ]) {
        const refused = await visit(entry() + path);
        expect([path, refused.status < 500 && refused.status >= 400]).toEqual([path, true]);
        expectNothingLeaked(refused.body);
      }
    }
  });
});

test("what is typed as a name is kept and shown as it was typed", async () => {
  const [firstName, city] = ['<img src=x onerror=alert(1)>"', "'); drop table customer_order; --"];
  const guest = new Browser(entry());
  const order = await buyOne(guest, watch, { firstName, city });
  const { text } = await guest.open(`/orders/${order}`);
  expect(headingOf(text)).toBe(`Order ${order}`);
  expect(textOf(text)).toContain(`${firstName} Lovelace`);
  expectNothingLeaked(text);
  const kept = `select fname, address ->> 'city' as city from customer_order where id = ${order}`;
  expect(await the().sql("orders", west, kept)).toEqual([{ fname: firstName, city }]);
  const login = formOf(await guest.open("/auth/login"), "/auth/login");
  const tried = { ...login, email: "ada@example.com", password: "' or '1' = '1" };
  expect((await guest.send("/auth/login", tried)).status).toBe(422);
  const mail = { ...tried, email: "ada@example.com' or 1=1 --" };
  expect((await guest.send("/auth/login", mail)).status).toBe(422);
  expect(sessionOf(guest).user).toBeUndefined();
  const register = formOf(await guest.open("/auth/register"), "/auth/register");
  const email = "mallory@example.com";
  const fname = "<script>alert(1)</script>";
  await guest.send("/auth/register", { ...register, fname, lname: city, email, password: fname });
  expectNothingLeaked((await guest.open("/")).text);
  const people = `select fname, lname from customer where email = '${email}'`;
  expect(await the().sql("orders", west, people)).toEqual([{ fname, lname: city }]);
});

test("a price that is not the catalogue's is refused", async () => {
  const customer = "guest:a-haggler";
  await changesNothing(the(), async () => {
    const item = { productId: watch, quantity: 1, price: 0.01 };
    const order = { customer, firstName: "", lastName: "", email: "a@example.com", items: [item] };
    const key = { "idempotency-key": crypto.randomUUID() };
    const older = {
      email: "a@example.com",
      items: [{ item_id: watch, qty: 1, unit_price: 0.01 }],
    };
    const wish = { itemId: watch, quantity: 1, unitPrice: 0.01 };
    for (const [url, asked] of [
      [`${service(orderPort)}/orders`, json(order, key)],
      [`${service(orderPort)}/order/add`, json(older)],
      [`${service(cartPort)}/carts/a-haggler/items`, json(wish)],
    ] as const) {
      expect([url, ...refusal(await visit(url, asked))]).toEqual([url, 409, "price-differs"]);
    }
    const cart = await visit(`${service(cartPort)}/carts/a-haggler/items`);
    expect(JSON.parse(cart.body)).toEqual([]);
    const guest = await guestWith(watch, entry());
    const form = await toConfirmation(guest);
    for (const [total, status] of [
      ["0.01", 409],
      ["0", 409],
      ["-1", 400],
      ["free", 400],
    ] as const) {
      const answer = await guest.send("/checkout/confirm", { ...form, total });
      expect([total, answer.status]).toEqual([total, status]);
    }
  });
});

test("of one product there are 1 to 99 pieces, in whole numbers", async () => {
  const guest = await guestWith(watch, entry());
  await changesNothing(the(), async () => {
    for (const qty of badQuantities.typed) {
      for (const path of ["/cart/addToCart", "/cart/update"]) {
        const answer = await guest.send(path, { productId: `${watch}`, qty });
        expect([path, qty, answer.status]).toEqual([path, qty, 400]);
      }
    }
    for (const quantity of badQuantities.sent) {
      const item = { productId: watch, quantity };
      const order = { customer: "guest:x", firstName: "", lastName: "", email: "a@example.com" };
      const key = { "idempotency-key": crypto.randomUUID() };
      for (const [url, asked] of [
        [`${service(orderPort)}/orders`, json({ ...order, items: [item] }, key)],
        [
          `${service(orderPort)}/order/add`,
          json({ email: order.email, items: [{ item_id: watch, qty: quantity }] }),
        ],
        [`${service(cartPort)}/carts/x/items`, json({ itemId: watch, quantity })],
      ] as const) {
        const refused = refusal(await visit(url, asked));
        expect([url, quantity, ...refused]).toEqual([url, quantity, 400, "invalid-input"]);
      }
    }
  });
  expect(sessionOf(guest).cart).toBe(1);
  expect(formOf(await guest.open("/cart"), "/cart/update")["qty"]).toBe("1");
});

test("10 pieces for 100 people make 10 orders", { timeout: 180_000 }, async () => {
  const stock = `from inventory where product_id = ${scarce}`;
  const [before] = await the().sql("orders", west, `select on_hand ${stock}`);
  const set = (pieces: number): Promise<unknown> =>
    the().sql(
      "orders",
      west,
      `update inventory set on_hand = ${pieces} where product_id = ${scarce}`,
    );
  await set(10);
  const confirmations: (() => ReturnType<Browser["send"]>)[] = [];
  const prepare = async (index: number): Promise<void> => {
    const guest = await guestWith(scarce, index % 2 === 0 ? entry() : entryOf(west));
    const form = await toConfirmation(guest, { email: `one-of-100-${index}@example.com` });
    confirmations.push(() => guest.send("/checkout/confirm", form));
  };
  for (let ready = 0; ready < 100; ready += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => prepare(ready + index)));
  }
  const answers = await Promise.all(confirmations.map((confirm) => confirm()));
  const placed = answers.filter(({ status }) => status === 303).map(confirmed);
  const refused = answers.filter(({ status }) => status !== 303);
  expect(new Set(placed).size).toBe(10);
  expect(new Set(refused.map(({ status, text }) => `${status} ${headingOf(text)}`))).toEqual(
    new Set(["409 There is not enough left"]),
  );
  const ordered =
    "select count(*)::int as orders from customer_order where email like 'one-of-100-%'";
  expect(await the().sql("orders", west, ordered)).toEqual([{ orders: 10 }]);
  expect(await the().sql("orders", west, `select on_hand ${stock}`)).toEqual([{ on_hand: 0 }]);
  await set(Number(before?.["on_hand"]) - 10);
});

test("a confirmation that is sent twice at once, and once more later, is one order", async () => {
  for (const region of [east, west]) {
    const email = `twice-${region}@example.com`;
    const guest = await guestWith(watch, entryOf(region));
    const form = await toConfirmation(guest, { email });
    const send = (): ReturnType<Browser["send"]> => guest.send("/checkout/confirm", form);
    const atOnce = await Promise.all([send(), send()]);
    const later = await send();
    const orders = [...atOnce, later].map(confirmed);
    expect(new Set(orders).size).toBe(1);
    const kept = `select id::int from customer_order where email = '${email}'`;
    expect(await the().sql("orders", west, kept)).toEqual([{ id: orders[0] }]);
  }
});

test("a session that is forged, cut, stretched or signed with another key is nobody's", async () => {
  const victim = new Browser(entry());
  const order = await buyOne(victim, watch);
  await victim.send("/cart/addToCart", { productId: `${watch}`, qty: "7" });
  const sees = async (visitor: Browser): Promise<readonly unknown[]> => [
    (await visitor.open(`/orders/${order}`)).status,
    (await visitor.open("/orders")).text.includes(`Order ${order}`),
    (await visitor.open("/cart")).text.includes('value="7"'),
  ];
  expect(await sees(victim)).toEqual([200, true, true]);
  const other = await guestWith(scarce, entry());
  const [payload = "", signature = ""] = cookieOf(victim).split(".");
  const session = sessionOf(victim);
  const changed = Buffer.from(JSON.stringify({ ...session, visits: 99 })).toString("base64url");
  for (const value of [
    signSession(session, "k".repeat(64)),
    signSession({ ...newSession(Date.now()), id: session.id }, ""),
    `${changed}.${signature}`,
    `${payload}.${cookieOf(other).split(".")[1]}`,
    `${payload}.${signature.slice(0, -1)}`,
    `${payload}.${signature}A`,
    `${payload}.`,
    payload,
    "%%%.%%%",
    `${payload}.${"x".repeat(5_000)}`,
  ]) {
    const forger = new Browser(entry());
    forger.cookie = `${sessionCookie}=${value}`;
    expect(await sees(forger)).toEqual([404, false, false]);
  }
});

test("a form from elsewhere is refused, and nothing is changed", async () => {
  const guest = new Browser(entry());
  const order = await buyOne(guest, watch);
  const token = (await lookAt(guest, watch))[csrfField] ?? "";
  const strange = (await lookAt(new Browser(entry()), watch))[csrfField] ?? "";
  const tries = foreignForms(guest.cookie ?? "", token, strange);
  await changesNothing(the(), async () => {
    for (const { field, headers } of tries) {
      for (const path of ["/cart/addToCart", `/orders/${order}/cancel`, "/auth/logout"]) {
        const wish = { ...field, productId: `${watch}`, qty: "1" };
        const answer = await post(entry() + path, wish, headers);
        expect([path, field, headers, answer.status]).toEqual([path, field, headers, 403]);
        expect(answer.body).toContain("Nothing was changed");
      }
    }
  });
  expect((await guest.open("/cart")).text).toContain("Nothing in it yet");
  expect((await guest.send(`/orders/${order}/cancel`, {})).status).toBe(303);
});

test("an order of somebody else is not there, also by its number", async () => {
  const order = await buyOne(new Browser(entry()), watch, { email: "owner@example.com" });
  await changesNothing(the(), async () => {
    const other = new Browser(entry());
    await lookAt(other, watch);
    expect((await other.open(`/orders/${order}`)).status).toBe(404);
    expect((await other.send(`/orders/${order}/cancel`, {})).status).toBe(404);
    const url = service(orderPort);
    const mine = "guest:somebody-else";
    for (const answer of [
      await visit(`${url}/orders/${order}?customer=${mine}`),
      await visit(`${url}/order/getorder?email=eve@example.com&order_id=${order}`),
      await visit(`${url}/order/cancel`, json({ order_id: order, customer: mine })),
    ]) {
      expect(refusal(answer)).toEqual([404, "unknown-order"]);
    }
  });
});

test("what is not there is said to be not there", async () => {
  for (const path of strangePaths) {
    const { status, body } = await visit(entry() + path);
    expect([path, status]).toEqual([path, 404]);
    expectNothingLeaked(body);
  }
  const guest = new Browser(entry());
  await lookAt(guest, watch);
  const wish = { productId: "999999", qty: "1" };
  expect((await guest.send("/cart/addToCart", wish)).status).toBe(404);
  const nobody = await visit(`${service(checkoutPort)}/checkout/nobody`);
  expect(refusal(nobody)).toEqual([404, "no-checkout"]);
});

test("a megabyte is refused, by pages and by services", async () => {
  const megabyte = "x".repeat(1_048_576);
  await changesNothing(the(), async () => {
    const guest = await guestWith(watch, entry());
    const answer = await guest.send("/cart/update", { productId: "2", qty: "2", megabyte });
    expect([answer.status, headingOf(answer.text)]).toEqual([413, "That was too much"]);
    expect(formOf(await guest.open("/cart"), "/cart/update")["qty"]).toBe("1");
    for (const [port, path] of [
      [orderPort, "/orders"],
      [cartPort, "/carts/x/items"],
      [userPort, "/user/add"],
      [checkoutPort, "/checkout/x/update"],
    ] as const) {
      const refused = await visit(service(port) + path, json({ megabyte }));
      expect([path, ...refusal(refused)]).toEqual([path, 413, "too-large"]);
    }
  });
});

test("pages tell browsers to run nothing, and the cookie stays with the shop", async () => {
  const product = `/products/view?id=${watch}`;
  for (const path of ["/", product, "/nowhere", "/orders/1"]) {
    const { headers } = await visit(entry() + path);
    const policy = `${headers["content-security-policy"]}`;
    for (const rule of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "same-origin",
      "cache-control": "private, no-cache",
    });
    expect(headers["x-powered-by"]).toBeUndefined();
  }
  expect((await visit(`${entry()}/`)).headers["set-cookie"]).toBeUndefined();
  const cookieFrom = async (
    origin: string,
    headers: Record<string, string> = {},
  ): Promise<string> =>
    `${(await visit(origin + product, { headers })).headers["set-cookie"]?.[0]}`;
  const plain = await cookieFrom(entry());
  for (const flag of ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"]) {
    expect(plain.split("; ")).toContain(flag);
  }
  // Anybody can say so: no entry believes it here, and replaces it by how the request really came.
  const tls = { "x-forwarded-proto": "https" };
  for (const origin of [entry(), entryOf(west), at(0, 1, 8081), service(8443)]) {
    expect(await cookieFrom(origin, tls)).not.toContain("Secure");
  }
});

test("a session of one Region is one of the other: its cart, its orders, its forms", async () => {
  const near = (region: string): Record<string, string> => ({ "x-near": region });
  const guest = new Browser(entry());
  await guest.open(`/products/view?id=${watch}`, near(east));
  const wish = { productId: `${watch}`, qty: "3" };
  expect((await guest.send("/cart/addToCart", wish, near(west))).status).toBe(303);
  await until("the cart is seen in the other Region", 10_000, async () => {
    const { text, headers } = await guest.open("/cart", near(east));
    return headers.get("x-leeward-region") === east && text.includes('value="3"');
  });
  const order = await buyOne(guest, watch);
  for (const region of [east, west]) {
    const { status, headers } = await guest.open(`/orders/${order}`, near(region));
    expect([status, headers.get("x-leeward-region")]).toEqual([200, region]);
  }
  // Behind a PgBouncer a session remembers when it wrote.
  expect(sessionOf(guest).seen).toMatch(/^w\d+$/);
});

test("after all of it the books agree", async () => {
  expect(await audit(the(), west, [])).toEqual(cleanBooks);
});
