import { expect, test } from "vitest";
import {
  allowedIn,
  configJsonSchema,
  fieldSchema,
  fieldsOf,
  type JsonSchema,
} from "./json-schema.ts";

const root = configJsonSchema();

/** Every field below `schema`, with its path. */
function fields(schema: JsonSchema, path: readonly string[] = []): readonly [string, JsonSchema][] {
  const { properties, additionalProperties } = fieldsOf(schema);
  const open = typeof additionalProperties === "object" ? { "*": additionalProperties } : {};
  return Object.entries({ ...properties, ...open }).flatMap(([name, field]) => [
    [[...path, name].join("."), field] as [string, JsonSchema],
    ...fields(field, [...path, name]),
  ]);
}

test("every field says what it is", () => {
  const silent = fields(root).filter(([, { description }]) => !description);
  expect(silent.map(([path]) => path)).toEqual([]);
});

test.for([
  [/Ms$/, "ms"],
  [/Mb$/, "MiB"],
  [/BytesMax$/, "bytes"],
  [/Days$/, "days"],
  [/Percent$/, "percent"],
] as const)("a field whose name ends in %s has its unit in the schema", ([ending, unit]) => {
  const named = fields(root).filter(([path]) => ending.test(path));
  expect(named).not.toEqual([]);
  expect(named.filter(([, field]) => field.unit !== unit).map(([path]) => path)).toEqual([]);
});

test("the schema is closed, so that editors mark what does not belong", () => {
  expect(root.additionalProperties).toBe(false);
  expect(root.$schema).toBe("http://json-schema.org/draft-07/schema#");
  expect(root.required).toEqual(["name", "regions", "databases"]);
});

test("a field's schema is found under a name that the user chose", () => {
  const schema = fieldSchema(root, ["databases", "constructor", "rpoGuardMs"]);
  expect(schema && allowedIn(schema)).toBe("a whole number of ms from 0 to 3600000");
  expect(fieldSchema(root, ["constructor"])).toBeUndefined();
});
