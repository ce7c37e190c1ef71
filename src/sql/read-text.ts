/** What a parsed text says of itself: every statement by its kind, and everything that it names. */
import { readSet, readSetConfig } from "./settings.ts";
import type { Effect, PinReason, Place } from "./sql.ts";
import { isTree, namesOf, type Node, nodeOf, nodesOf, type Tree } from "./syntax-tree.ts";
import type { TextUses } from "./text-uses.ts";
import { readTransaction } from "./transactions.ts";
import { alone, isDefinition, readUtility, type Utility } from "./utilities.ts";
import { type Names, noNames, walk } from "./walk.ts";

/** What libpg-query makes of a text. */
export type ParseTree = { readonly stmts?: readonly unknown[] };

export function readText(tree: ParseTree): TextUses {
  const text = new TextReader();
  for (const raw of tree.stmts ?? []) {
    const node = isTree(raw) ? nodeOf(raw["stmt"]) : undefined;
    if (node) text.read(node);
  }
  return text.uses();
}

const sessionLocks = /^pg_(try_)?advisory_lock(_shared)?$/;
const sessionUnlocks = /^pg_advisory_unlock(_shared|_all)?$/;

class TextReader {
  readonly #names = noNames();
  readonly #effects: Effect[] = [];
  #place: Place = "anywhere";
  #because = "nothing in it writes";
  #isPlain = true;
  #count = 0;

  uses(): TextUses {
    const { functions, operators, types, relations, fields } = this.#names;
    return {
      count: this.#count,
      place: this.#place,
      because: this.#because,
      effects: this.#effects,
      isPlain: this.#isPlain,
      functions: [...functions],
      operators: [...operators],
      types: [...types],
      relations: [...relations],
      fields: [...fields],
    };
  }

  read(node: Node): void {
    this.#count += 1;
    this.#statement(node);
  }

  #statement(node: Node): void {
    const { kind, body } = node;
    switch (kind) {
      case "TransactionStmt":
        return this.#take(readTransaction(body));
      case "VariableSetStmt":
        return this.#set(body);
      case "ExplainStmt":
        return this.#inner(body["query"]);
      case "DeclareCursorStmt":
        return this.#declare(body);
      case "PrepareStmt":
        this.#add({ kind: "prepare", name: nameIn(body) });
        this.#pin("prepared statement");
        return this.#write("what is prepared stays with its server");
      case "CopyStmt":
        return this.#copy(body);
      case "SelectStmt":
        return this.#query(body);
      default:
        return this.#other(kind, body);
    }
  }

  #other(kind: string, body: Tree): void {
    const utility = readUtility(kind, body);
    if (utility) return this.#take(utility);
    const names = this.#walk({ [kind]: body }, isDefinition(kind));
    if (isDefinition(kind) && !names.isTemporary) this.#add({ kind: "ddl" });
    if (kind === "DropStmt") this.#add({ kind: "unpin" });
    if (alone(kind, body)) this.#isPlain = false;
    // The rule of this view calls set_config.
    if (names.relations.has("pg_settings")) this.#add({ kind: "opaque" });
    this.#write(`${kind} writes`);
  }

  #query(body: Tree): void {
    const settings = this.#settingsOf(body);
    const names = this.#walk(settings ? settings.rest : { SelectStmt: body }, false);
    for (const effect of settings?.effects ?? []) this.#add(effect);
    if (settings?.effects.some(leavesStandby)) this.#write("it sets what a standby refuses");
    if (names.write !== undefined) this.#write(names.write);
  }

  /** `SELECT set_config('a', 'b', false)`, which is how tools say SET; its other columns are read as ever. */
  #settingsOf(body: Tree): { effects: readonly Effect[]; rest: Tree } | undefined {
    const allowed = new Set(["targetList", "limitOption", "op"]);
    if (!Object.keys(body).every((key) => allowed.has(key))) return undefined;
    const effects: Effect[] = [];
    const rest: unknown[] = [];
    for (const target of nodesOf(body["targetList"])) {
      const call = nodeOf(target.body["val"]);
      const isSet =
        call?.kind === "FuncCall" && namesOf(call.body["funcname"]).at(-1) === "set_config";
      const found = isSet ? readSetConfig(call.body["args"]) : undefined;
      if (found) effects.push(...found);
      else rest.push(target.body);
    }
    return effects.length > 0 ? { effects, rest: { targetList: rest } } : undefined;
  }

  #set(body: Tree): void {
    const effects = readSet(body);
    if (!effects) {
      this.#add({ kind: "opaque" });
      return this.#write("its value is no constant");
    }
    for (const effect of effects) this.#add(effect);
    if (effects.some(leavesStandby) || isSerializable(body)) {
      this.#write("it sets what a standby refuses");
    }
  }

  #declare(body: Tree): void {
    this.#inner(body["query"]);
    const options = Number(body["options"] ?? 0);
    if ((options & CURSOR_WITH_HOLD) === 0) return;
    this.#pin("cursor with hold");
    this.#write("a cursor with hold stays with its server");
  }

  #copy(body: Tree): void {
    this.#walk({ relation: body["relation"], whereClause: body["whereClause"] }, false);
    const isOfServer = body["is_program"] === true || body["filename"] !== undefined;
    if (body["is_from"] === true) {
      if (!isOfServer) this.#add({ kind: "copy-in" });
      return this.#write("COPY FROM writes");
    }
    if (isOfServer) {
      return this.#write("it writes a file of its server");
    }
    if (body["query"] !== undefined) this.#inner(body["query"]);
  }

  /** EXPLAIN goes where its statement would: what it tells is about the server that would run it. */
  #inner(value: unknown): void {
    const node = nodeOf(value);
    if (node) this.#statement(node);
  }

  /** Adds what the statement names to what the text names. */
  #walk(tree: Tree, isDefinition_: boolean): Names {
    const names = noNames();
    walk(tree, names);
    if (names.isTemporary) {
      this.#pin("temporary table");
      this.#write("it has to do with temporary tables");
    }
    for (const relation of names.relations) this.#names.relations.add(relation);
    // What a definition mentions is not executed; a function that it makes is not known yet.
    if (isDefinition_) return names;
    for (const name of names.functions) this.#function(name);
    for (const name of names.operators) this.#names.operators.add(name);
    for (const name of names.types) this.#names.types.add(name);
    for (const name of names.fields) this.#names.fields.add(name);
    return names;
  }

  #function(name: string): void {
    this.#names.functions.add(name);
    if (sessionLocks.test(name)) this.#pin("advisory lock");
    else if (sessionUnlocks.test(name)) this.#add({ kind: "unpin" });
    else if (name === "currval" || name === "lastval") this.#pin("sequence value");
    else if (name === "set_config") this.#add({ kind: "opaque" });
    else return;
    this.#write(`${name} is about its server's session`);
  }

  #take(utility: Utility): void {
    for (const effect of utility.effects) this.#add(effect);
    if (!utility.isPlain) this.#isPlain = false;
    if (utility.place === "writer") this.#write(utility.because);
    // What a DO or a CALL names is judged as well.
    if (utility.reads !== undefined) this.#walk(utility.reads, false);
  }

  #add(effect: Effect): void {
    this.#effects.push(effect);
  }

  #pin(because: PinReason): void {
    this.#add({ kind: "pin", because });
  }

  #write(because: string): void {
    if (this.#place === "anywhere") this.#because = because;
    this.#place = "writer";
  }
}

/** CURSOR_OPT_HOLD of PostgreSQL's parsenodes.h. */
const CURSOR_WITH_HOLD = 0x20;

const nameIn = (body: Tree): string => (typeof body["name"] === "string" ? body["name"] : "");

/** A standby has no transaction that may write. */
function leavesStandby(effect: Effect): boolean {
  if (effect.kind === "pin") return true;
  return effect.kind === "set-transaction" && effect.isReadOnly === false;
}

/** SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, SET transaction_isolation: standbys have no such thing. */
function isSerializable(body: Tree): boolean {
  const name = body["name"];
  if (name !== "TRANSACTION" && name !== "transaction_isolation") return false;
  return JSON.stringify(body["args"] ?? null).includes('"serializable"');
}
