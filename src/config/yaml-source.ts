/** The YAML text: what it holds as plain values, and where in the text each of them stands. */
import {
  Lexer,
  LineCounter,
  Parser,
  isAlias,
  isMap,
  isScalar,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Pair,
  type YAMLError,
} from "yaml";
import { configTextMaxChars } from "./limits.ts";

export type Position = { readonly line: number; readonly column: number };

/** Something wrong with the text itself. */
export type YamlProblem = { readonly at: Position; readonly message: string };

export type YamlSource = {
  readonly problems: readonly YamlProblem[];
  /** Undefined when the text cannot be understood at all; `problems` says why. */
  readonly content: YamlContent | undefined;
};

export type YamlContent = {
  readonly value: unknown;
  /** Where the key of the field at `path` stands, or else of the nearest field around it. */
  readonly keyAt: (path: readonly string[]) => Position;
  /** Where its value stands; where the key does when there is none. */
  readonly valueAt: (path: readonly string[]) => Position;
};

/**
 * The deepest field of a world is at level 6, and the parser needs about three places for each. The parser
 * of `yaml` recurses: text that is nested some thousand levels deep would end the process.
 */
const nestingMax = 60;

/** How often aliases may be resolved. Beyond it, a small text stands for a huge document. */
const aliasesMax = 100;

const start: Position = { line: 1, column: 1 };

export function readYaml(text: string): YamlSource {
  if (text.length > configTextMaxChars) {
    return broken(start, `the file is larger than ${configTextMaxChars} characters`);
  }
  const tooDeepAt = findTooDeep(text);
  if (tooDeepAt !== undefined) {
    return broken(lineAndColumn(text, tooDeepAt), "this is nested too deeply");
  }
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // The check of `yaml` compares each key with each; see `findDuplicates`.
  const options = { lineCounter: lines, stringKeys: true, prettyErrors: false, uniqueKeys: false };
  const document = parseDocument(text, options);
  const unreadable = [
    ...firstOfEachLine([...document.errors, ...document.warnings], at).map((error) => ({
      at: at(error.pos[0]),
      message: explain(error),
    })),
    ...findUnusable(document, at),
  ];
  // A field that stands twice leaves the rest readable, so that all that is wrong is told at once.
  const problems = [...unreadable, ...findDuplicates(document, at)];
  if (unreadable.length > 0) return { problems, content: undefined };
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasesMax });
    return { problems, content: contentOf(document, value, at) };
  } catch (error) {
    // Nothing else is thrown once every alias is known to have an anchor.
    const message = error instanceof Error ? error.message : String(error);
    return broken(start, `the aliases cannot be resolved: ${message}`);
  }
}

const broken = (at: Position, message: string): YamlSource => ({
  problems: [{ at, message }],
  content: undefined,
});

/** The offset at which the text nests deeper than `nestingMax`. The low-level parser does not recurse. */
function findTooDeep(text: string): number | undefined {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // It gives whole documents at their end; what counts here is how deep it stands on the way.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > nestingMax) return Math.min(parser.offset, text.length);
  }
  return undefined;
}

function lineAndColumn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** One slip makes `yaml` report several errors in a row; the first tells, the others confuse. */
function firstOfEachLine(
  errors: readonly YAMLError[],
  at: (offset: number) => Position,
): readonly YAMLError[] {
  const told = new Set<number>();
  return errors.filter((error) => {
    const { line } = at(error.pos[0]);
    if (told.has(line)) return false;
    told.add(line);
    return true;
  });
}

function explain(error: YAMLError): string {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "this line is indented with a tab; YAML wants spaces";
    case "MULTIPLE_DOCS":
      return "a second document begins here; a file describes one world";
    case "NON_STRING_KEY":
      return "this cannot be the name of a field";
    default:
      return `this is not YAML: ${error.message}`;
  }
}

/** Aliases that lead nowhere or in a circle, and a name that objects of JavaScript do not keep as any other. */
function findUnusable(
  document: Document.Parsed,
  at: (offset: number) => Position,
): readonly YamlProblem[] {
  const problems: YamlProblem[] = [];
  const add = (node: unknown, message: string): void => {
    problems.push({ at: at(offsetOf(node) ?? 0), message });
  };
  visit(document, {
    Pair: (_key, { key }: Pair) => {
      if (isScalar(key) && key.value === "__proto__") add(key, "`__proto__` is not a field here");
    },
    Alias: (_key, alias: Alias, path) => {
      const target = alias.resolve(document);
      if (target === undefined)
        add(alias, `*${alias.source} refers to an anchor that is not there`);
      else if (path.includes(target)) add(alias, `*${alias.source} refers to what it stands in`);
    },
  });
  return problems;
}

function findDuplicates(
  document: Document.Parsed,
  at: (offset: number) => Position,
): readonly YamlProblem[] {
  const problems: YamlProblem[] = [];
  visit(document, {
    Map: (_key, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name))
          problems.push({ at: at(offsetOf(key) ?? 0), message: twice(String(name)) });
        seen.add(name);
      }
    },
  });
  return problems;
}

function twice(name: string): string {
  const why = name === "primary" ? ": a database has one primary Region" : "";
  return `\`${name}\` stands here for the second time; keep one of them${why}`;
}

function contentOf(
  document: Document.Parsed,
  value: unknown,
  at: (offset: number) => Position,
): YamlContent {
  const find = (path: readonly string[], part: "key" | "value"): Position => {
    let node: unknown = document.contents;
    let offset = offsetOf(node);
    for (const [index, name] of path.entries()) {
      const map = isAlias(node) ? node.resolve(document) : node;
      const pair = isMap(map)
        ? map.items.find(({ key }) => isScalar(key) && key.value === name)
        : undefined;
      if (pair === undefined) break;
      node = pair.value;
      const isWanted = part === "value" && index === path.length - 1;
      offset = (isWanted ? offsetOf(node) : undefined) ?? offsetOf(pair.key) ?? offset;
    }
    return at(offset ?? 0);
  };
  return {
    value,
    keyAt: (path) => find(path, "key"),
    valueAt: (path) => find(path, "value"),
  };
}

function offsetOf(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] } | null)?.range;
  // An empty value has a range of no length, somewhere behind its key.
  return range === undefined || range[0] === range[1] ? undefined : range[0];
}
