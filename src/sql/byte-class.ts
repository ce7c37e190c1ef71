/** What a byte can begin in PostgreSQL's scanner. */

export const kind = {
  /** Control characters: outside quotes PostgreSQL refuses them. */
  refused: 0,
  space: 1,
  /** A letter, an underscore, or any byte of a character that is not ASCII. */
  word: 2,
  digit: 3,
  quote: 4,
  doubleQuote: 5,
  dollar: 6,
  /** It may begin a comment or a number, end a statement or a row. */
  special: 7,
  plain: 8,
} as const;

export const byteClass = Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));

const isWord = Uint8Array.from(byteClass, (what) =>
  what === kind.word || what === kind.digit || what === kind.dollar ? 1 : 0,
);

/** Of a byte outside quotes. PostgreSQL folds letters of ASCII alone, as far as every encoding agrees. */
export const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** May stand inside a name that began before it. */
export function isWordByte(byte: number): boolean {
  return isWord[byte] === 1;
}

function classOf(byte: number): number {
  const character = String.fromCharCode(byte);
  if (byte >= 128 || /[A-Za-z_]/.test(character)) return kind.word;
  if (/[0-9]/.test(character)) return kind.digit;
  // Vertical tab is left out: PostgreSQL 15 refuses it.
  if (/[ \t\n\r\f]/.test(character)) return kind.space;
  if (character === "'") return kind.quote;
  if (character === '"') return kind.doubleQuote;
  if (character === "$") return kind.dollar;
  if (/[-/.);]/.test(character)) return kind.special;
  return byte < 32 || byte === 127 ? kind.refused : kind.plain;
}
