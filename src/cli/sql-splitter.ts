/**
 * Cuts SQL into statements as PostgreSQL's own lexer would: a semicolon inside quotes, dollar quotes, comments, brackets
 * or the body of a `BEGIN ATOMIC` function ends nothing. Pure.
 */

export type SqlSplit = {
  readonly statements: readonly string[];
  /** What follows the last semicolon: the beginning of a statement, or nothing but space and comments. */
  readonly rest: string;
};

type State = {
  readonly text: string;
  at: number;
  start: number;
  brackets: number;
  /** Depth of BEGIN … END and CASE … END inside a function's body. */
  blocks: number;
  words: string[];
};

/** A statement's first words tell whether it may hold a body; more are not looked at. */
const wordsMax = 4;

export function splitSql(text: string): SqlSplit {
  const state: State = { text, at: 0, start: 0, brackets: 0, blocks: 0, words: [] };
  const statements: string[] = [];
  while (state.at < text.length) {
    const token = nextToken(text, state.at);
    state.at += token.length;
    if (token === ";" && state.brackets === 0 && state.blocks === 0) {
      const statement = text.slice(state.start, state.at - 1).trim();
      if (!isEmpty(statement)) statements.push(statement);
      Object.assign(state, { start: state.at, brackets: 0, words: [] });
    } else {
      note(state, token);
    }
  }
  return { statements, rest: text.slice(state.start) };
}

/** Nothing but space and comments. */
export function isEmpty(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const token = nextToken(text, at);
    if (token.trim() !== "" && !token.startsWith("--") && !token.startsWith("/*")) return false;
    at += token.length;
  }
  return true;
}

/** The statement's first word in upper case: `SELECT`. */
export function firstWord(statement: string): string {
  let at = 0;
  while (at < statement.length) {
    const token = nextToken(statement, at);
    if (/^[a-z_]/i.test(token)) return token.toUpperCase();
    at += token.length;
  }
  return "";
}

function note(state: State, token: string): void {
  if (token === "(") state.brackets += 1;
  if (token === ")") state.brackets = Math.max(0, state.brackets - 1);
  if (!/^[a-z_]/i.test(token)) return;
  const word = token.toUpperCase();
  if (state.words.length < wordsMax) state.words.push(word);
  if (!/^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)/.test(state.words.join(" "))) return;
  if (word === "BEGIN" || (word === "CASE" && state.blocks > 0)) state.blocks += 1;
  if (word === "END" && state.blocks > 0) state.blocks -= 1;
}

const plainTokens = [
  /--[^\n]*/y,
  /\s+/y,
  // E'…' knows backslashes; other strings do not (standard_conforming_strings).
  /e'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/iy,
  /'(?:[^']|'')*(?:'|$)/y,
  /"(?:[^"]|"")*(?:"|$)/y,
  /[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*/iy,
  /[0-9][0-9a-z_.]*/iy,
];

function nextToken(text: string, at: number): string {
  if (text.startsWith("/*", at)) return blockComment(text, at);
  const dollar = dollarQuote(text, at);
  if (dollar !== undefined) return dollar;
  for (const pattern of plainTokens) {
    pattern.lastIndex = at;
    const [token] = pattern.exec(text) ?? [];
    if (token) return token;
  }
  return text[at] ?? "";
}

/** They nest. */
function blockComment(text: string, at: number): string {
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return text.slice(at, mark.lastIndex);
  }
  return text.slice(at);
}

function dollarQuote(text: string, at: number): string | undefined {
  if (text[at] !== "$") return undefined;
  const opening = /\$(?:[a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]*)?\$/iy;
  opening.lastIndex = at;
  const [tag] = opening.exec(text) ?? [];
  if (tag === undefined) return undefined;
  const end = text.indexOf(tag, at + tag.length);
  return end === -1 ? text.slice(at) : text.slice(at, end + tag.length);
}
