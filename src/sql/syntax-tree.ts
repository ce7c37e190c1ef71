/**
 * PostgreSQL's raw parse tree as libpg-query prints it. A node is wrapped in an object whose one key is its kind
 * (`{ FuncCall: { funcname: […] } }`); where the grammar allows but one kind, it is not. Zeroes and false are left out.
 * It is walked rather than typed: a construct nobody thought of must be met, not missed.
 */
export type Tree = { readonly [key: string]: unknown };

export type Node = { readonly kind: string; readonly body: Tree };

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A wrapped node, or undefined where there is none. */
export function nodeOf(value: unknown): Node | undefined {
  if (!isTree(value)) return undefined;
  const [entry] = Object.entries(value);
  return entry && isTree(entry[1]) ? { kind: entry[0], body: entry[1] } : undefined;
}

/** The wrapped nodes of a list. */
export function nodesOf(value: unknown): readonly Node[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => nodeOf(item) ?? []);
}

/** "" where there is none: an empty text is printed that way. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Of a list of String nodes: a qualified name. */
export function namesOf(value: unknown): readonly string[] {
  return nodesOf(value).flatMap(({ kind, body }) =>
    kind === "String" ? [textOf(body["sval"])] : [],
  );
}

export type Constant =
  | { readonly kind: "null" }
  | { readonly kind: "text" | "number"; readonly text: string }
  | { readonly kind: "boolean"; readonly isTrue: boolean };

/** Undefined: it is anything else than one constant. */
export function constantOf(value: unknown): Constant | undefined {
  const node = nodeOf(value);
  if (node?.kind !== "A_Const") return undefined;
  const { isnull, sval, ival, fval, boolval } = node.body;
  if (isnull === true) return { kind: "null" };
  if (isTree(sval)) return { kind: "text", text: textOf(sval["sval"]) };
  if (isTree(ival)) return { kind: "number", text: String(ival["ival"] ?? 0) };
  if (isTree(fval)) return { kind: "number", text: textOf(fval["fval"]) };
  if (isTree(boolval)) return { kind: "boolean", isTrue: boolval["boolval"] === true };
  return undefined;
}
