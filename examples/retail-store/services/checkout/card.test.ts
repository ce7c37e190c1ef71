import fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "../shared/refusal.ts";
import { checkCard, passesLuhn } from "./card.ts";

const nowMs = Date.UTC(2030, 3, 15);
const good = { number: "4242 4242 4242 4242", expires: "04/30", code: "123" };

const refusalOf = (card: typeof good): unknown => {
  try {
    return checkCard(card, nowMs);
  } catch (error) {
    return error instanceof Refusal ? error.code : error;
  }
};

test("of a good card the last four digits are kept", () => {
  expect(checkCard(good, nowMs)).toBe("4242");
  expect(checkCard({ ...good, number: "3782-822463-10005", code: "1234" }, nowMs)).toBe("0005");
});

test("one wrong digit is always noticed", () => {
  fc.assert(
    fc.property(fc.nat(15), fc.integer({ min: 1, max: 9 }), (place, more) => {
      const digits = [..."4242424242424242"].map(Number);
      digits[place] = ((digits[place] ?? 0) + more) % 10;
      expect(passesLuhn(digits.join(""))).toBe(false);
    }),
  );
});

test("what is no number of a card is refused", () => {
  for (const number of [
    "",
    "4242",
    "0000000000000000",
    "4242424242424241",
    "4242x42424242424",
    "٤".repeat(16),
  ]) {
    expect(refusalOf({ ...good, number })).toBe("card-number");
  }
});

test("a card is good until its month has ended, and not a moment longer", () => {
  expect(checkCard(good, Date.UTC(2030, 4, 1) - 1)).toBe("4242");
  expect(() => checkCard(good, Date.UTC(2030, 4, 1))).toThrow("expired");
  expect(checkCard({ ...good, expires: "12 / 2030" }, nowMs)).toBe("4242");
  for (const expires of ["03/30", "13/31", "00/31", "0431", "04/99", "", "04/30/31"]) {
    expect(refusalOf({ ...good, expires })).toBe("card-expires");
  }
});

test("the code has three or four digits", () => {
  for (const code of ["", "12", "12345", "12a"])
    expect(refusalOf({ ...good, code })).toBe("card-code");
});

test("a refusal repeats nothing of what was typed", () => {
  const words = ["card-number", "card-expires"].map((code) => {
    const card =
      code === "card-number"
        ? { ...good, number: "4242424242424241" }
        : { ...good, expires: "99/99" };
    try {
      return checkCard(card, nowMs);
    } catch (error) {
      return String(error);
    }
  });
  expect(words.join()).not.toMatch(/4242|99/);
});
