import type { NewEvent } from "../model/event.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

/** An event is a sentence and a few facts. Longer ones are cut, because what happened must be kept in any case. */
export const messageCharsMax = 4_096;
const kindCharsMax = 256;
const detailsMax = 64;

type Details = NewEvent["details"];

/** The event as it can be kept: nothing in it makes appending fail. Equal to `event` for every reasonable one. */
export function storableEvent(event: NewEvent): NewEvent {
  return {
    kind: storableText(event.kind, kindCharsMax),
    message: storableText(event.message, messageCharsMax),
    region: event.region && (storableText(event.region, kindCharsMax) as RegionId),
    database: event.database && (storableText(event.database, kindCharsMax) as DatabaseId),
    details: storableDetails(event.details),
  };
}

/** Details that cannot be read any more do not hide the event: it says so in their place. */
export function parseDetails(json: string): Details {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return storableDetails(parsed as Details);
  } catch {
    // Not JSON: the same answer as for JSON of another shape.
  }
  return { damaged: true };
}

function storableDetails(details: Details): Details {
  const facts = Object.entries(details).slice(0, detailsMax);
  return Object.fromEntries(
    facts.map(([name, fact]) => [storableText(name, kindCharsMax), storableFact(fact)]),
  );
}

function storableFact(fact: unknown): string | number | boolean | null {
  if (fact === null || fact === undefined) return null;
  if (typeof fact === "boolean") return fact;
  if (typeof fact === "number" && Number.isFinite(fact)) return fact;
  return storableText(typeof fact === "string" ? fact : textOf(fact), messageCharsMax);
}

/** A fact of no type that an event has: a bug of whoever made it, and still no reason to lose the event. */
function textOf(fact: unknown): string {
  try {
    return String(fact);
  } catch {
    return "?";
  }
}

/** SQLite cuts text at a NUL, and UTF-8 cannot hold half of a surrogate pair, which a cut may leave. */
function storableText(text: string, charsMax: number): string {
  const isLong = text.length > charsMax;
  const cut = isLong ? `${text.slice(0, charsMax - 1)}…` : text;
  return cut.replaceAll(/\0|\p{Surrogate}/gu, "\ufffd");
}
