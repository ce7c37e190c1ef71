import { expect, test } from "vitest";
import { canBeRepeated, isTokenLost } from "./database-errors.ts";

const withCode = (code: string): Error => Object.assign(new Error("told"), { code });

test("what was not done is always repeated", () => {
  for (const code of ["40001", "40P01", "25006", "57P03", "53300", "ECONNREFUSED"]) {
    expect(canBeRepeated(withCode(code), false)).toBe(true);
  }
  const late = new Error("timeout exceeded when trying to connect");
  expect(canBeRepeated(late, false)).toBe(true);
});

test("what nobody can say whether it was done is repeated only where twice is as once", () => {
  const broken = new Error("Connection terminated unexpectedly");
  for (const error of [withCode("08007"), withCode("57P01"), withCode("ECONNRESET"), broken]) {
    expect(canBeRepeated(error, false)).toBe(false);
    expect(canBeRepeated(error, true)).toBe(true);
  }
});

test("what PostgreSQL refuses is not repeated", () => {
  for (const code of ["23505", "23514", "22P02", "42601"]) {
    expect(canBeRepeated(withCode(code), true)).toBe(false);
  }
  expect(isTokenLost(withCode("40003"))).toBe(true);
});
