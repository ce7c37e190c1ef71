import { expect, test } from "vitest";
import { redirectOf, type Ask, type Redirect } from "./redirect.ts";

const origin = "http://127.0.0.1:8080";
const form: Ask = { method: "POST", path: "/cart/add?a=1", body: "id=2" };

function from(status: number, location: string | undefined): Redirect {
  return redirectOf(form, { status, location }, origin);
}

test.for([301, 302, 303])("after a form, %i leads to a page", (status) => {
  expect(from(status, "/cart")).toEqual({
    kind: "to",
    ask: { method: "GET", path: "/cart", body: undefined },
  });
});

test.for([307, 308])("%i asks for the same at another place", (status) => {
  expect(from(status, "/other")).toEqual({ kind: "to", ask: { ...form, path: "/other" } });
});

test("a place may be relative or whole, and what is behind # stays in the browser", () => {
  const pathOf = (location: string): unknown => {
    const found = from(303, location);
    return found.kind === "to" && found.ask.path;
  };
  expect(pathOf("done?x=1#top")).toBe("/cart/done?x=1");
  expect(pathOf(`${origin}/cart`)).toBe("/cart");
  expect(pathOf("?page=2")).toBe("/cart/add?page=2");
});

test("a redirect to another site, or to nowhere, is not followed", () => {
  expect(from(302, "https://example.org/")).toMatchObject({ kind: "astray" });
  expect(from(302, "//example.org/")).toMatchObject({ kind: "astray" });
  expect(from(302, "http://[")).toMatchObject({ kind: "astray" });
});

test("an answer that leads nowhere stays where it is", () => {
  expect(from(200, "/cart")).toEqual({ kind: "none" });
  expect(from(304, "/cart")).toEqual({ kind: "none" });
  expect(from(302, undefined)).toEqual({ kind: "none" });
});
