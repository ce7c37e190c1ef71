/**
 * A unit in the words of one server: statements by the names that all servers share, each prepared where it is missing.
 */
import { closeComplete, parseComplete } from "../wire/postgres/backend-messages.ts";
import { frontend, HEADER_BYTES, target } from "../wire/postgres/message-types.ts";
import { Assembly } from "./assembly.ts";
import type { PreparedStatement, ServerStatements } from "./prepared-statements.ts";
import { ReplyScript, type ReplyStep } from "./reply-script.ts";
import { endOfText, type Unit } from "./unit.ts";

/** What a server has prepared, beside the unnamed statement that it keeps until the next one. */
export type ServerKnowledge = {
  readonly statements: ServerStatements;
  unnamed: PreparedStatement | undefined;
  /** A statement by a client's name, which made the server say that it exists already; it goes with the next unit. */
  leftOver?: Buffer | undefined;
};

export type Translation = {
  /** Good until the next unit is translated. */
  readonly bytes: Buffer;
  /** Undefined: the server's answers are the client's, as they come. */
  readonly script: ReplyScript | undefined;
  /**
   * It executes what the server prepared before, and describes all of it: a client that remembered what the columns
   * were is not among those that would be surprised by other ones.
   */
  readonly isDescribed: boolean;
};

export type TranslationOptions = {
  /** An error of a plan that has become stale could not be mended there, so that no plan is kept for the unnamed. */
  readonly isInTransaction: boolean;
  /** More messages of the unit follow. */
  readonly isOpen: boolean;
};

/** A text that is prepared without a name is given one when it is seen this often: most are never seen again. */
const usesBeforeName = 2;

export function translate(
  unit: Unit,
  server: ServerKnowledge,
  options: TranslationOptions,
): Translation {
  if (unit.kind !== "extended") {
    return { bytes: unit.bytes, script: undefined, isDescribed: false };
  }
  return new Translator(unit, server, options).run();
}

const bindStep: ReplyStep = { kind: "bind" };
const describeStep: ReplyStep = { kind: "describe" };
const executeStep: ReplyStep = { kind: "execute" };
const closeStep: ReplyStep = { kind: "close" };

/** One unit after the other. */
const out = new Assembly();

class Translator {
  readonly #unit: Unit;
  readonly #server: ServerKnowledge;
  readonly #steps: ReplyStep[] = [];
  /** Up to where the client's own bytes go on unchanged. */
  #copiedTo = 0;
  #statementAt = 0;
  #isScripted: boolean;
  readonly #isInTransaction: boolean;
  #parsed: Set<PreparedStatement> | undefined;
  /** A Bind of what the server had prepared before, which no Describe has followed yet. */
  #isUndescribed = false;
  #reliesOnMemory = false;
  #usesKnown = false;

  constructor(unit: Unit, server: ServerKnowledge, options: TranslationOptions) {
    this.#unit = unit;
    this.#server = server;
    this.#isScripted = options.isOpen;
    this.#isInTransaction = options.isInTransaction;
  }

  run(): Translation {
    const { bytes } = this.#unit;
    out.begin();
    this.#closeLeftOver();
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      this.#message(bytes[at] ?? 0, at, end);
      at = end;
    }
    const isUnchanged = this.#copiedTo === 0 && out.isEmpty;
    if (!isUnchanged) this.#copyTo(bytes.length);
    return {
      bytes: isUnchanged ? bytes : out.finish(),
      script: this.#isScripted ? new ReplyScript(this.#steps) : undefined,
      isDescribed: this.#usesKnown && !this.#isUndescribed && !this.#reliesOnMemory,
    };
  }

  #message(type: number, at: number, end: number): void {
    switch (type) {
      case frontend.parse:
        return this.#parse(at, end);
      case frontend.bind:
        return this.#bind(at, end);
      case frontend.describe:
        if (this.#unit.bytes[at + 5] === target.statement) this.#describe(at, end);
        else this.#isUndescribed = false;
        this.#steps.push(describeStep);
        return;
      case frontend.close:
        if (this.#unit.bytes[at + 5] === target.statement) return this.#close(at, end);
        this.#steps.push(closeStep);
        return;
      case frontend.execute:
        this.#steps.push(executeStep);
        return;
      default:
    }
  }

  #parse(at: number, end: number): void {
    const prepared = this.#nextStatement();
    const isNamed = this.#unit.bytes[at + 5] !== 0;
    this.#isScripted = true;
    if (prepared === undefined) return this.#parseAgain(at, end);
    this.#parsed ??= new Set();
    this.#parsed.add(prepared);
    const isKept = prepared.uses >= usesBeforeName || this.#server.statements.has(prepared);
    if (!isNamed && (this.#isInTransaction || !isKept)) {
      // As the client sent it.
      this.#server.unnamed = prepared;
      this.#steps.push({ kind: "parse", prepared: undefined, isOurs: false });
      return;
    }
    this.#leaveOut(at, end);
    if (this.#server.statements.has(prepared)) {
      this.#steps.push({ kind: "answer", bytes: parseComplete });
    } else {
      this.#prepare(prepared, false);
    }
  }

  /** The client has a statement of that name: a server in the same position says so. */
  #parseAgain(at: number, end: number): void {
    const { bytes } = this.#unit;
    const zero = endOfText(bytes, at + 5, end);
    const name = bytes.subarray(at + 5, zero);
    const foreign = Buffer.from(unlikeOurs(name));
    const nothing = Buffer.concat([foreign, Buffer.from([0, 0, 0, 0])]);
    this.#leaveOut(at, end);
    this.#server.leftOver = foreign;
    for (const isOurs of [true, false]) {
      out.header(frontend.parse, nothing.length);
      out.add(nothing);
      this.#steps.push({ kind: "parse", prepared: undefined, isOurs });
    }
  }

  #closeLeftOver(): void {
    const { leftOver } = this.#server;
    if (leftOver === undefined) return;
    this.#server.leftOver = undefined;
    this.#isScripted = true;
    this.#pushClose(Buffer.concat([leftOver, noName]));
    this.#steps.push({ kind: "our-close", prepared: undefined, isSpoilt: false });
  }

  #bind(at: number, end: number): void {
    const prepared = this.#nextStatement();
    const { bytes } = this.#unit;
    const nameAt = endOfText(bytes, at + 5, end) + 1;
    this.#reliesOnMemory ||= this.#isUndescribed;
    if (prepared === undefined) this.#renameUnknown({ at, end, nameAt });
    else {
      const isKnown = this.#isThere(prepared);
      this.#usesKnown ||= isKnown;
      this.#isUndescribed = isKnown && this.#parsed?.has(prepared) !== true;
      this.#rename(prepared, { at, end, nameAt });
      if (prepared.forgetsAll) this.#server.statements.clear();
    }
    this.#steps.push(bindStep);
  }

  #describe(at: number, end: number): void {
    const prepared = this.#nextStatement();
    if (prepared === undefined) return this.#renameUnknown({ at, end, nameAt: at + 6 });
    this.#usesKnown ||= this.#isThere(prepared);
    this.#rename(prepared, { at, end, nameAt: at + 6 });
  }

  #close(at: number, end: number): void {
    this.#isScripted = true;
    this.#leaveOut(at, end);
    this.#steps.push({ kind: "answer", bytes: closeComplete });
  }

  /** Writes the message with the server's name for the statement, which the server has by then. */
  #rename(prepared: PreparedStatement, message: NamePlace): void {
    const isUnnamed = this.#server.unnamed === prepared;
    if (isUnnamed && this.#unit.bytes[message.nameAt] === 0) return;
    this.#copyTo(message.at);
    if (!this.#isThere(prepared)) this.#prepare(prepared, true);
    this.#write(message, isUnnamed ? noName : prepared.serverName);
  }

  /** The client has none of that name; the server may have one of ours. */
  #renameUnknown(message: NamePlace): void {
    const { bytes } = this.#unit;
    const name = bytes.subarray(message.nameAt, endOfText(bytes, message.nameAt, message.end));
    const foreign = unlikeOurs(name);
    if (foreign === name) return;
    this.#copyTo(message.at);
    this.#write(message, Buffer.concat([foreign, noName]));
  }

  /** The message with another name of a statement. */
  #write({ at, end, nameAt }: NamePlace, serverName: Buffer): void {
    const { bytes } = this.#unit;
    const rest = endOfText(bytes, nameAt, end) + 1;
    out.header(bytes[at] ?? 0, nameAt - at - HEADER_BYTES + serverName.length + end - rest);
    out.add(bytes, at + HEADER_BYTES, nameAt);
    out.add(serverName);
    out.add(bytes, rest, end);
    this.#copiedTo = end;
  }

  #isThere(prepared: PreparedStatement): boolean {
    return this.#server.unnamed === prepared || this.#server.statements.has(prepared);
  }

  /** `isOurs`: the client's own Parse was answered long ago, by another server. */
  #prepare(prepared: PreparedStatement, isOurs: boolean): void {
    const { serverName, body } = prepared;
    this.#isScripted = true;
    if (this.#server.statements.takeSpoilt(prepared)) this.#closeOurs(prepared, true);
    out.header(frontend.parse, serverName.length + body.length);
    out.add(serverName);
    out.add(body);
    this.#steps.push({ kind: "parse", prepared, isOurs });
    const evicted = this.#server.statements.add(prepared);
    if (evicted !== undefined) this.#closeOurs(evicted, false);
  }

  #closeOurs(prepared: PreparedStatement, isSpoilt: boolean): void {
    this.#pushClose(prepared.serverName);
    this.#steps.push({ kind: "our-close", prepared, isSpoilt });
  }

  #pushClose(serverName: Buffer): void {
    out.header(frontend.close, 1 + serverName.length);
    out.byte(target.statement);
    out.add(serverName);
  }

  #nextStatement(): PreparedStatement | undefined {
    const prepared = this.#unit.statements[this.#statementAt];
    this.#statementAt += 1;
    return prepared;
  }

  #leaveOut(at: number, end: number): void {
    this.#copyTo(at);
    this.#copiedTo = end;
  }

  #copyTo(at: number): void {
    if (at > this.#copiedTo) out.add(this.#unit.bytes, this.#copiedTo, at);
    this.#copiedTo = at;
  }
}

/** After an error in it: what the server skipped, it neither prepared nor closed. */
export function forgetSkipped(script: ReplyScript | undefined, server: ServerKnowledge): void {
  for (const step of script?.skipped ?? []) {
    if (step.kind === "parse" && step.prepared) server.statements.delete(step.prepared);
    if (step.kind !== "our-close" || step.prepared === undefined) continue;
    if (step.isSpoilt) server.statements.spoil(step.prepared);
    else server.statements.add(step.prepared);
  }
  server.unnamed = undefined;
}

/** The catalog has changed under its statements: they are prepared again before the server runs them. */
export function spoilAll({ statements }: Unit, server: ServerKnowledge): void {
  for (const one of statements) if (one) server.statements.spoil(one);
}

/** Where a message names a statement. */
type NamePlace = { readonly at: number; readonly end: number; readonly nameAt: number };

/** No server knows a statement by a client's name, so one that looks like ours is made to look different. */
function unlikeOurs(name: Buffer): Buffer {
  return ourName.test(name.toString("latin1")) ? Buffer.concat([name, space]) : name;
}

/** Names as the registry draws them. */
const ourName = /^L[0-9]+ *$/;
const space = Buffer.from(" ");
const noName = Buffer.from([0]);
