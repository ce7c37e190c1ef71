import {
  around,
  circle,
  ellipse,
  line,
  mirrored,
  onCircle,
  path,
  rect,
  within,
} from "../shapes.ts";
import type { Drawing } from "./drawing.ts";
import { filledWith } from "./pattern.ts";

/** Folded once, hanging: two ends with fringes. */
export const scarf: Drawing = ({ main, accent, pattern }) => {
  const left = "M142 96L196 120 186 316 118 306z";
  const right = "M258 96L204 120 220 336 288 324z";
  const fringe = (x: number, y: number, slope: number): string =>
    [0, 1, 2, 3, 4, 5].map((index) => `M${x + index * 12.5} ${y + index * slope}v24`).join("");
  return (
    line(fringe(122, 308, 1.8), main.dark, 5) +
    line(fringe(223, 334, -1.8), main.base, 5) +
    path(left, main.base) +
    within("a", left, filledWith(pattern, main, accent), path(left, main.deep, 'opacity=".18"')) +
    path(right, main.base) +
    within("b", right, filledWith(pattern, main, accent)) +
    path("M132 70q68-34 136 0 22 30-8 54-60 30-120 0-30-24-8-54z", main.dark) +
    within(
      "c",
      "M132 70q68-34 136 0 22 30-8 54-60 30-120 0-30-24-8-54z",
      path("M132 70q68-34 136 0 10 12 8 26-76-38-152 0-2-14 8-26z", main.light),
      path("M160 92q40 30 80 0l-6 50h-68z", main.deep, 'opacity=".35"'),
    ) +
    path("M176 96q24-12 48 0l12 44q-36 18-72 0z", main.base) +
    path("M206 92q12 1 18 4l12 44q-12 6-24 8z", main.dark, 'opacity=".5"')
  );
};

/** Straw with a ribbon: the accent is the ribbon. */
export const hat: Drawing = ({ main, accent }) =>
  ellipse([200, 258], [164, 54], main.dark) +
  ellipse([200, 250], [164, 52], main.base) +
  ellipse([200, 246], [128, 36], main.dark, 'opacity=".5"') +
  path("M108 246C104 150 128 96 200 96s96 54 92 150q-40 26-92 26t-92-26z", main.light) +
  path("M226 99c52 10 70 62 66 147q-22 14-52 21 18-90-14-168z", main.dark, 'opacity=".4"') +
  line(
    "M126 166q34 14 74 14t74-14M120 190q36 14 80 14t80-14M136 142q30 12 64 12t64-12M158 118q20 8 42 8t42-8",
    main.dark,
    1.8,
    'opacity=".55"',
  ) +
  path("M107 220q40 26 93 26t93-26l-1 28q-40 25-92 25t-92-25z", accent.base) +
  path("M252 240q24-7 41-20l-1 28q-20 12-42 18z", accent.dark) +
  path("M256 236l40 30-14 4 2 14-40-36z", accent.dark);

/** Rib-knitted with a turned cuff and a bobble: the accent is the bobble. */
export const beanie: Drawing = ({ main, accent }) =>
  circle([200, 84], 36, accent.base) +
  around(14, (degrees) =>
    circle(onCircle([200, 84], 30, degrees), 10, degrees > 180 ? accent.dark : accent.light),
  ) +
  path("M92 256C92 150 138 100 200 100s108 50 108 156z", main.base) +
  path("M230 105c48 16 78 64 78 151h-64c10-70 2-120-14-151z", main.dark, 'opacity=".5"') +
  line(
    "M200 104V250M170 110q-24 60-24 140M230 110q24 60 24 140M144 130q-26 50-28 120M256 130q26 50 28 120",
    main.dark,
    5,
    'opacity=".7"',
  ) +
  rect([80, 236, 240, 78], 22, main.dark) +
  rect([80, 232, 240, 76], 22, main.light) +
  line(
    "M106 244v52M129 244v52M153 244v52M176 244v52M200 244v52M224 244v52M247 244v52M271 244v52M294 244v52",
    main.base,
    7,
  ) +
  rect([184, 258, 46, 28], 4, accent.pale);

/** A baseball cap from the side: the accent is the patch and the button. */
export const cap: Drawing = ({ main, accent }) =>
  circle([184, 116], 11, accent.dark) +
  path("M70 252C70 164 116 118 184 118c66 0 108 46 112 120l-4 22q-110-30-222-2z", main.base) +
  path("M70 252C70 164 116 118 184 118q-48 46-52 128-34 4-62 12z", main.dark, 'opacity=".55"') +
  path("M184 118c66 0 108 46 112 120l-4 18-58-10q4-80-50-128z", main.light, 'opacity=".6"') +
  line("M184 120q-46 46-52 126M184 120q52 48 50 124", main.dark, 2.4, 'stroke-dasharray="6 5"') +
  path("M118 250q92-18 176 6 66 8 86 40 2 12-12 10-126-34-236-34-22-2-14-22z", main.dark) +
  path("M124 248q88-14 170 8 60 8 84 36-128-34-250-30-10-4-4-14z", main.base) +
  circle([182, 196], 27, accent.base) +
  path("M166 204l16-26 16 26z", main.deep);

/** Two lenses and a bridge: the accent is the glass. */
export const sunglasses: Drawing = ({ main, accent }) =>
  mirrored(
    line("M70 168L44 150Q34 144 32 158", main.dark, 11),
    path("M60 166q4-16 24-16H160q22 0 24 18 4 84-58 88-66 0-66-90z", main.base),
    path("M74 172q2-10 14-10H156q14 0 15 12 2 68-46 70-52 0-51-72z", accent.deep),
  ) +
  within(
    "a",
    "M74 172q2-10 14-10H156q14 0 15 12 2 68-46 70-52 0-51-72zM326 172q-2-10-14-10H244q-14 0-15 12-2 68 46 70 52 0 51-72z",
    path("M70 160H330V206q-130 30-260 0z", accent.base),
    path("M92 260L140 150h26L118 260zM262 260L310 150h14L276 260z", "#fff", 'opacity=".3"'),
  ) +
  line("M180 172q20-14 40 0", main.base, 12) +
  mirrored(circle([72, 166], 4, main.pale)) +
  line("M84 156H150M250 156H316", main.light, 4);

/** Rolled up, buckle in front: the accent is the metal. */
export const belt: Drawing = ({ main, accent }) =>
  ellipse([200, 232], [148, 86], main.deep) +
  ellipse([200, 200], [148, 86], main.dark) +
  ellipse([200, 200], [122, 66], main.deep) +
  ellipse([200, 208], [120, 60], main.base, 'opacity=".45"') +
  ellipse([200, 200], [96, 48], main.dark) +
  ellipse([200, 203], [72, 33], main.deep) +
  path("M52 200c0 48 66 86 148 86s148-38 148-86v34c0 48-66 86-148 86S52 282 52 234z", main.base) +
  path("M262 278c52-14 86-44 86-78v34c0 36-36 66-88 79z", main.dark, 'opacity=".6"') +
  line("M62 230q26 48 108 56M232 286q84-10 106-58", main.pale, 2.2, 'stroke-dasharray="6 6"') +
  circle([106, 276], 4, main.deep) +
  circle([132, 287], 4, main.deep) +
  path(
    "M158 268h84q10 0 10 10v52q0 10-10 10h-84q-10 0-10-10v-52q0-10 10-10zM164 282v44h72v-44z",
    accent.base,
    'fill-rule="evenodd"',
  ) +
  path("M158 268h84q10 0 10 10v4H148v-4q0-10 10-10z", accent.light) +
  rect([196, 298, 54, 10], 5, accent.dark);
