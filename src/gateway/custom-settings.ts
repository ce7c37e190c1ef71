/**
 * Names of settings that applications make up, gathered where they are set: in clients' statements, and in functions'
 * code. A look into a server asks for their values, which are in no list.
 */
import { customNamesIn } from "../sql/custom-names.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { Unit } from "./unit.ts";

/** More than an application makes up; beyond, one that is set by a function is lost when its client changes servers. */
const namesMax = 500;

export class CustomSettings {
  readonly #names = new Set<string>();

  /** With those that a session has set. */
  namesWith({ entries }: SessionSettings): readonly string[] {
    return [...this.#names, ...[...entries.keys()].filter((name) => name.includes("."))];
  }

  /** A unit that runs code. */
  see(unit: Unit): void {
    if (unit.kind === "simple") this.add(customNamesIn(unit.bytes.toString("utf8", 5)));
    for (const { body, textBytes } of unit.executed) {
      this.add(customNamesIn(body.toString("utf8", 0, textBytes)));
    }
  }

  add(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#names.size >= namesMax) return;
      if (!name.startsWith("leeward.")) this.#names.add(name);
    }
  }
}
