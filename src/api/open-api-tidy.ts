/** Takes out of the generated document what tells a reader nothing, or something untrue. Pure. */

type Json = { readonly [name: string]: unknown };

/**
 * The generator writes every named schema twice (`XInput` for requests), closes every object, and gives every integer
 * the bounds of JavaScript. Kept are the schemas that something refers to, under their own names; answers are open,
 * because fields are added.
 */
export function tidyDocument<D extends object>(document: D): D {
  const used = usedSchemas(document as Json);
  const text = JSON.stringify(document).replaceAll(
    /"#\/components\/schemas\/(\w+?)Input"/g,
    (reference, name: string) => (used.has(name) ? reference : reference.replace(/Input"$/, '"')),
  );
  const tidy = withoutNoise(JSON.parse(text)) as Json;
  const { components } = tidy as { readonly components: Json };
  const schemas = Object.entries(components["schemas"] as Json).flatMap(([name, schema]) => {
    if (!used.has(name)) return [];
    const plain = name.replace(/Input$/, "");
    const isRequest = plain !== name;
    return [[used.has(plain) ? name : plain, isRequest ? closed(schema) : schema] as const];
  });
  return {
    ...tidy,
    components: { ...components, schemas: Object.fromEntries(schemas) },
  } as unknown as D;
}

/** Named anywhere in the paths, or in a schema that is. */
function usedSchemas({ paths, components }: Json): ReadonlySet<string> {
  const schemas = ((components as Json | undefined)?.["schemas"] ?? {}) as Json;
  const used = new Set<string>();
  const queue = namesIn(paths);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    queue.push(...namesIn(schemas[name]));
  }
  return used;
}

function namesIn(value: unknown): string[] {
  const text = JSON.stringify(value ?? {});
  return [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = ""]) => name);
}

function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, field]) =>
      !(name === "additionalProperties" && field === false) &&
      !(name === "minimum" && field === Number.MIN_SAFE_INTEGER) &&
      !(name === "maximum" && field === Number.MAX_SAFE_INTEGER) &&
      !(name === "propertyNames" && JSON.stringify(field) === '{"type":"string"}'),
  );
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNoise(field)]));
}

/** A request with a field that nobody knows is refused. */
function closed(schema: unknown): unknown {
  return { ...(schema as Json), additionalProperties: false };
}
