/** What is sent to the shop by people who mean no good, and how it is seen that it has changed nothing. */
import { expect } from "vitest";
import { csrfField } from "../../examples/retail-store/services/webapp/csrf.ts";
import { visit, type Visit, type VisitOptions } from "./visitors.ts";
import type { World } from "./world.ts";
import { east, west } from "./yaml.ts";

/** SQL and HTML, as they are typed. */
export const injections = [
  "' or 1=1; drop table product; --",
  "\\'; delete from product where true; --",
  "%' union select version() --",
  '"><script>alert(1)</script>',
  "<img src=x onerror=alert(1)>",
  "watch\0' or true --",
  "../../package.json",
];

/** What `readForm` and the routes make a number of, and what they do not. */
export const badQuantities = {
  typed: ["-1", "100", "1000000000", "1e400", "1.5", "two", "1; drop table inventory"],
  sent: [-1, 0, 100, 1e9, 1.5, "2", null],
} as const;

/** Paths of the shop's pages at which there is nothing. */
export const strangePaths = [
  "/nowhere",
  "/products/nothing",
  "/products/fashion/999999",
  "/products/view",
  "/products/view?id=999999",
  "/products/view?id=0",
  "/products/view?id=-2",
  "/products/view?id=2147483648",
  "/orders/1",
  "/orders/0",
  "/orders/99999999999999999999",
  "/assets/nothing.svg",
];

export type ForeignForm = {
  readonly field: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Of a person with this cookie, whose token is `token`; `strange` is somebody else's. */
export function foreignForms(cookie: string, token: string, strange: string): ForeignForm[] {
  const good = { [csrfField]: token };
  return [
    { field: {}, headers: { cookie } },
    { field: { [csrfField]: "" }, headers: { cookie } },
    { field: { [csrfField]: strange }, headers: { cookie } },
    { field: good, headers: {} },
    { field: good, headers: { cookie, "sec-fetch-site": "cross-site" } },
    { field: good, headers: { cookie, "sec-fetch-site": "same-site" } },
    { field: good, headers: { cookie, origin: "http://evil.example" } },
    { field: good, headers: { cookie, origin: "null" } },
  ];
}

const leak =
  /syntax error|invalid input syntax|PostgreSQL \d|node_modules|\.[jt]s:\d+|\bat \w+ \(/i;
const markup = /<script>alert|<img src=x/i;

/** Neither how the shop is made, in errors of PostgreSQL or places in its programs, nor `injections` as markup. */
export function expectNothingLeaked(page: string): void {
  expect(page).not.toMatch(leak);
  expect(page).not.toMatch(markup);
}

/** Orders, stock, people and prices are afterwards as they were. The writer of orders is in the west. */
export async function changesNothing(world: World, work: () => Promise<void>): Promise<void> {
  const before = await books(world);
  await work();
  expect(await books(world)).toEqual(before);
}

async function books(world: World): Promise<object> {
  const [orders] = await world.sql(
    "orders",
    west,
    `select count(*) as orders, count(*) filter (where status = 'cancelled') as cancelled,
       (select count(*) from customer) as customers, (select sum(on_hand) from inventory) as pieces
     from customer_order`,
  );
  const [catalog] = await world.sql(
    "catalog",
    east,
    "select count(*) as products, sum(price) as prices from product",
  );
  return { ...orders, ...catalog };
}

export function json(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): VisitOptions & { readonly method: "POST" } {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** A form with nothing but these fields. */
export function post(
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Promise<Visit> {
  return visit(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(fields).toString(),
  });
}

/** What a service refuses, as a program reads it: the status, and the code of the error. */
export function refusal({ status, body }: Visit): readonly [number, string] {
  const { error } = JSON.parse(body) as { readonly error?: { readonly code: string } };
  return [status, error?.code ?? body];
}
