/** No name that people write is longer; the rest of a longer word is not looked at. */
const lengthMax = 64;

/**
 * The candidate that `word` most probably was meant to be, or undefined when none is near: at most one
 * slip for each three letters. Among equals the first wins. Case and `_` for `-` do not count.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const slipsMax = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly candidate: string; readonly slips: number } | undefined;
  for (const candidate of candidates) {
    const slips = editDistance(normalize(word), normalize(candidate));
    if (slips <= slipsMax && (best === undefined || slips < best.slips))
      best = { candidate, slips };
  }
  return best?.candidate;
}

/** Letters to add, drop, change or swap with their neighbour to get from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const isSwap =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        cell(last, column) + 1,
        cell(current, column - 1) + 1,
        cell(last, column - 1) + (same ? 0 : 1),
        isSwap ? cell(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return cell(last, b.length);
}

const cell = (cells: readonly number[], column: number): number => cells[column] ?? Infinity;

const normalize = (word: string): string =>
  word.slice(0, lengthMax).toLowerCase().replaceAll("_", "-");
