import { expect, test } from "vitest";
import { csrfToken, isOurToken, isSameOrigin } from "./csrf.ts";
import { newSession } from "./session.ts";

const key = "a key of thirty-two letters or more";
const [mine, theirs] = [newSession(0), newSession(0)];

test("a form is good only with the token of its own session", () => {
  expect(isOurToken(csrfToken(mine, key), mine, key)).toBe(true);
  const foreign = [csrfToken(theirs, key), csrfToken(mine, "k"), "", mine.id, undefined, 7, [""]];
  for (const token of foreign) expect(isOurToken(token, mine, key)).toBe(false);
});

test("a form from another site is refused, whatever its token", () => {
  const host = "127.0.0.1:8080";
  const from = (headers: Parameters<typeof isSameOrigin>[0]): boolean =>
    isSameOrigin({ host, ...headers });
  expect(from({ origin: `http://${host}`, "sec-fetch-site": "same-origin" })).toBe(true);
  expect(from({ origin: `https://${host}` })).toBe(true);
  expect(from({})).toBe(true);
  expect(from({ "sec-fetch-site": "cross-site" })).toBe(false);
  expect(from({ "sec-fetch-site": "same-site" })).toBe(false);
  expect(from({ origin: "http://127.0.0.1:9999" })).toBe(false);
  expect(from({ origin: "null" })).toBe(false);
});
