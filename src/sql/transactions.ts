/** BEGIN to ROLLBACK PREPARED. */
import { constantOf, nodesOf, textOf, type Tree } from "./syntax-tree.ts";
import type { Utility } from "./utilities.ts";

export function readTransaction(body: Tree): Utility {
  const kind = textOf(body["kind"]);
  const name = textOf(body["savepoint_name"]);
  const chains = body["chain"] === true;
  switch (kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return readBegin(body["options"]);
    case "TRANS_STMT_COMMIT":
      return ending({ kind: "commit", chains });
    case "TRANS_STMT_ROLLBACK":
      return ending({ kind: "rollback", chains });
    case "TRANS_STMT_SAVEPOINT":
      return inside({ kind: "savepoint", name });
    case "TRANS_STMT_RELEASE":
      return inside({ kind: "release", name });
    case "TRANS_STMT_ROLLBACK_TO":
      return inside({ kind: "rollback-to", name });
    case "TRANS_STMT_PREPARE":
      return { ...twoPhase, effects: [{ kind: "prepare-transaction" }] };
    default:
      return twoPhase;
  }
}

const twoPhase: Utility = {
  place: "writer",
  because: "prepared transactions are the writer's",
  effects: [],
  isPlain: false,
};

function readBegin(options: unknown): Utility {
  const given = new Map(
    nodesOf(options).map(({ body }) => [textOf(body["defname"]), constantOf(body["arg"])]),
  );
  const readOnly = given.get("transaction_read_only");
  const isolation = given.get("transaction_isolation");
  const isReadOnly = readOnly?.kind === "number" && readOnly.text === "1";
  const isSerializable = isolation?.kind === "text" && isolation.text === "serializable";
  const isLocal = isReadOnly && !isSerializable;
  return {
    place: isLocal ? "anywhere" : "writer",
    because: isSerializable ? "a standby has no serializable transactions" : "it may write",
    effects: [{ kind: "begin", isReadOnly }],
    isPlain: false,
  };
}

/** Where no transaction is open, nothing happens. */
function ending(effect: Utility["effects"][number]): Utility {
  return { place: "anywhere", because: "", effects: [effect], isPlain: false };
}

function inside(effect: Utility["effects"][number]): Utility {
  return { place: "anywhere", because: "", effects: [effect], isPlain: true };
}
