/**
 * The text of a statement without its constants: texts that share it do the same, so that one of them is parsed for
 * all. It follows PostgreSQL's own scanner (17 and 18; where 15 reads a text otherwise, 15 refuses it):
 *
 *     SELECT a FROM "T" WHERE id IN ($1, 2, 'x')  -- why       select a from "T" where id in (¤)
 *
 * Constants and parameters become one mark, lists and rows of them one mark too, comments and white space one blank,
 * letters outside quotes small. Nothing else is lost. A text whose constants decide what it does keeps all of it.
 * The key is the text itself rather than a hash: a collision would send a write to a standby.
 */
import { byteClass, isWordByte, kind, lowerCase } from "./byte-class.ts";
import { findOverride, type Override } from "./override.ts";

/** Some 3 ns a byte make 200 µs of the event loop. What is longer is moved as a bulk load, and goes to the writer. */
export const TEXT_BYTES_MAX = 65_536;

/** No text holds this byte outside a constant, or it has no fingerprint. */
const CONSTANT = 1;
const OVERRIDE = 2;

const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const DOLLAR = 36;
const DOT = 46;
const COMMA = 44;
const BLANK = 32;
const OPEN = 40;
const SEMICOLON = 59;
const MINUS = 45;
const PLUS = 43;
const SLASH = 47;
const STAR = 42;
const AMPERSAND = 38;
const ZERO = 48;
const UNDERSCORE = 95;

/** The text and a zero behind it, so that no look at the next byte leaves it. */
const text = Buffer.alloc(TEXT_BYTES_MAX + 1);

/** Room for blanks and marks that are put between what was adjacent. */
const key = Buffer.alloc(2 * TEXT_BYTES_MAX + 64);

const setConfig = Buffer.from("set_config");
const setWord = Buffer.from("set");
const doWord = Buffer.from("do");

/**
 * The key of `bytes[start..end)`, or undefined when it ends inside a quote, holds what PostgreSQL's scanner refuses,
 * or is longer than `TEXT_BYTES_MAX`. Assumes `standard_conforming_strings`, and an encoding whose bytes below 128 are
 * ASCII everywhere.
 */
export function fingerprint(bytes: Buffer, start: number, end: number): string | undefined {
  const size = end - start;
  if (size > TEXT_BYTES_MAX) return undefined;
  take(bytes, start, size);
  if (!folder.fold(size)) return undefined;
  if (!folder.isExact) return key.toString("latin1", 0, folder.length);
  // Keys of the two kinds never meet: a folded text does not begin with a blank, nor does it hold a comment.
  const override = key[0] === OVERRIDE && folder.length > 1 ? key.toString("latin1", 0, 2) : "";
  return `${override} ${text.toString("latin1", 0, size)}`;
}

/** What the comment before the text with this key decides. */
export function overrideOf(found: string): Override | undefined {
  if (found.charCodeAt(0) !== OVERRIDE) return undefined;
  return found[1] === "w" ? "writer" : "local";
}

/** Below that a loop is quicker than a call out of JavaScript. */
const SHORT = 256;

function take(bytes: Buffer, start: number, size: number): void {
  if (size > SHORT) bytes.copy(text, 0, start, start + size);
  else for (let at = 0; at < size; at += 1) text[at] = bytes[start + at] ?? 0;
  text[size] = 0;
}

function byteAt(at: number): number {
  return text[at] ?? 0;
}

function classAt(at: number): number {
  return byteClass[byteAt(at)] ?? kind.refused;
}

/** Lives once, so that a text costs no allocation but its key. */
class Folder {
  #at = 0;
  #end = 0;
  length = 0;
  /** White space or a comment was passed since the last token. */
  #gap = false;
  /** Where the first word of a statement would stand. */
  #isStart = true;
  isExact = false;

  /** False: there is no fingerprint. */
  fold(end: number): boolean {
    this.#at = 0;
    this.#end = end;
    this.length = 0;
    this.#gap = false;
    this.#isStart = true;
    this.isExact = false;
    while (this.#at < end) {
      if (!this.#token(classAt(this.#at))) return false;
      if (this.isExact) return true;
    }
    return true;
  }

  #token(what: number): boolean {
    switch (what) {
      case kind.space:
        this.#at += 1;
        this.#gap = true;
        return true;
      case kind.word:
        return this.#word();
      case kind.digit:
        return this.#number();
      case kind.quote:
        return this.#string(this.#at, false);
      case kind.doubleQuote:
        return this.#quotedName();
      case kind.dollar:
        return this.#dollar();
      case kind.special:
        return this.#special();
      case kind.plain:
        this.#emitByte();
        return true;
      default:
        return false;
    }
  }

  /** A blank goes between two tokens exactly where there was something, so that none grow together or fall apart. */
  #separate(): void {
    if (this.#gap && this.length > 0) key[this.length++] = BLANK;
    this.#gap = false;
  }

  #emitByte(): void {
    this.#separate();
    key[this.length++] = byteAt(this.#at++);
    this.#isStart = false;
  }

  #word(): boolean {
    const start = this.#at;
    const second = byteAt(start + 1);
    if (second === QUOTE || second === AMPERSAND) {
      const prefixed = this.#prefixed(start, second);
      if (prefixed !== undefined) return prefixed;
    }
    this.#separate();
    const from = this.length;
    let length = from;
    let at = start;
    do {
      key[length++] = lowerCase[byteAt(at++)] ?? 0;
    } while (isWordByte(byteAt(at)));
    this.length = length;
    this.#at = at;
    this.isExact = this.#decides(from);
    this.#isStart = false;
    return true;
  }

  /** What follows the word at `from` counts with its constants: SET, DO, set_config. */
  #decides(from: number): boolean {
    const size = this.length - from;
    if (size === 10 && key[from] === 115) {
      return key.compare(setConfig, 0, 10, from, this.length) === 0;
    }
    if (!this.#isStart) return false;
    if (size === 3) return key.compare(setWord, 0, 3, from, this.length) === 0;
    return size === 2 && key.compare(doWord, 0, 2, from, this.length) === 0;
  }

  /** E'…', B'…', X'…', N'…', U&'…', U&"…"; undefined: an ordinary word. */
  #prefixed(start: number, next: number): boolean | undefined {
    const at = start + 1;
    const letter = byteAt(start) | 32;
    if (next === AMPERSAND) {
      const quote = byteAt(at + 1);
      if (letter !== 117 || (quote !== QUOTE && quote !== DOUBLE_QUOTE)) return undefined;
      // The constant of UESCAPE decides what the name is.
      this.isExact = true;
      return true;
    }
    if (letter === 101) return this.#string(at, true);
    if (letter !== 98 && letter !== 120 && letter !== 110) return undefined;
    // These are constants of types of their own.
    this.#separate();
    key[this.length++] = letter;
    return this.#string(at, false);
  }

  #string(quoteAt: number, hasEscapes: boolean): boolean {
    let at = quoteAt + 1;
    for (; at < this.#end; at += 1) {
      const byte = byteAt(at);
      if (byte === QUOTE) {
        if (byteAt(at + 1) !== QUOTE) break;
        at += 1;
      } else if (byte === BACKSLASH && hasEscapes) {
        at += 1;
      }
    }
    return at < this.#end && this.#constantUntil(at + 1);
  }

  #quotedName(): boolean {
    this.#separate();
    const from = this.length;
    let length = from;
    let at = this.#at;
    // A doubled quote is two names without a blank, which nothing else can be.
    do {
      key[length++] = byteAt(at++);
    } while (at < this.#end && byteAt(at) !== DOUBLE_QUOTE);
    if (at >= this.#end) return false;
    key[length++] = DOUBLE_QUOTE;
    this.length = length;
    this.#at = at + 1;
    if (length - from === 12) {
      this.isExact = key.compare(setConfig, 0, 10, from + 1, from + 11) === 0;
    }
    this.#isStart = false;
    return true;
  }

  #number(): boolean {
    const second = byteAt(this.#at + 1) | 32;
    const isBased =
      byteAt(this.#at) === ZERO && (second === 120 || second === 111 || second === 98);
    const end = isBased ? wordEnd(this.#at + 2) : decimalEnd(this.#at);
    // "1..2" and "12abc" are refused by PostgreSQL.
    if (byteAt(end) === DOT || isWordByte(byteAt(end))) return false;
    return this.#constantUntil(end);
  }

  #dollar(): boolean {
    const next = this.#at + 1;
    return classAt(next) === kind.digit ? this.#parameter(next) : this.#dollarString(next);
  }

  #parameter(digitsAt: number): boolean {
    let at = digitsAt;
    while (classAt(at) === kind.digit) at += 1;
    return !isWordByte(byteAt(at)) && this.#constantUntil(at);
  }

  #dollarString(tagAt: number): boolean {
    let at = tagAt;
    while (byteAt(at) !== DOLLAR && isWordByte(byteAt(at))) at += 1;
    if (byteAt(at) !== DOLLAR) return false;
    const tag = text.subarray(this.#at, at + 1);
    const close = text.indexOf(tag, at + 1);
    const end = close + tag.length;
    return close >= 0 && end <= this.#end && this.#constantUntil(end);
  }

  #special(): boolean {
    const byte = byteAt(this.#at);
    const next = byteAt(this.#at + 1);
    if (byte === MINUS && next === MINUS) return this.#lineComment();
    if (byte === SLASH && next === STAR) return this.#blockComment();
    if (byte === DOT && byteClass[next] === kind.digit) return this.#number();
    if (byte === 41) {
      this.#emitByte();
      this.#foldRow();
      return true;
    }
    this.#emitByte();
    if (byte === SEMICOLON) this.#isStart = true;
    return true;
  }

  #lineComment(): boolean {
    let at = this.#at + 2;
    while (at < this.#end && byteAt(at) !== 10 && byteAt(at) !== 13) at += 1;
    this.#at = at;
    this.#gap = true;
    return true;
  }

  #blockComment(): boolean {
    const start = this.#at;
    let depth = 1;
    let at = start + 2;
    while (at < this.#end && depth > 0) {
      const byte = byteAt(at);
      const next = byteAt(at + 1);
      if (byte === SLASH && next === STAR) {
        depth += 1;
        at += 2;
      } else if (byte === STAR && next === SLASH) {
        depth -= 1;
        at += 2;
      } else {
        at += 1;
      }
    }
    if (depth > 0) return false;
    if (this.length === 0) this.#noteOverride(start, at);
    this.#at = at;
    this.#gap = true;
    return true;
  }

  /** A leading comment that decides the way is a part of the key. */
  #noteOverride(start: number, end: number): void {
    const override = findOverride(text, start, end);
    if (override === undefined) return;
    key[this.length++] = OVERRIDE;
    key[this.length++] = override.charCodeAt(0);
  }

  #constantUntil(end: number): boolean {
    this.#at = end;
    this.#isStart = false;
    this.#emitConstant();
    return true;
  }

  #emitConstant(): void {
    const before = this.#skipBlank(this.length);
    if (key[before - 1] === COMMA) {
      const earlier = this.#skipBlank(before - 1);
      if (key[earlier - 1] === CONSTANT) {
        this.length = earlier;
        this.#gap = false;
        return;
      }
    }
    this.#separate();
    key[this.length++] = CONSTANT;
  }

  /** "(¤), (¤)" becomes "(¤)": the rows of VALUES. */
  #foldRow(): void {
    const open = this.#openOfConstantRow(this.length);
    if (open < 0) return;
    const comma = this.#skipBlank(open);
    if (key[comma - 1] !== COMMA) return;
    const earlier = this.#skipBlank(comma - 1);
    if (this.#openOfConstantRow(earlier) >= 0) this.length = earlier;
  }

  /** Where "(¤)" begins that ends before `end`, or -1. */
  #openOfConstantRow(end: number): number {
    if (end < 3 || key[end - 1] !== 41) return -1;
    const constantEnd = this.#skipBlank(end - 1);
    if (constantEnd < 1 || key[constantEnd - 1] !== CONSTANT) return -1;
    const open = this.#skipBlank(constantEnd - 1);
    return open >= 1 && key[open - 1] === OPEN ? open - 1 : -1;
  }

  #skipBlank(end: number): number {
    return end > 0 && key[end - 1] === BLANK ? end - 1 : end;
  }
}

function wordEnd(from: number): number {
  let at = from;
  while (isWordByte(byteAt(at))) at += 1;
  return at;
}

function decimalEnd(from: number): number {
  const whole = digitsEnd(from);
  const decimal = byteAt(whole) === DOT ? digitsEnd(whole + 1) : whole;
  if ((byteAt(decimal) | 32) !== 101) return decimal;
  const sign = byteAt(decimal + 1);
  const digitsAt = sign === MINUS || sign === PLUS ? decimal + 2 : decimal + 1;
  const end = digitsEnd(digitsAt);
  return end > digitsAt ? end : decimal;
}

function digitsEnd(from: number): number {
  let at = from;
  while (classAt(at) === kind.digit || byteAt(at) === UNDERSCORE) at += 1;
  return at;
}

const folder = new Folder();
