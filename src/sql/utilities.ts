/** Statements that are about their session, and which of the others change the catalog or want to be alone. */
import type { Effect, Place } from "./sql.ts";
import { nodeOf, nodesOf, textOf, type Tree } from "./syntax-tree.ts";

export type Utility = {
  readonly place: Place;
  readonly because: string;
  readonly effects: readonly Effect[];
  readonly isPlain: boolean;
  /** A part of it whose names count. */
  readonly reads?: Tree;
};

type Reader = (body: Tree) => Utility;

const readers = new Map<string, Reader>([
  ["VariableShowStmt", (body) => readShow(textOf(body["name"]).toLowerCase())],
  [
    "ListenStmt",
    (body) =>
      away("LISTEN needs a writer", { kind: "listen", channel: textOf(body["conditionname"]) }),
  ],
  [
    "UnlistenStmt",
    (body) => here({ kind: "unlisten", channel: textOrNone(body["conditionname"]) }),
  ],
  [
    "ExecuteStmt",
    (body) =>
      away("it was prepared in one server", { kind: "execute", name: textOf(body["name"]) }),
  ],
  [
    "DeallocateStmt",
    (body) => here({ kind: "deallocate", name: textOrNone(body["name"]) }, { kind: "unpin" }),
  ],
  ["DiscardStmt", (body) => readDiscard(textOf(body["target"]))],
  ["FetchStmt", () => here()],
  ["ClosePortalStmt", () => here({ kind: "unpin" })],
  [
    "LoadStmt",
    () => away("what is loaded stays with its server", { kind: "pin", because: "loaded library" }),
  ],
  ["DoStmt", (body) => readDo(body)],
  ["CallStmt", (body) => ({ ...away("a procedure may write"), isPlain: false, reads: body })],
  ["NotifyStmt", () => away("a standby cannot notify")],
  ["LockStmt", () => away("a lock is the writer's")],
  ["CheckPointStmt", () => away("a checkpoint is the writer's")],
  ["ConstraintsSetStmt", () => away("constraints are the writer's")],
]);

/** Undefined: it is none of these, but an ordinary write. */
export function readUtility(kind: string, body: Tree): Utility | undefined {
  return readers.get(kind)?.(body);
}

/** By these a driver finds out whether it may write: the answer is the writer's. */
const aboutWriting = new Set([
  "transaction_read_only",
  "default_transaction_read_only",
  "in_hot_standby",
]);

function readShow(name: string): Utility {
  const show: Effect = { kind: "show", name };
  return aboutWriting.has(name) ? away("it asks whether writes are taken", show) : here(show);
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** What it touches is in its session alone. */
function here(...effects: readonly Effect[]): Utility {
  return { place: "anywhere", because: "", effects, isPlain: true };
}

function away(because: string, ...effects: readonly Effect[]): Utility {
  return { place: "writer", because, effects, isPlain: true };
}

function readDiscard(target: string): Utility {
  if (target === "DISCARD_ALL") {
    return { place: "anywhere", because: "", effects: [{ kind: "discard-all" }], isPlain: false };
  }
  // Plans are the server's own matter.
  return target === "DISCARD_PLANS" ? here() : here({ kind: "unpin" });
}

function readDo(body: Tree): Utility {
  const code = nodesOf(body["args"])
    .map(({ body: option }) => textOf(nodeOf(option["arg"])?.body["sval"]))
    .join("\n");
  const opaque: Effect = { kind: "opaque" };
  const mayDefine = /\b(create|alter|drop|execute)\b/i.test(code);
  return {
    ...away("a DO block may do anything", opaque, ...(mayDefine ? [{ kind: "ddl" } as const] : [])),
    isPlain: false,
  };
}

/** Writes that leave alone what classification rests on. */
const ordinaryWrites = new Set(
  `InsertStmt UpdateStmt DeleteStmt MergeStmt TruncateStmt VacuumStmt ClusterStmt ReindexStmt RefreshMatViewStmt
  CommentStmt GrantStmt GrantRoleStmt SecLabelStmt IndexStmt AlterSystemStmt`.split(/\s+/),
);

/** Whatever is not known to leave the catalog alone changes it. */
export function isDefinition(kind: string): boolean {
  return !ordinaryWrites.has(kind);
}

const alwaysAlone = new Set(
  `CreatedbStmt DropdbStmt CreateTableSpaceStmt DropTableSpaceStmt AlterSystemStmt
  CreateSubscriptionStmt DropSubscriptionStmt AlterSubscriptionStmt ReindexStmt ClusterStmt`.split(
    /\s+/,
  ),
);

/** PostgreSQL refuses it inside a transaction block, or does so in some of its forms. */
export function alone(kind: string, body: Tree): boolean {
  if (alwaysAlone.has(kind) || body["concurrent"] === true) return true;
  return kind === "VacuumStmt" && body["is_vacuumcmd"] === true;
}
