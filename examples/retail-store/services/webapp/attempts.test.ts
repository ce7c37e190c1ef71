import { expect, test } from "vitest";
import { LoginAttempts } from "./attempts.ts";

const home = "127.0.0.1";
const ann = "ann@example.com";

test("an account has ten tries, wherever they come from and however it is written, then one each 10 s", () => {
  const attempts = new LoginAttempts();
  const tries = Array.from({ length: 10 }, (_, n) =>
    attempts.waitMs(`127.0.0.${n}`, n % 2 ? ann : ann.toUpperCase(), 0),
  );
  expect(new Set(tries)).toEqual(new Set([0]));
  expect(attempts.waitMs(home, ann, 0)).toBe(10_000);
  expect(attempts.waitMs(home, ann, 4_000)).toBe(6_000);
  expect(attempts.waitMs(home, ann, 10_000)).toBe(0);
  expect(attempts.waitMs(home, ann, 10_001)).toBe(9_999);
  expect(attempts.waitMs(home, "bob@example.com", 10_001)).toBe(0);
});

test("a password that was right makes up for those that were wrong", () => {
  const attempts = new LoginAttempts();
  for (let tries = 0; tries < 10; tries += 1) attempts.waitMs(home, ann, 0);
  attempts.succeeded("Ann@Example.com");
  expect(attempts.waitMs(home, ann, 0)).toBe(0);
});

test("fifty people behind one address log in at once, twice; who goes on like that has to wait", () => {
  const attempts = new LoginAttempts();
  const waits = Array.from({ length: 101 }, (_, n) => attempts.waitMs(home, `${n % 50}@b.cc`, 0));
  expect(waits.slice(0, 100).every((waitMs) => waitMs === 0)).toBe(true);
  expect(waits[100]).toBe(250);
  expect(attempts.waitMs(home, undefined, 0)).toBe(250);
  expect(attempts.waitMs("127.0.0.2", undefined, 0)).toBe(0);
});
