import { expect, test } from "vitest";
import { hashPassword, isPassword } from "./password.ts";

test("a password is known again, another one is not, and its hash tells nothing of it", async () => {
  const kept = await hashPassword("correct horse");
  expect(kept).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await isPassword("correct horse", kept)).toBe(true);
  expect(await isPassword("correct horsf", kept)).toBe(false);
  expect(await isPassword("", kept)).toBe(false);
});

test("two who have the same password have different hashes", async () => {
  const [one, other] = await Promise.all([hashPassword("same"), hashPassword("same")]);
  expect(one).not.toBe(other);
});

test("nobody's password is no password, not even the empty one", async () => {
  for (const password of ["", "x"]) expect(await isPassword(password, undefined)).toBe(false);
});

test("an umlaut is the same however the keyboard composes it", async () => {
  const kept = await hashPassword("K\u00e4se");
  expect(await isPassword("Ka\u0308se", kept)).toBe(true);
});

test("a hash with other parameters counts by its own", async () => {
  const kept = "scrypt$1024$8$1$AAAAAAAAAAAAAAAAAAAAAA$ZC63jEXOJnXCwJi41Afb5l4Jk1qRBvOSvUGvpF8mIVU";
  expect(await isPassword("anything", kept)).toBe(false);
});

test("a damaged hash lets nobody in", async () => {
  await expect(isPassword("x", "plain")).rejects.toThrow(/not in the form/);
});
