/** What clients asked for at their login. Those of one application ask for the same, and share one value of it. */
import { SessionSettings } from "./session-settings.ts";

/** An application has a handful; beyond this many it is no loss to begin anew. */
const keptMax = 1_000;

export class SharedSettings {
  readonly #byKey = new Map<string, SessionSettings>();

  of(statements: Iterable<readonly [string, string]>): SessionSettings {
    const asked = SessionSettings.of(statements);
    const known = this.#byKey.get(asked.key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= keptMax) this.#byKey.clear();
    this.#byKey.set(asked.key, asked);
    return asked;
  }
}
