/** The shades of a colour: every thing is drawn in a few of them, which gives the pictures one light. Pure. */
import { colours, type Colour } from "../../databases/assortment/colours.ts";

export type Ink = {
  readonly base: string;
  /** Sides that turn away from the light. */
  readonly dark: string;
  /** Seams, gaps. */
  readonly deep: string;
  /** Sides that face the light. */
  readonly light: string;
  /** Glints. */
  readonly pale: string;
};

/** Steel, rubber, lining: what is the same in all colours. */
export const rubber = "#3b3f48";
export const rubberLight = "#5a606c";
export const steel = "#c3cad3";
export const steelDark = "#8e97a4";

export function inkOf(colour: Colour): Ink {
  const base = colours[colour];
  return {
    base,
    dark: mix(base, "#1c2033", 0.22),
    deep: mix(base, "#161a2b", 0.45),
    light: mix(base, "#ffffff", 0.22),
    pale: mix(base, "#ffffff", 0.55),
  };
}

/** `share` of `other` in `colour`; both are `#rrggbb`. */
export function mix(colour: string, other: string, share: number): string {
  const parts = [1, 3, 5].map((start) => {
    const [a, b] = [colour, other].map((text) => Number.parseInt(text.slice(start, start + 2), 16));
    return Math.round((a ?? 0) * (1 - share) + (b ?? 0) * share);
  });
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
