/** What a service printed may be repeated in an event; its secrets may not. */
import type { ServiceSettings } from "../wire/program-settings.ts";

/** 6 characters: what is shorter is a number or a switch, and would blot out half of the text. */
const secretCharsMin = 6;

/**
 * Blots out every value that its user gave it, the passwords in URLs, and those of its password file. Where things are is
 * no secret: what Leeward says of that stays readable.
 */
export function redact(text: string, { environment, pgpass }: ServiceSettings): string {
  const values = environment.flatMap(({ name, value }) => {
    const said = value.reveal();
    return tellsPlaces.test(name) ? inUrl(said) : [said, ...inUrl(said)];
  });
  const lines = pgpass.map(
    (line) =>
      line
        .reveal()
        .split(/(?<!\\):/)
        .at(-1) ?? "",
  );
  const secrets = [...values, ...lines, ...lines.map((line) => line.replaceAll(/\\(.)/g, "$1"))];
  return secrets
    .filter(({ length }) => length >= secretCharsMin)
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, secret) => left.replaceAll(secret, "***"), text);
}

/** `LEEWARD_REGION`, `ORDERS_URL`, `CARTS_PEERS`. */
const tellsPlaces = /^LEEWARD_|_(URL|PEERS)$/;

function inUrl(value: string): readonly string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === "" ? [] : [password, decodeOrSame(password)];
}

function decodeOrSame(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
