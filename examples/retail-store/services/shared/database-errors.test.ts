import { expect, test } from "vitest";
import { canBeRepeated, isOfStatement, isTokenLost } from "./database-errors.ts";

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

test("a connection survives what PostgreSQL refuses, and nothing that may be about the connection", () => {
  for (const code of ["22P02", "23505", "40001", "40003", "P0001", "RC002", "RS001"]) {
    expect([code, isOfStatement(withCode(code))]).toEqual([code, true]);
  }
  // A prepared statement that is gone, or has another form by now, would be refused again and again.
  const others = ["08006", "57P01", "25006", "26000", "0A000", "42P05", "EPIPE", "ECONNRESET"];
  for (const code of others) expect([code, isOfStatement(withCode(code))]).toEqual([code, false]);
  expect(isOfStatement(new Error("Query read timeout"))).toBe(false);
});
