/** Lines at the bottom of a terminal that are drawn again in their place. */
import type { Output } from "./machine.ts";

export class Screen {
  readonly #out: Output;
  #drawn = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Replaces what was drawn before. What does not fit the terminal is left out. */
  draw(lines: readonly string[]): void {
    const { rows } = this.#out;
    const shown = rows === undefined ? lines : lines.slice(0, Math.max(1, rows - 1));
    // Each line is cleared as it is drawn and the rest afterwards: clearing all first would flicker.
    const text = shown.map((line) => `\u001B[2K${line}\n`).join("");
    this.#out.write(`${this.#up()}${text}\u001B[J`);
    this.#drawn = shown.length;
  }

  /** Leaves what is drawn where it is; the next goes below. */
  keep(): void {
    this.#drawn = 0;
  }

  #up(): string {
    return this.#drawn === 0 ? "" : `\u001B[${this.#drawn}A\r`;
  }
}
