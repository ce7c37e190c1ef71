/** What a text is under a catalog. Pure, and quick enough to be done again for each text when the catalog changes. */
import type { Override } from "./override.ts";
import type { CatalogFacts, Effect, Place, Statement } from "./sql.ts";
import type { TextUses } from "./text-uses.ts";

/**
 * @param facts undefined: nobody has asked the catalog yet, and what names anything goes to the writer.
 * @param override what the text's own comment asks for. It cannot send a write to a standby.
 */
export function judge(
  uses: TextUses,
  facts: CatalogFacts | undefined,
  override: Override | undefined,
): Statement {
  const isOpaque = mayChangeItsSession(uses, facts);
  const effects = isOpaque ? [...uses.effects, { kind: "opaque" } as const] : uses.effects;
  const { place, because, isReplayable } =
    isOpaque && uses.place === "anywhere"
      ? away("it may change its session in ways that nobody sees")
      : decide(uses, facts, override);
  return Object.freeze({
    place,
    because,
    count: uses.count,
    effects: Object.freeze(effects.map((effect): Effect => Object.freeze(effect))),
    isReplayable,
    isPlain: uses.isPlain,
  });
}

type Way = {
  readonly place: Place;
  readonly because: string;
  readonly isReplayable: boolean;
};

const away = (because: string): Way => ({ place: "writer", because, isReplayable: false });

function decide(
  uses: TextUses,
  facts: CatalogFacts | undefined,
  override: Override | undefined,
): Way {
  if (uses.place === "writer") return away(uses.because);
  if (override === "writer") return away("its comment asks for it");
  const doubt = facts ? doubtOf(uses, facts) : firstUse(uses);
  if (doubt === undefined) return { place: "anywhere", because: uses.because, isReplayable: true };
  if (override !== "local") return away(doubt);
  // A standby has run what nobody knows: once is what was asked for.
  return { place: "anywhere", because: "its comment asks for it", isReplayable: false };
}

/** Why a read by its grammar may be a write; undefined: it is none. */
function doubtOf(uses: TextUses, facts: CatalogFacts): string | undefined {
  for (const name of uses.functions) {
    if (!facts.functions.has(name)) return `nothing is known of ${name}()`;
    if (facts.volatileFunctions.has(name)) return `${name}() is volatile`;
    // Where no such function takes these arguments, PostgreSQL reads it as a cast.
    if (facts.volatileTypes.has(name)) return `${name}() may be a cast with a volatile function`;
  }
  const operator = uses.operators.find((name) => facts.volatileOperators.has(name));
  if (operator !== undefined) return `operator ${operator} is volatile`;
  const type = uses.types.find((name) => facts.volatileTypes.has(name));
  if (type !== undefined) return `a cast to ${type} is volatile`;
  const relation = uses.relations.find((name) => facts.taintedRelations.has(name));
  if (relation !== undefined) return `reading ${relation} may write`;
  const field = uses.fields.find((name) => facts.volatileFunctions.has(name));
  if (field !== undefined) return `${field} may be a volatile function`;
  if (facts.volatileOperators.size === 0) return undefined;
  const hidden = comparisons.find((name) => facts.volatileOperators.has(name));
  return hidden === undefined ? undefined : `a comparison with ${hidden} is volatile`;
}

/** Joins, groups, orders, BETWEEN and CASE use them without naming them. */
const comparisons = ["=", "<", ">", "<=", ">=", "<>"];

function firstUse(uses: TextUses): string | undefined {
  const name = [uses.functions, uses.operators, uses.types, uses.relations].flat()[0];
  return name === undefined ? undefined : `nothing is known of ${name} yet`;
}

function mayChangeItsSession(uses: TextUses, facts: CatalogFacts | undefined): boolean {
  if (uses.effects.some(({ kind }) => kind === "opaque")) return false;
  if (!facts) {
    return uses.functions.length > 0 || (uses.place === "writer" && uses.relations.length > 0);
  }
  const { functions, opaqueFunctions, opaqueRelations } = facts;
  const named = [...uses.functions, ...uses.operators, ...uses.types];
  return (
    uses.functions.some((name) => !functions.has(name)) ||
    named.some((name) => opaqueFunctions.has(name)) ||
    uses.relations.some((name) => opaqueRelations.has(name))
  );
}
