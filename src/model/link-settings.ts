/**
 * What people set on a link. A link has two ends and two directions; a setting is for both directions
 * unless one direction was given its own. The laws, each one a test:
 *
 * - A change of both directions makes them agree on what it names: it takes away their own values of it.
 * - A change of one direction leaves the other as it was.
 * - What a change does not name stays.
 * - Changing twice in the same way is changing once.
 */
import type { Bandwidth } from "./bandwidth.ts";
import type { LinkConditions, LinkDirection, LinkEnd } from "./link.ts";

export type LinkTerms = {
  /** Added to a round trip, in ms; each direction adds half of its own value. */
  readonly rttMs: number;
  /** Up to this much more is added to a round trip, at random, in ms; each direction adds half. */
  readonly jitterMs: number;
  readonly bandwidth: Bandwidth;
  /** False is a black hole. */
  readonly isUp: boolean;
};

/** A part of the terms; what it does not name stays as it is. */
export type LinkChange = Partial<LinkTerms>;

/** JSON all through, so that the store can keep it. */
export type LinkSettings = {
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly both: LinkTerms;
  /** What the direction `ends[0]` → `ends[1]` has of its own. */
  readonly forward: LinkChange;
  /** What the direction `ends[1]` → `ends[0]` has of its own. */
  readonly backward: LinkChange;
};

export type LinkScope =
  | { readonly kind: "both" }
  | { readonly kind: "one-way"; readonly from: LinkEnd };

export const openTerms: LinkTerms = { rttMs: 0, jitterMs: 0, bandwidth: "unlimited", isUp: true };

export function linkSettings(ends: readonly [LinkEnd, LinkEnd], terms: LinkTerms): LinkSettings {
  return { ends, both: terms, forward: {}, backward: {} };
}

/** One name for a link, whichever end is named first: `us-east-1~us-west-2`. */
export function linkKey(one: LinkEnd, other: LinkEnd): string {
  return one < other ? `${one}~${other}` : `${other}~${one}`;
}

/** The settings after `change`. `scope.from` must be one of the ends. */
export function changeLink(
  settings: LinkSettings,
  change: LinkChange,
  scope: LinkScope,
): LinkSettings {
  const named = withoutUndefined(change);
  if (scope.kind === "one-way") {
    const way = scope.from === settings.ends[0] ? "forward" : "backward";
    return { ...settings, [way]: ownTerms(settings.both, { ...settings[way], ...named }) };
  }
  const both = { ...settings.both, ...named };
  return {
    ends: settings.ends,
    both,
    forward: ownTerms(both, without(settings.forward, named)),
    backward: ownTerms(both, without(settings.backward, named)),
  };
}

/** The terms in force from `from` to the other end. */
export function termsFrom(settings: LinkSettings, from: LinkEnd): LinkTerms {
  const own = from === settings.ends[0] ? settings.forward : settings.backward;
  return { ...settings.both, ...own };
}

/** Both directions as the network program takes them. */
export function linkDirections(settings: LinkSettings): readonly [LinkDirection, LinkDirection] {
  const [one, other] = settings.ends;
  return [
    { from: one, to: other, conditions: linkConditions(termsFrom(settings, one)) },
    { from: other, to: one, conditions: linkConditions(termsFrom(settings, other)) },
  ];
}

/** What one direction does to its bytes under these terms. */
export function linkConditions(terms: LinkTerms): LinkConditions {
  return {
    delayMs: terms.rttMs / 2,
    jitterMs: terms.jitterMs / 2,
    bandwidthBitsPerSecond: terms.bandwidth === "unlimited" ? undefined : terms.bandwidth,
    isUp: terms.isUp,
  };
}

/** Leaves out what agrees with `both`, so that equal settings have one spelling. */
function ownTerms(both: LinkTerms, own: LinkChange): LinkChange {
  const differs = ([name, value]: [string, unknown]): boolean =>
    both[name as keyof LinkTerms] !== value;
  return Object.fromEntries(Object.entries(own).filter(differs));
}

function without(own: LinkChange, named: LinkChange): LinkChange {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !(name in named)));
}

function withoutUndefined(change: LinkChange): LinkChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
