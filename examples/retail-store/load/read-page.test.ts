import { expect, test } from "vitest";
import { astray, decodeEntities, linksOf, linkWithRel, textOf, wordsOf } from "./read-page.ts";
import type { Page } from "./visitor.ts";

const page: Page = {
  status: 409,
  path: "/cart?note=added",
  header: () => undefined,
  text: () => `<link href="/style.css">
    <div class="note-place" role="status"><p>Two &amp; more</p></div>
    <h1>Your <em>cart</em></h1>
    <a class="name" href="/products/fashion/2">A</a><a href="/products/fashion/2" tabindex="-1">B</a>
    <a href="/products/fashion?page=2&amp;sort=price" rel="next">Next</a>`,
};

test("a link is there once, however often the page has it", () => {
  expect(linksOf(page, /^\/products\/\w+\/\d+$/)).toEqual(["/products/fashion/2"]);
  expect(linksOf(page, /\.css$/)).toEqual([]);
});

test("the next page is where the link says, whatever was escaped in it", () => {
  expect(linkWithRel(page, "next")).toBe("/products/fashion?page=2&sort=price");
  expect(linkWithRel(page, "prev")).toBeUndefined();
});

test("who is astray says what there is to see", () => {
  expect(wordsOf(page)).toEqual({ heading: "Your cart", news: "Two & more" });
  expect(() => astray("An order", page)).toThrow(
    "An order was wanted; /cart?note=added (409) says “Your cart: Two & more”",
  );
});

test("what is no entity stays as it is", () => {
  expect(decodeEntities("&lt;&#60;&#x3C;&#x1F41A; &amp;lt; &nope; & &#x110000;")).toBe(
    "<<<🐚 &lt; &nope; & &#x110000;",
  );
  expect(textOf("<p>a\n <b>b</b></p>")).toBe("a b");
});
