/**
 * What the exchange with another Region needs next. Pure.
 *
 *       nothing ──► subscribe ──► refresh ──► (a copy, then changes as they are made)
 *                       ▲            │
 *      unsubscribe ─────┘            └──► renew, when nothing is read although the other Region answers
 *
 * To begin anew with a copy is always safe: what is there already is dropped, what is older loses.
 */

/** What our own database says of a subscription. */
export type OwnSide = {
  readonly isEnabled: boolean;
  readonly slot: string | undefined;
  /** Its worker is there, connected or trying. */
  readonly isRunning: boolean;
  /** How many tables it was told of. */
  readonly tables: number;
};

/** What the other Region's database says. */
export type PeerSide = {
  /** What it calls itself; undefined before its cart service has started once. */
  readonly region: string | undefined;
  /** How many tables it publishes. */
  readonly tables: number;
  /** The slot that our subscription should have. */
  readonly slot: { readonly isLost: boolean; readonly isActive: boolean } | undefined;
};

export type View = {
  readonly peer: string;
  /** The slot that belongs to the present timeline of our database. */
  readonly wantedSlot: string;
  readonly own: OwnSide | undefined;
  readonly theirs: PeerSide;
  /** How many looks in a row, this one too, found that nobody streams. */
  readonly idleLooks: number;
};

export type Decision = { readonly because: string } & (
  | { readonly kind: "rest" }
  | { readonly kind: "wait" }
  | { readonly kind: "subscribe" }
  | { readonly kind: "unsubscribe" }
  | { readonly kind: "refresh" }
  | { readonly kind: "renew" }
);

/** PostgreSQL starts a worker again within a second or two; whoever needs longer may have an old address or password. */
export const idleLooksMax = 3;

export function decide({ peer, wantedSlot, own, theirs, idleLooks }: View): Decision {
  if (theirs.region === undefined || theirs.tables === 0) {
    return {
      kind: "wait",
      because: `the cart service of ${peer} has not prepared its database yet`,
    };
  }
  if (theirs.region !== peer) {
    return {
      kind: "wait",
      because: `what answers for ${peer} is the database of ${theirs.region}`,
    };
  }
  if (!own) return { kind: "subscribe", because: `there is no subscription to ${peer}` };
  const broken = whyBroken(wantedSlot, own, theirs);
  if (broken !== undefined) return { kind: "unsubscribe", because: broken };
  if (!own.isEnabled) return { kind: "renew", because: "the subscription was disabled" };
  if (own.tables < theirs.tables) {
    return { kind: "refresh", because: `${peer} publishes what we have not copied yet` };
  }
  if (idleLooks >= idleLooksMax) {
    return { kind: "renew", because: `${peer} answers, but nothing is read from it` };
  }
  return { kind: "rest", because: "changes are read as they are made" };
}

/** Why changes may be missing that this subscription would never bring. */
function whyBroken(wantedSlot: string, own: OwnSide, theirs: PeerSide): string | undefined {
  if (own.slot !== wantedSlot) return "our database was restored, or another instance took over";
  if (!theirs.slot) return "the slot is missing on the other side";
  if (theirs.slot.isLost)
    return "the other side had to give up the slot: we were away for too long";
  return undefined;
}
