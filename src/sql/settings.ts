/** SET, RESET and set_config: which setting gets which value, and how to say it again to another server. */
import type { Effect } from "./sql.ts";
import { constantOf, nodesOf, textOf, type Tree } from "./syntax-tree.ts";
import { isTemporarySchema } from "./walk.ts";

/** Undefined: it cannot be said again, and its server is to be asked. */
export type Setting = readonly Effect[] | undefined;

export function readSet(body: Tree): Setting {
  const name = textOf(body["name"]);
  const isLocal = body["is_local"] === true;
  switch (textOf(body["kind"])) {
    case "VAR_RESET_ALL":
      return [{ kind: "reset-all" }];
    case "VAR_RESET":
    case "VAR_SET_DEFAULT":
      return assign(name, [], isLocal);
    case "VAR_SET_VALUE":
      return readValues(name, body["args"], isLocal);
    case "VAR_SET_MULTI":
      return readCharacteristics(name, body["args"]);
    default:
      return undefined;
  }
}

function readValues(name: string, list: unknown, isLocal: boolean): Setting {
  const items = Array.isArray(list) ? list : [];
  const values: Value[] = [];
  for (const item of items) {
    const constant = constantOf(item);
    if (constant?.kind === "text" || constant?.kind === "number") {
      values.push({ text: constant.text, isNumber: constant.kind === "number" });
    } else {
      const zone = intervalOf(item);
      if (zone === undefined) return undefined;
      return [
        { kind: "set", name: lower(name), sql: `SET TIME ZONE ${zone}`, value: undefined, isLocal },
      ];
    }
  }
  return values.length > 0 ? assign(name, values, isLocal) : undefined;
}

/** SET TIME ZONE INTERVAL '-08:00': hours and minutes, whether or not it says so. */
function intervalOf(value: unknown): string | undefined {
  const [node] = nodesOf([value]);
  if (node?.kind !== "TypeCast") return undefined;
  const constant = constantOf(node.body["arg"]);
  return constant?.kind === "text" && /^[+-]?\d+:\d\d$/.test(constant.text)
    ? `INTERVAL ${quote(constant.text)} HOUR TO MINUTE`
    : undefined;
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS. */
function readCharacteristics(name: string, options: unknown): Setting {
  const settings = nodesOf(options).flatMap(({ kind, body }) => {
    const constant = kind === "DefElem" ? constantOf(body["arg"]) : undefined;
    if (constant?.kind !== "text" && constant?.kind !== "number") return [];
    return [{ name: textOf(body["defname"]), text: constant.text }];
  });
  if (name === "SESSION CHARACTERISTICS") {
    return settings.flatMap(
      (each) =>
        assign(`default_${each.name}`, [{ text: spoken(each.text), isNumber: false }], false) ?? [],
    );
  }
  if (name !== "TRANSACTION") return undefined;
  const readOnly = settings.findLast((each) => each.name === "transaction_read_only");
  return [{ kind: "set-transaction", isReadOnly: readOnly && readOnly.text === "1" }];
}

const spoken = (text: string): string => (text === "1" ? "on" : text === "0" ? "off" : text);

/** The arguments of set_config, each a constant; undefined when they are not, and nobody knows what it sets. */
export function readSetConfig(args: unknown): Setting {
  if (!Array.isArray(args) || args.length !== 3) return undefined;
  const [name, value, isLocal] = args.map(constantOf);
  if (name?.kind !== "text" || isLocal?.kind !== "boolean") return undefined;
  if (value?.kind === "null") return assign(name.text, [], isLocal.isTrue);
  return value?.kind === "text" ? assignText(name.text, value.text, isLocal.isTrue) : undefined;
}

function assignText(name: string, value: string, isLocal: boolean): Setting {
  const texts = quotedLists.has(lower(name)) ? splitIdentifiers(value) : [value];
  const values = texts?.map((text) => ({ text, isNumber: false }));
  return values && assign(name, values, isLocal, value);
}

/** SET takes each value of these as one name, set_config takes them all as one text with commas. */
const quotedLists = new Set([
  "search_path",
  "temp_tablespaces",
  "local_preload_libraries",
  "session_preload_libraries",
]);

/** As PostgreSQL splits a list of names; undefined when it would refuse it. */
function splitIdentifiers(list: string): readonly string[] | undefined {
  if (list.trim() === "") return [""];
  const names: string[] = [];
  const item = /\s*(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*(,|$)/y;
  for (;;) {
    const found = item.exec(list);
    if (!found) return undefined;
    const [, quoted, plain = "", separator] = found;
    names.push(quoted === undefined ? lower(plain) : quoted.replaceAll('""', '"'));
    if (separator !== ",") return names;
  }
}

const ofTransaction = new Set([
  "transaction_isolation",
  "transaction_read_only",
  "transaction_deferrable",
]);

type Value = { readonly text: string; readonly isNumber: boolean };

/** No values: the default again. */
function assign(
  name: string,
  values: readonly Value[],
  isLocal: boolean,
  asText?: string,
): Setting {
  const setting = lower(name);
  const [first] = values;
  if (ofTransaction.has(setting)) {
    const isReadOnly = setting === "transaction_read_only" && first ? isOn(first.text) : undefined;
    return [{ kind: "set-transaction", isReadOnly }];
  }
  // It cannot be reset, and is the beginning of random numbers, which nobody may rely on in another server.
  if (setting === "seed") return [];
  const sql = first && `SET ${quoteName(setting)} TO ${values.map(literal).join(", ")}`;
  const value = asText ?? (values.length === 1 ? first?.text : undefined);
  const effect: Effect = { kind: "set", name: setting, sql, value, isLocal };
  // What this session makes without naming a schema is temporary from now on.
  const isTemporary = setting === "search_path" && first && isTemporarySchema(first.text);
  return isTemporary ? [effect, { kind: "pin", because: "temporary table" }] : [effect];
}

/** What PostgreSQL takes for true. */
export function isOn(text: string): boolean {
  return /^(on|true|t|tr|tru|yes|y|ye|1)$/i.test(text);
}

const literal = (value: Value): string => (value.isNumber ? value.text : quote(value.text));

/** Holds under either `standard_conforming_strings`. */
function quote(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** `leeward.consistency` is two names with a dot between them. */
function quoteName(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}

/** Names of settings know no case; what is not ASCII is left as it is. */
function lower(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
