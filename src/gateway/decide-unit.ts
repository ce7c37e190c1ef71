/**
 * Where a client's unit goes, or what it is answered without going anywhere. Pure. Of several statements in one unit
 * only those that PostgreSQL would run alike anywhere are looked at by themselves; the rest goes together.
 */
import type { NameMode } from "../model/gateway.ts";
import type { Effect } from "../sql/sql.ts";
import { consistencySetting, type ConsistencyLevel } from "./consistency.ts";
import { decideForget, type Forgetting } from "./decide-forget.ts";
import type { TransactionPhase } from "./session-transaction.ts";
import type { Meaning } from "./unit.ts";
import type { Passage } from "./writer-door.ts";

export type UnitView = {
  readonly phase: TransactionPhase;
  /** The session holds a server: in a transaction, or bound to it. */
  readonly isLinked: boolean;
  readonly meaning: Meaning;
  readonly mode: NameMode;
  readonly level: ConsistencyLevel;
  /** This Region's own instance is the writer, and accepts writes. */
  readonly isWriterHere: boolean;
  /** An instance of this Region answers reads. */
  readonly hasLocal: boolean;
  /** Statements that it has prepared by the protocol, by the client's names. */
  readonly names: { has(name: string): boolean };
  /** It has statements that it prepared by PREPARE, in the server that it holds. */
  readonly hasPrepared: boolean;
  /** What it has SET is what its startup message asked for. */
  readonly isAsStarted: boolean;
};

/** A setting of the gateway's own, by its name in lower case. */
export type OwnSetting = "consistency" | "token";

export type UnitDecision =
  | { readonly kind: "same-server" }
  /** To an instance of this Region, after what the session's consistency asks for. */
  | { readonly kind: "local"; readonly passage: Passage }
  | { readonly kind: "writer"; readonly passage: Passage }
  /** BEGIN is answered here, and sent with what follows. */
  | { readonly kind: "begin"; readonly isReadOnly: boolean }
  /** The end of a transaction that no server knows. */
  | { readonly kind: "end"; readonly commits: boolean; readonly chains: boolean }
  /** Its server was lost with everything in it. */
  | { readonly kind: "broken"; readonly because: string }
  | { readonly kind: "rollback-broken" }
  | { readonly kind: "aborted" }
  | { readonly kind: "show"; readonly name: string }
  | { readonly kind: "set"; readonly name: string; readonly value: string | undefined }
  | Forgetting
  | { readonly kind: "listen"; readonly channel: string }
  | { readonly kind: "unlisten"; readonly channel: string | undefined };

export function decideUnit(view: UnitView): UnitDecision {
  const { phase, meaning } = view;
  const only = meaning.count === 1 && meaning.effects.length === 1 ? meaning.effects[0] : undefined;
  if (phase.kind === "broken") return decideBroken(phase, only);
  const own = phase.kind === "failed" ? undefined : decideOwn(view, only);
  if (own !== undefined) return own;
  if (view.isLinked) return { kind: "same-server" };
  if (phase.kind === "deferred") return decideDeferred(view, phase, only);
  if (only?.kind === "begin") return { kind: "begin", isReadOnly: only.isReadOnly };
  const begins = meaning.effects.some(({ kind }) => kind === "begin");
  return placeOf(view, begins ? { ...transactional, isReadOnly: false } : single);
}

/** Nothing was done in the transaction yet. */
function decideDeferred(
  view: UnitView,
  { isReadOnly }: Extract<TransactionPhase, { readonly kind: "deferred" }>,
  only: Effect | undefined,
): UnitDecision {
  if (only?.kind === "commit" || only?.kind === "rollback") {
    return { kind: "end", commits: only.kind === "commit", chains: only.chains };
  }
  return placeOf(view, { ...transactional, isReadOnly });
}

type Setting = { readonly passage: Passage; readonly isReadOnly: boolean };

const single: Setting = { passage: "single", isReadOnly: true };
const transactional = { passage: "transaction" } as const;

/** `isReadOnly`: whoever goes to a standby can stay there. */
function placeOf(view: UnitView, { passage, isReadOnly }: Setting): UnitDecision {
  const { meaning, mode, level, isWriterHere, hasLocal } = view;
  if (mode === "writer" || isWriterHere) return { kind: "writer", passage };
  // Nothing is forwarded for it: the standby itself says what it refuses.
  if (mode === "local" || level === "off") return { kind: "local", passage };
  const isLocal = meaning.place === "anywhere" && isReadOnly && hasLocal;
  return { kind: isLocal ? "local" : "writer", passage };
}

function decideBroken(
  phase: Extract<TransactionPhase, { readonly kind: "broken" }>,
  only: Effect | undefined,
): UnitDecision {
  if (only?.kind === "rollback") return { kind: "rollback-broken" };
  if (!phase.isTold) return { kind: "broken", because: phase.because };
  return only?.kind === "commit" ? { kind: "rollback-broken" } : { kind: "aborted" };
}

function decideOwn(view: UnitView, only: Effect | undefined): UnitDecision | undefined {
  return (only && ownCommand(only)) ?? decideForget(view);
}

/** What no PostgreSQL is asked about. */
function ownCommand(effect: Effect): UnitDecision | undefined {
  switch (effect.kind) {
    case "listen":
      return { kind: "listen", channel: effect.channel };
    case "unlisten":
      return { kind: "unlisten", channel: effect.channel };
    case "show":
      return isOwnSetting(effect.name) ? { kind: "show", name: effect.name } : undefined;
    case "set":
      return isOwnSetting(effect.name) && !effect.isLocal
        ? { kind: "set", name: effect.name, value: effect.value }
        : undefined;
    default:
      return undefined;
  }
}

export const tokenSetting = "leeward.token";

export function isOwnSetting(name: string): boolean {
  return name.startsWith("leeward.") || consistencySetting(name) !== undefined;
}
