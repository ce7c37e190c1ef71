/** The reference pages, printed from the tables that the program itself works with (`npm run docs`). */
import { failures } from "../model/failure-table.ts";
import { jsonFile } from "../std/json-file.ts";
import { allowedIn, configJsonSchema, type JsonSchema, fieldsOf } from "./json-schema.ts";

const generated = (from: string): string =>
  `<!-- Printed from ${from} by \`npm run docs\`; changes here are lost. -->\n`;

/** docs/reference/leeward.schema.json */
export function schemaFile(): string {
  return jsonFile(configJsonSchema());
}

/** docs/reference/configuration.md */
export function configurationReference(): string {
  const root = configJsonSchema();
  const head = [
    "# leeward.yaml",
    generated("src/config/schema.ts"),
    "`<name>` stands for a name that you choose. `leeward schema` prints the same as JSON Schema; editors",
    "complete from it when the file begins with",
    "`# yaml-language-server: $schema=` and the path of `leeward.schema.json`.\n",
    "| Field | Holds | Default | What it is |",
    "| --- | --- | --- | --- |",
  ];
  return `${[...head, ...rowsOf(root, "")].join("\n")}\n`;
}

function rowsOf(group: JsonSchema, prefix: string): readonly string[] {
  const { properties = {}, additionalProperties, required = [] } = fieldsOf(group);
  const named = Object.entries(properties).flatMap(([name, field]) =>
    rowsOfField(`${prefix}${name}`, field, required.includes(name)),
  );
  const isOpen = typeof additionalProperties === "object";
  return [...named, ...(isOpen ? rowsOfField(`${prefix}<name>`, additionalProperties, false) : [])];
}

function rowsOfField(path: string, field: JsonSchema, isRequired: boolean): readonly string[] {
  const holds = field.type === "object" ? "fields" : allowedIn(field);
  const cells = [`\`${path}\``, holds, defaultOf(field, isRequired), field.description ?? ""];
  const row = `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row, ...rowsOf(field, `${path}.`)];
}

function defaultOf(field: JsonSchema, isRequired: boolean): string {
  if (isRequired) return "required";
  return field.default === undefined || field.type === "object"
    ? ""
    : `\`${JSON.stringify(field.default).replaceAll('"', "")}\``;
}

/** docs/reference/errors.md */
export function errorsReference(): string {
  const head = [
    "# Errors",
    generated("src/model/failure-table.ts"),
    "Every failure has a code. Commands print it and end with its exit status; the API answers with its HTTP",
    "status and the code in the body.\n",
    "| Code | HTTP | Exit | What to do |",
    "| --- | --- | --- | --- |",
  ];
  const rows = Object.entries(failures).map(
    ([code, { http, exit, hint }]) => `| \`${code}\` | ${http} | ${exit} | ${hint} |`,
  );
  return `${[...head, ...rows].join("\n")}\n`;
}
