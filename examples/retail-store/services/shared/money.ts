/** Money is counted in whole cents; people and JSON see two decimals. */

/** @throws RangeError for what is no amount of money: 1.005, NaN, 1e20 */
export function toCents(amount: number): number {
  const cents = Math.round(amount * 100);
  if (!Number.isSafeInteger(cents) || Math.abs(cents / 100 - amount) > 1e-9) {
    throw new RangeError(`${amount} is no amount of money`);
  }
  return cents;
}

/** For JSON: 4295 is 42.95. */
export function fromCents(cents: number): number {
  return cents / 100;
}

/** For people: 429500 is `$4,295.00`. */
export function formatCents(cents: number): string {
  return dollars.format(cents / 100);
}

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
