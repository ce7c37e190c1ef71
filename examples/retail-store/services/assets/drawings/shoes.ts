import { line, path, rect } from "../shapes.ts";
import { rubber, rubberLight } from "../ink.ts";
import type { Drawing } from "./drawing.ts";

/** Seen from the side, toe to the right: the accent is heel and stripe. */
export const sneaker: Drawing = ({ main, accent }) =>
  path(
    "M62 162q34 16 68 2l24-34q6-8 15-3l26 15q38 62 106 74 54 10 54 56v16H52q-4-70 10-126z",
    main.base,
  ) +
  path("M154 130q6-8 15-3l26 15q38 62 106 74 26 5 40 18-70 8-118-14-58-28-69-90z", main.light) +
  path("M250 272q8-40 56-54 49 12 49 54v16H246z", main.dark, 'opacity=".35"') +
  path("M62 162q22 11 46 9-8 56-2 117H52q-4-70 10-126z", accent.base) +
  path("M52 244q0-50 10-82l14 5q-8 40-6 121H52z", accent.dark, 'opacity=".6"') +
  path(
    "M132 286q34-12 58-64l20 13q-22 38-38 51zM186 286q24-12 42-38l20 12q-12 18-22 26z",
    accent.base,
  ) +
  line("M170 168l28-20M183 188l30-20M199 206l30-20M218 221l28-18", accent.light, 7) +
  path("M46 276H358q10 0 10 12v14q0 18-20 18H64q-20 0-20-20z", "#f6f4ee") +
  path("M45 300H368q0 20-20 20H64q-18 0-19-20z", accent.dark) +
  line("M60 289H352", "#d9d5ca", 2.4, 'stroke-dasharray="8 6"');

/** Above the ankle, with a heel: the accent is elastic and sole edge. */
export const boot: Drawing = ({ main, accent }) =>
  path("M112 62H222l6 126q42 38 92 48 40 9 40 52v18H104q-10-120 8-244z", main.base) +
  path("M112 62h40q-18 120-6 244h-42q-10-120 8-244z", main.dark, 'opacity=".5"') +
  path("M150 108h46l22 88-20 40-44-30z", accent.base) +
  line("M160 112l-2 92M172 112l6 106M184 112l16 106", accent.dark, 3) +
  path("M228 188q42 38 92 48 40 9 40 52v4q-76-6-118-44-22-22-14-60z", main.light) +
  line("M262 222q-18 28-18 78", main.dark, 3) +
  path("M108 62H224l1 18H106z", main.dark) +
  line("M200 62V42q8-12 16 0v20", accent.dark, 7) +
  rect([98, 300, 266, 22], 8, accent.dark) +
  path("M100 318h84v28q0 6-6 6h-72q-6 0-6-6zM184 318H364q0 18-16 18H230q-20 0-24-14z", rubber) +
  line("M112 309H352", accent.pale, 2, 'stroke-dasharray="6 6"');

/** Low, with a saddle strap: the accent is the sole. */
export const loafer: Drawing = ({ main, accent }) =>
  path(
    "M58 186q40 30 96 10l24-16q20-8 34 8 34 36 88 42 58 8 62 50v14H56q-12-56 2-108z",
    main.base,
  ) +
  path("M58 186q22 16 48 18-12 44-6 90H56q-12-56 2-108z", main.dark, 'opacity=".55"') +
  path("M68 192q46 22 92 4l18-12q14 2 20 12-60 40-128 10z", main.deep) +
  path("M160 196l40-12q26 28 24 100h-56q6-56-8-88z", main.light) +
  path("M182 216h22v8h-22zM180 232h28v10h-28z", main.deep) +
  line("M226 240q56-10 94 20 18 16 22 26", main.light, 5) +
  line("M226 252q50-6 84 20", main.dark, 2.4, 'stroke-dasharray="6 5"') +
  path("M50 286H364q6 0 6 8 0 14-16 14H62q-14 0-12-22z", accent.base) +
  path("M52 302h76v28q0 8-8 8H60q-8 0-8-8z", accent.deep) +
  rect([52, 326, 76, 12], 5, rubberLight);
