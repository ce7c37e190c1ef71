/** Reads from a database's catalog what classification rests on. A writer and its standbys say the same. */
import { z } from "zod";
import { close, reachedBy, type Thing } from "./catalog-closure.ts";
import {
  absentQuery,
  aggregatesQuery,
  BODY_SIZE_MAX,
  codeQuery,
  functionsQuery,
  implicitCastsQuery,
  inheritanceQuery,
  operatorsQuery,
  readsQuery,
  typesQuery,
  versionQuery,
  writesQuery,
} from "./catalog-queries.ts";
import { customNamesIn } from "./custom-names.ts";
import { isOpaque, wordsOf } from "./function-code.ts";
import type { CatalogFacts } from "./sql.ts";

export type Row = readonly (string | null)[];

/** Runs one statement and answers its rows as text. Rejects as its connection does. */
export type CatalogQuery = (sql: string) => Promise<readonly Row[]>;

/**
 * Not volatile by their declaration, and yet not to be asked of a standby: it has no transactions of its own, and what
 * reads a relation by its name in a string may read a tainted one.
 */
const dangerous = [
  "txid_current",
  "txid_current_if_assigned",
  "txid_current_snapshot",
  "pg_current_xact_id",
  "pg_current_xact_id_if_assigned",
  "pg_current_snapshot",
  "table_to_xml",
  "table_to_xml_and_xmlschema",
  "schema_to_xml",
  "schema_to_xml_and_xmlschema",
  "database_to_xml",
  "database_to_xml_and_xmlschema",
];

/** In C, and known to leave something in the session. */
const sessionFunctions = [
  "set_config",
  "dblink_connect",
  "dblink_connect_u",
  "dblink_disconnect",
  "dblink_open",
  "dblink_close",
  "dblink_send_query",
];

/** Joins and orders use them without naming them; an implicit cast hides behind any of them. */
const comparisons = ["=", "<", ">", "<=", ">=", "<>"];

/** Some 10 to 50 ms of the server; the tenth of it here. */
export async function readFacts(query: CatalogQuery): Promise<CatalogFacts> {
  const functions = await query(functionsQuery);
  const code = await readCode(query);
  const reads = [...code.things, ...(await readOthers(query))];
  const writes = (await query(writesQuery)).map((row) => relation(row));
  const absent = (await query(absentQuery)).map(([name]) => name ?? "");
  const implicit = (await query(implicitCastsQuery)).map(([name]) => name ?? "");

  const declared = functions.filter(([, isVolatile]) => isVolatile === "t").map(nameOf);
  const unreadable = functions.filter(([, , isForeign]) => isForeign === "t").map(nameOf);
  const isThere = new Set(functions.map(nameOf));
  const volatile = close(reads, reachedBy([...declared, ...dangerous], absent));
  const opaque = close(
    [...reads, ...writes],
    reachedBy([...sessionFunctions, ...unreadable, ...code.opaque]),
  );
  // Only in an operator or a table do they come without a name of their own.
  if (implicit.some((name) => volatile.functions.has(name))) {
    for (const symbol of comparisons) volatile.operators.add(symbol);
  }
  return {
    functions: isThere,
    volatileFunctions: volatile.functions,
    opaqueFunctions: new Set([...opaque.functions, ...opaque.operators, ...opaque.types]),
    volatileOperators: volatile.operators,
    volatileTypes: volatile.types,
    taintedRelations: volatile.relations,
    opaqueRelations: opaque.relations,
    customSettings: new Set(code.settings),
  };
}

/** Another text after every change of the catalog that `readFacts` would see. */
export async function readCatalogVersion(query: CatalogQuery): Promise<string> {
  const [row] = await query(versionQuery);
  return row?.[0] ?? "";
}

type Code = {
  readonly things: Thing[];
  readonly opaque: string[];
  readonly settings: string[];
};

async function readCode(query: CatalogQuery): Promise<Code> {
  const things: Thing[] = [];
  const opaque: string[] = [];
  const settings: string[] = [];
  for (const [name, body, functions, types] of await query(codeQuery)) {
    const text = body ?? "";
    if (text.length > BODY_SIZE_MAX || isOpaque(text)) opaque.push(name ?? "");
    settings.push(...customNamesIn(text));
    things.push({
      ...thing("function", name),
      functions: list(functions),
      types: list(types),
      words: wordsOf(text),
    });
  }
  return { things, opaque, settings };
}

async function readOthers(query: CatalogQuery): Promise<readonly Thing[]> {
  const aggregates = await query(aggregatesQuery);
  const operators = await query(operatorsQuery);
  const types = await query(typesQuery);
  const reads = await query(readsQuery);
  const inheritance = await query(inheritanceQuery);
  return [
    ...aggregates.map(([name, used]) => ({ ...thing("function", name), functions: list(used) })),
    ...operators.map(([name, used]) => ({ ...thing("operator", name), functions: [used ?? ""] })),
    ...types.map(([name, used, within]) => ({
      ...thing("type", name),
      functions: list(used),
      types: list(within),
    })),
    ...reads.map((row) => relation(row)),
    ...inheritance.map(([parent, child]) => ({
      ...thing("relation", parent),
      relations: [child ?? ""],
    })),
  ];
}

/** A view depends on itself, by its rule. */
function relation([name, functions, relations, types]: Row): Thing {
  return {
    ...thing("relation", name),
    functions: list(functions),
    relations: list(relations),
    types: list(types),
  };
}

function thing(kind: Thing["kind"], name: string | null | undefined): Thing {
  return { kind, name: name ?? "", functions: [], types: [], relations: [], words: noWords };
}

const noWords: ReadonlySet<string> = new Set();

const nameOf = ([name]: Row): string => name ?? "";

const names = z.array(z.string());

function list(json: string | null | undefined): readonly string[] {
  return json === null || json === undefined ? [] : names.parse(JSON.parse(json));
}
