import { expect, test } from "vitest";
import { pageNumbers, paging } from "./paging.ts";

test("the first, the last and the neighbours can be reached from each page", () => {
  expect(pageNumbers(1, 1)).toEqual([1]);
  expect(pageNumbers(1, 9)).toEqual([1, 2, 9]);
  expect(pageNumbers(5, 9)).toEqual([1, 4, 5, 6, 9]);
  expect(pageNumbers(9, 9)).toEqual([1, 8, 9]);
  expect(pageNumbers(99, 3)).toEqual([1, 3]);
});

test("one page needs no way to others", () => {
  expect(paging({ page: 1, pages: 1, pathOf: String })).toBe("");
});
