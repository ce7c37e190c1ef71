/**
 * Names of settings that applications make up, gathered where they are set: in clients' statements, and in functions'
 * code. A look into a server asks for their values, which are in no list.
 */
import { customNamesIn } from "../sql/custom-names.ts";

/** More than an application makes up; beyond, one that is set by a function is lost when its client changes servers. */
const namesMax = 500;

export class CustomSettings {
  readonly #names = new Set<string>();

  get names(): Iterable<string> {
    return this.#names;
  }

  /** @param text of a statement */
  learn(text: string): void {
    this.add(customNamesIn(text));
  }

  add(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#names.size >= namesMax) return;
      if (!name.startsWith("leeward.")) this.#names.add(name);
    }
  }
}
