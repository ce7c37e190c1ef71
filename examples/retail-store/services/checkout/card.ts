/** What a card has to look like. Nobody is charged: a shop for real would hand the number to its payment provider. Pure. */
import { z } from "zod";
import { Refusal } from "../shared/refusal.ts";

/** Wide enough for spaces and hyphens; what it means is said by `checkCard`, in words for people. */
export const cardSchema = z.object({
  number: z.string().max(40),
  expires: z.string().max(10),
  code: z.string().max(10),
});

export type Card = z.output<typeof cardSchema>;

/** 20 years: no card is issued for longer. */
const yearsMax = 20;

/**
 * The last four digits, of a card that could be charged at `nowMs` (since 1970). Nothing else of it may be kept.
 * @throws Refusal 400 that names the field, and repeats nothing of what was typed
 */
export function checkCard({ number, expires, code }: Card, nowMs: number): string {
  const digits = number.replaceAll(/[ -]/g, "");
  if (!/^\d{12,19}$/.test(digits) || !passesLuhn(digits)) {
    throw new Refusal(400, "card-number", "This is not the number of a card. Is a digit missing?");
  }
  if (!endsAfter(expires, nowMs)) {
    throw new Refusal(400, "card-expires", "The card has expired, or the date is not like 04/31.");
  }
  if (!/^\d{3,4}$/.test(code.trim())) {
    throw new Refusal(400, "card-code", "The security code has three or four digits.");
  }
  return digits.slice(-4);
}

/** ISO/IEC 7812-1: every second digit from the right counts twice, and the sum ends with 0. */
export function passesLuhn(digits: string): boolean {
  const sum = [...digits].toReversed().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0 && /[1-9]/.test(digits);
}

/** A card is good to the end of the month that is printed on it: `04/31` or `04/2031`. */
function endsAfter(expires: string, nowMs: number): boolean {
  const [, month = "", year = ""] =
    /^\s*(0?[1-9]|1[0-2])\s*\/\s*(\d{2}|20\d{2})\s*$/.exec(expires) ?? [];
  if (month === "") return false;
  const fullYear = year.length === 2 ? 2_000 + Number(year) : Number(year);
  if (fullYear > new Date(nowMs).getUTCFullYear() + yearsMax) return false;
  return Date.UTC(fullYear, Number(month)) > nowMs;
}
