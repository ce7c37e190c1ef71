/**
 * From what each function, type, operator and relation uses itself to what it reaches at last. Names stand for all that
 * bear them, in any schema: it errs towards the writer.
 */

/** One thing with what it uses. `words` are all the words of its code, because code is not parsed. */
export type Thing = {
  readonly kind: "function" | "operator" | "type" | "relation";
  readonly name: string;
  readonly functions: readonly string[];
  readonly types: readonly string[];
  readonly relations: readonly string[];
  readonly words: ReadonlySet<string>;
};

export type Reached = {
  readonly functions: Set<string>;
  readonly operators: Set<string>;
  readonly types: Set<string>;
  readonly relations: Set<string>;
};

export function reachedBy(functions: Iterable<string>, relations: Iterable<string> = []): Reached {
  return {
    functions: new Set(functions),
    operators: new Set(),
    types: new Set(),
    relations: new Set(relations),
  };
}

/**
 * Adds to `reached` every thing that uses what is in it. Ends after as many rounds as the longest chain: each adds at
 * least one thing.
 */
export function close(things: readonly Thing[], reached: Reached): Reached {
  let open = things.filter((thing) => !setOf(thing, reached).has(thing.name));
  for (;;) {
    const found = open.filter((thing) => uses(thing, reached));
    if (found.length === 0) return reached;
    for (const thing of found) setOf(thing, reached).add(thing.name);
    open = open.filter((thing) => !setOf(thing, reached).has(thing.name));
  }
}

function setOf(thing: Thing, reached: Reached): Set<string> {
  switch (thing.kind) {
    case "function":
      return reached.functions;
    case "operator":
      return reached.operators;
    case "type":
      return reached.types;
    case "relation":
      return reached.relations;
  }
}

function uses(thing: Thing, reached: Reached): boolean {
  if (thing.functions.some((name) => reached.functions.has(name))) return true;
  if (thing.types.some((name) => reached.types.has(name))) return true;
  if (thing.relations.some((name) => reached.relations.has(name))) return true;
  for (const word of thing.words) {
    if (reached.functions.has(word) || reached.types.has(word) || reached.relations.has(word)) {
      return true;
    }
    if (reached.operators.has(word)) return true;
  }
  return false;
}
