/** What is wrong with one field, in the words of a person who wants to mend it. */
import type { z } from "zod";
import { nearest } from "../std/nearest.ts";
import { allowedIn, fieldSchema, type JsonSchema } from "./json-schema.ts";

export type FieldProblem = {
  readonly path: readonly string[];
  /** Whether the key itself is wrong, or its value. */
  readonly part: "key" | "value";
  readonly message: string;
};

/** One value of the file is repeated in a message up to this length. */
const quotedMaxChars = 60;

/** More names than this are not listed; the nearest one is offered anyway. */
const listedMax = 25;

/** The fields of one group that are not known; a file of another kind has thousands. */
const unknownFieldsMax = 50;

export type Issue = z.core.$ZodIssue;

/** A Zod issue about `value` (the whole document) as problems, one for each wrong field. */
export function problemsOf(
  issue: Issue,
  value: unknown,
  root: JsonSchema,
): readonly FieldProblem[] {
  const path = issue.path.map(String);
  switch (issue.code) {
    case "unrecognized_keys": {
      const names = Object.keys(fieldSchema(root, path)?.properties ?? {});
      return issue.keys.slice(0, unknownFieldsMax).map((key) => ({
        path: [...path, key],
        part: "key",
        message: `is not a field here${choice(key, names)}`,
      }));
    }
    case "invalid_key":
      return [{ path, part: "key", message: wrongName(path, root) }];
    case "custom": {
      const { given, allowed } = (issue.params ?? {}) as {
        readonly given?: string;
        readonly allowed?: readonly string[];
      };
      const part = given === undefined || path.at(-1) === given ? "key" : "value";
      return [{ path, part, message: `${issue.message}${choice(given, allowed ?? [])}` }];
    }
    default:
      return [wrongValue(path, valueIn(value, path), root)];
  }
}

function wrongName(path: readonly string[], root: JsonSchema): string {
  const names = fieldSchema(root, path.slice(0, -1))?.propertyNames?.patternErrorMessage;
  return `is not a possible name${names === undefined ? "" : `; allowed: ${names}`}`;
}

function wrongValue(path: readonly string[], value: unknown, root: JsonSchema): FieldProblem {
  const schema = fieldSchema(root, path) ?? {};
  if (path.length === 0) {
    const message = `the file holds ${nameOf(value)}; allowed: ${allowedIn(schema)}`;
    return { path, part: "value", message };
  }
  if (schema.errorMessage !== undefined && schema.type === undefined) {
    return { path, part: "key", message: `is refused: ${schema.errorMessage}` };
  }
  const what =
    value === undefined
      ? `is missing; allowed: ${allowedIn(schema)}`
      : `is ${nameOf(value)}${wrongKind(value, schema)}${choiceOf(value, schema)}`;
  const why = schema.errorMessage === undefined ? "" : ` (${schema.errorMessage})`;
  return { path, part: "value", message: `${what}${why}` };
}

function choiceOf(value: unknown, schema: JsonSchema): string {
  if (schema.enum)
    return choice(typeof value === "string" ? value : undefined, schema.enum.map(String));
  if (value === null && schema.type === "object")
    return ", which is no value; write `{}` for the defaults";
  return `; allowed: ${allowedIn(schema)}`;
}

/** The commonest slip with numbers: quotes or a unit make a text of them. */
function wrongKind(value: unknown, schema: JsonSchema): string {
  const wantsNumber = schema.type === "integer" || schema.type === "number";
  if (!wantsNumber || typeof value !== "string") return "";
  if (/^-?[0-9]+(\.[0-9]+)?$/.test(value)) return ", a text; write the number without quotes";
  return /^-?[0-9]/.test(value) ? ", a text; write the number without its unit" : ", a text";
}

/** `; allowed: a, b; did you mean "a"?` */
function choice(given: string | undefined, allowed: readonly string[]): string {
  if (allowed.length === 0) return "";
  const listed = allowed.slice(0, listedMax).join(", ");
  const rest = allowed.length > listedMax ? ` and ${allowed.length - listedMax} more` : "";
  const meant = given === undefined ? undefined : nearest(given, allowed);
  return `; allowed: ${listed}${rest}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a group of fields";
  const text = JSON.stringify(value);
  return text.length > quotedMaxChars ? `${text.slice(0, quotedMaxChars)}…` : text;
}

function valueIn(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    const isGroup = typeof current === "object" && current !== null && Object.hasOwn(current, name);
    current = isGroup ? (current as Record<string, unknown>)[name] : undefined;
  }
  return current;
}
