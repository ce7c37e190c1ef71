import { expect, test } from "vitest";
import type { Random } from "./env.ts";

/** What every `Random` promises. `make` gives a fresh one. */
export function registerRandomContract(make: () => Random): void {
  test("a float lies in [0, 1)", () => {
    const random = make();
    const drawn = Array.from({ length: 1_000 }, () => random.float());
    expect(drawn.filter((value) => value < 0 || value >= 1)).toEqual([]);
  });

  test("floats spread over the whole range", () => {
    const random = make();
    const tenths = new Set(Array.from({ length: 1_000 }, () => Math.floor(random.float() * 10)));
    expect(tenths.size).toBe(10);
  });

  test("hex has two lower-case digits per byte", () => {
    const random = make();
    for (const bytes of [0, 1, 2, 16, 33]) {
      expect(random.hex(bytes)).toMatch(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
    }
  });

  test("hex does not repeat itself", () => {
    const random = make();
    expect(new Set(Array.from({ length: 1_000 }, () => random.hex(16))).size).toBe(1_000);
  });
}
