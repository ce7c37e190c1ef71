/** The schema as JSON: for editors, for `leeward schema`, for the reference, and for our error messages. */
import { z } from "zod";
import { configShape } from "./schema.ts";

/** The keywords of JSON Schema (draft 7) that the schema uses, and `unit`, which is ours. */
export type JsonSchema = {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  /** Of a list. */
  readonly items?: JsonSchema;
  /** Both keywords are understood by the YAML and JSON language servers, too. */
  readonly patternErrorMessage?: string;
  readonly errorMessage?: string;
};

/** Draft 7, which the language servers of YAML and JSON complete from. Rules between fields are not in it. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configShape, { target: "draft-7", io: "input" }) as JsonSchema;
}

/** The schema of the field at `path`, or undefined when there is no such field. */
export function fieldSchema(root: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const name of path) schema = schema === undefined ? undefined : child(schema, name);
  return schema;
}

function child(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties = {}, additionalProperties, items } = fieldsOf(schema);
  if (Object.hasOwn(properties, name)) return properties[name];
  if (items) return items;
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** Of a field that may hold fields or something simpler: those fields. */
export function fieldsOf(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ type }) => type === "object") ?? schema;
}

/** What a field may hold, in words: `a whole number of ms from 0 to 60000`. */
export function allowedIn(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(allowedIn).join(" or ");
  if (schema.enum) return schema.enum.map(String).join(", ");
  switch (schema.type) {
    case "integer":
    case "number":
      return `${schema.type === "integer" ? "a whole number" : "a number"}${unitAndRange(schema)}`;
    case "string":
      return schema.patternErrorMessage ?? "a text of one line";
    case "boolean":
      return "true, false";
    case "object":
      return fieldsIn(schema);
    case "array":
      return `a list, each ${allowedIn(schema.items ?? {})}`;
    default:
      return "nothing";
  }
}

function unitAndRange({ unit, minimum, maximum }: JsonSchema): string {
  const range = minimum === undefined ? "" : ` from ${minimum} to ${maximum}`;
  return `${unit === undefined ? "" : ` of ${unit}`}${range}`;
}

function fieldsIn({ properties, propertyNames }: JsonSchema): string {
  if (properties) return `fields (${Object.keys(properties).join(", ")})`;
  const names = propertyNames?.patternErrorMessage;
  return names === undefined ? "fields" : `fields, each with ${names}`;
}
