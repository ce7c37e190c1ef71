/** What stands in `${}` in a service's environment. Pure: what it stands for is filled in by whoever knows it. */
export type Placeholder =
  /** Known where a replica is started. */
  | { readonly kind: "place"; readonly name: "region" | "replica" | "host" | "port" }
  | { readonly kind: "password"; readonly database: string; readonly role: string }
  /** The world's own, drawn once, the same in every Region. */
  | { readonly kind: "secret"; readonly name: string };

/** One that is meant as a placeholder; `meaning` is undefined where it is none. */
export type Found = { readonly whole: string; readonly meaning: Placeholder | undefined };

const pattern = /\$\{([^}]*)\}/g;

/** In their order. */
export function placeholdersIn(value: string): readonly Found[] {
  return [...value.matchAll(pattern)].map(([whole, what = ""]) => ({
    whole,
    meaning: meaningOf(what),
  }));
}

/** The value with what each placeholder stands for; one that `textOf` does not know stays as it is. */
export function fillPlaceholders(
  value: string,
  textOf: (placeholder: Placeholder) => string | undefined,
): string {
  return value.replaceAll(pattern, (whole: string, what: string) => {
    const meaning = meaningOf(what);
    return (meaning && textOf(meaning)) ?? whole;
  });
}

function meaningOf(what: string): Placeholder | undefined {
  if (isPlace(what)) return { kind: "place", name: what };
  const [, name] = /^secret:([a-z0-9-]{1,63})$/.exec(what) ?? [];
  if (name !== undefined) return { kind: "secret", name };
  const [, database, role] = /^password:([^/]+)\/(.+)$/.exec(what) ?? [];
  if (database === undefined || role === undefined) return undefined;
  return { kind: "password", database, role };
}

type PlaceName = Extract<Placeholder, { readonly kind: "place" }>["name"];

function isPlace(what: string): what is PlaceName {
  return what === "region" || what === "replica" || what === "host" || what === "port";
}
