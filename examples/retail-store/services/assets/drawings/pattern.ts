import type { Pattern } from "../../../databases/assortment/model.ts";
import type { Ink } from "../ink.ts";

/** What covers cloth of this pattern, over the whole picture: to be seen through the form of a garment. */
export function filledWith(pattern: Pattern, main: Ink, accent: Ink): string {
  switch (pattern) {
    case "plain":
      return "";
    case "stripes":
      return `<path d="${rows(24)}" stroke="${accent.base}" stroke-width="11"/>`;
    case "check":
      return `<path d="${rows(40)}" stroke="${accent.base}" stroke-width="15" opacity=".6"/><path d="${columns(40)}" stroke="${accent.base}" stroke-width="15" opacity=".6"/><path d="${rows(40, 20)}${columns(40, 20)}" stroke="${main.pale}" stroke-width="2.4" opacity=".75"/>`;
    case "dots":
      // Round ends of lines without length are dots: one element for all.
      return `<path d="${dots()}" stroke="${accent.base}" stroke-width="11" stroke-linecap="round"/>`;
  }
}

function steps(step: number, offset = 0): readonly number[] {
  return Array.from({ length: Math.ceil(360 / step) }, (_, index) => 30 + offset + index * step);
}

function rows(step: number, offset = 0): string {
  return steps(step, offset)
    .map((y) => `M20 ${y}H380`)
    .join("");
}

function columns(step: number, offset = 0): string {
  return steps(step, offset)
    .map((x) => `M${x} 20V380`)
    .join("");
}

function dots(): string {
  return steps(30)
    .flatMap((y, row) => steps(34, row % 2 === 0 ? 0 : 17).map((x) => `M${x} ${y}h0`))
    .join("");
}
