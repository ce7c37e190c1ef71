/** Everything a statement names, at any depth: functions, operators, types, relations, and what makes it a write. */
import { isTree, namesOf, nodeOf, textOf, type Tree } from "./syntax-tree.ts";

export type Names = {
  readonly functions: Set<string>;
  readonly operators: Set<string>;
  readonly types: Set<string>;
  readonly relations: Set<string>;
  readonly fields: Set<string>;
  /** In words, the first thing found that no read contains. */
  write: string | undefined;
  isTemporary: boolean;
};

export function noNames(): Names {
  return {
    functions: new Set(),
    operators: new Set(),
    types: new Set(),
    relations: new Set(),
    fields: new Set(),
    write: undefined,
    isTemporary: false,
  };
}

/** Kinds of nodes of which a read may consist. A kind that a later PostgreSQL adds is a write until it is listed. */
const readKinds = new Set(
  `SelectStmt ResTarget ColumnRef ParamRef A_Const A_Star A_Expr A_Indirection A_Indices A_ArrayExpr BoolExpr
  NullTest BooleanTest SubLink CaseExpr CaseWhen CoalesceExpr MinMaxExpr FuncCall TypeCast TypeName CollateClause
  RowExpr NamedArgExpr SortBy WindowDef GroupingFunc GroupingSet SQLValueFunction XmlExpr XmlSerialize
  RangeVar RangeSubselect RangeFunction RangeTableSample RangeTableFunc RangeTableFuncCol JoinExpr
  CommonTableExpr ColumnDef List String Integer Float Boolean BitString DefElem
  JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor JsonObjectAgg JsonArrayAgg JsonFuncExpr
  JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonIsPredicate JsonValueExpr JsonKeyValue JsonArgument
  JsonAggConstructor JsonReturning JsonFormat JsonOutput JsonBehavior
  JsonTable JsonTableColumn JsonTablePathSpec`.split(/\s+/),
);

/** What samples a table is a function too; these are known. */
const samplingMethods = new Set(["bernoulli", "system", "system_rows", "system_time"]);

/** Adds what `root` names. Iterative: a chain of 10,000 operators is that deep. */
export function walk(root: unknown, names: Names): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) {
      for (const item of value) open.push(item);
    } else if (isTree(value)) {
      look(value, names);
      for (const child of Object.values(value)) {
        if (typeof child === "object" && child !== null) open.push(child);
      }
    }
  }
}

function look(tree: Tree, names: Names): void {
  for (const key in tree) {
    const first = key.charCodeAt(0);
    // A wrapped node: kinds begin with a capital, fields do not.
    if (first < 65 || first > 90) continue;
    if (!readKinds.has(key)) names.write ??= `it contains ${key}`;
    const body = tree[key];
    if (isTree(body)) lookInto(key, body, names);
  }
  if ("relname" in tree) addRelation(tree, names);
  if ("funcname" in tree) addLast(tree["funcname"], names.functions, names);
  if ("names" in tree) addLast(tree["names"], names.types, names);
  if ("intoClause" in tree) names.write ??= "SELECT INTO makes a table";
}

function lookInto(kind: string, body: Tree, names: Names): void {
  switch (kind) {
    case "A_Expr":
      return addLast(body["name"], names.operators, names);
    case "SubLink":
      return addLast(body["operName"], names.operators, names);
    case "SortBy":
      return addLast(body["useOp"], names.operators, names);
    case "ColumnRef":
      return addField(body["fields"], 2, names);
    case "A_Indirection":
      return addField(body["indirection"], 1, names);
    case "RangeTableSample":
      if (!samplingMethods.has(namesOf(body["method"]).at(-1) ?? "")) {
        names.write ??= "its sampling method is not known";
      }
      return;
    case "String":
      if (isTemporarySchema(textOf(body["sval"]))) names.isTemporary = true;
      return;
    default:
  }
}

function addRelation(tree: Tree, names: Names): void {
  names.relations.add(textOf(tree["relname"]));
  const schema = tree["schemaname"];
  if (tree["relpersistence"] === "t" || isTemporarySchema(textOf(schema))) names.isTemporary = true;
}

export function isTemporarySchema(name: string): boolean {
  return name === "pg_temp" || /^pg_(toast_)?temp_\d+$/.test(name);
}

function addLast(list: unknown, to: Set<string>, names: Names): void {
  const parts = namesOf(list);
  const last = parts.at(-1);
  if (last !== undefined) to.add(last);
  if (parts.length > 1 && isTemporarySchema(parts[0] ?? "")) names.isTemporary = true;
}

function addField(list: unknown, lengthMin: number, names: Names): void {
  if (!Array.isArray(list) || list.length < lengthMin) return;
  for (const item of list.slice(lengthMin - 1)) {
    const node = nodeOf(item);
    if (node?.kind === "String") names.fields.add(textOf(node.body["sval"]));
  }
}
