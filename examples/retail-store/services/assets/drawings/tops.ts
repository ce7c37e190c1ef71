import { circle, line, mirrored, path, rect, within } from "../shapes.ts";
import type { Ink } from "../ink.ts";
import type { Drawing } from "./drawing.ts";
import { filledWith } from "./pattern.ts";

const longSleeved =
  "M148 66L200 84 252 66 288 80Q318 92 328 130L356 300q2 10-8 12l-26 5q-9 2-11-8L284 190V336q0 10-10 10H126q-10 0-10-10V190L89 309q-2 10-11 8l-26-5q-10-2-8-12L72 130Q82 92 112 80z";
const shortSleeved =
  "M146 68Q200 108 254 68L292 80 364 142q7 7 1 14l-34 36q-6 6-13 0l-30-26V336q0 10-10 10H122q-10 0-10-10V166L82 192q-7 6-13 0L35 156q-6-7 1-14L108 80z";

/** Buttoned, with a collar. */
export const shirt: Drawing = ({ main, accent, pattern }) =>
  cloth(longSleeved, main, filledWith(pattern, main, accent)) +
  sleeveFolds(main) +
  mirrored(path("M46 288l44 9-3 12q-2 10-11 8l-24-5q-10-2-8-12z", main.light)) +
  rect([190, 84, 20, 262], 0, main.light) +
  line("M190 96V344M210 96V344", main.dark, 1.8) +
  path("M168 66q32 20 64 0l-32 40z", main.deep) +
  mirrored(path("M158 60l42 42-30 32-28-58z", main.light), line("M170 132l29-30", main.dark, 1.8)) +
  [128, 172, 216, 260, 304].map((y) => circle([200, y], 4.4, main.dark)).join("") +
  path("M226 164h40v36q0 8-8 8h-24q-8 0-8-8z", main.dark, 'opacity=".3"');

export const tee: Drawing = ({ main, accent, pattern }) =>
  cloth(shortSleeved, main, filledWith(pattern, main, accent)) +
  mirrored(
    line("M112 166V132", main.deep, 3, 'opacity=".5"'),
    line("M46 142l32 34", main.dark, 2, 'stroke-dasharray="5 5"'),
  ) +
  path("M146 68Q200 108 254 68L240 62q-40 26-80 0z", main.deep) +
  line("M148 70Q200 112 252 70", main.light, 8) +
  line("M122 334H278", main.dark, 2, 'stroke-dasharray="6 5"');

/** With ribs at neck, cuffs and hem. */
export const sweater: Drawing = ({ main, accent, pattern }) =>
  cloth(longSleeved, main, filledWith(pattern, main, accent)) +
  (pattern === "plain" ? cables(main) : "") +
  sleeveFolds(main) +
  mirrored(path("M48 276l45 9-6 24q-2 10-11 8l-24-5q-10-2-8-12z", main.dark)) +
  path("M116 312H284v24q0 10-10 10H126q-10 0-10-10z", main.dark) +
  line(
    "M128 318v22M144 318v22M160 318v22M176 318v22M192 318v22M208 318v22M224 318v22M240 318v22M256 318v22M272 318v22",
    main.deep,
    3,
    'opacity=".6"',
  ) +
  path("M152 66q48 30 96 0-4 44-48 44t-48-44z", main.deep) +
  line("M152 68q8 40 48 40t48-40", main.light, 13) +
  line("M152 68q8 40 48 40t48-40", main.dark, 13, 'stroke-dasharray="2 7" opacity=".7"');

/** Patch pockets and buttons; in two colours with a hood and a zip. */
export const jacket: Drawing = ({ main, accent }) =>
  (accent === main
    ? ""
    : path("M142 76Q140 30 200 30t58 46l-58 34z", main.deep) +
      path("M156 76q0-32 44-32t44 32l-44 30z", accent.dark)) +
  cloth(longSleeved, main, "") +
  sleeveFolds(main) +
  mirrored(
    path(
      "M46 290l44 9-3 12q-2 9-11 7l-24-5q-10-2-8-11z",
      accent === main ? main.dark : accent.base,
    ),
  ) +
  (accent === main
    ? path("M168 68q32 20 64 0l-32 44z", main.deep) +
      mirrored(path("M156 60l44 50-36 30-28-62z", main.light)) +
      line("M200 112V346", main.deep, 3) +
      [146, 194, 242, 290].map((y) => circle([210, y], 5, main.deep)).join("")
    : line("M116 178H284", accent.base, 16) +
      rect([194, 92, 12, 254], 5, accent.dark) +
      line("M200 96V340", accent.pale, 3, 'stroke-dasharray="3 4"') +
      mirrored(path("M142 74l52 26v38l-44-18q-12-20-8-46z", main.light))) +
  mirrored(rect([130, 246, 52, 62], 7, main.light), line("M132 262H180", main.dark, 2.4));

/** Long and double-breasted. */
export const coat: Drawing = ({ main }) => {
  const form =
    "M150 44L200 60 250 44 286 58Q310 68 318 104L340 262q1 10-8 11l-22 3q-9 1-11-8L280 166l16 186q0 8-8 8H112q-8 0-8-8l16-186L101 268q-2 9-11 8l-22-3q-9-1-8-11L82 104Q90 68 114 58z";
  return (
    cloth(form, main, "") +
    mirrored(line("M120 166l8-40", main.deep, 3, 'opacity=".6"')) +
    path("M168 46q32 18 64 0l-28 90h-8z", main.deep) +
    path("M216 140L204 360H288q8 0 8-8L284 210z", main.dark, 'opacity=".25"') +
    mirrored(
      path("M158 42l40 106-34-6-24-24 10-18-18-22z", main.light),
      line("M158 42l40 106-34-6-24-24", main.dark, 2),
    ) +
    line("M186 150L180 358", main.deep, 2.6) +
    path("M117 214l166 0 3 24H114z", main.dark) +
    rect([176, 208, 34, 36], 6, main.deep) +
    rect([184, 216, 18, 20], 3, main.light) +
    [172, 262, 306]
      .map((y) => circle([176, y], 6, main.deep) + circle([222, y], 6, main.deep))
      .join("") +
    mirrored(path("M124 272l40 6-2 12-40-6z", main.dark))
  );
};

/** A garment of this outline: its cloth, the pattern on it, and the shade of its right side. */
function cloth(form: string, main: Ink, pattern: string): string {
  return within(
    "a",
    form,
    path(form, main.base),
    pattern,
    path("M236 20H400V400H222q36-190 14-380z", main.deep, 'opacity=".16"'),
    path("M0 20H164Q132 190 158 400H0z", "#fff", 'opacity=".06"'),
  );
}

function sleeveFolds(main: Ink): string {
  return mirrored(line("M116 192L120 134", main.deep, 3, 'opacity=".55"'));
}

function cables(main: Ink): string {
  const cable = (x: number): string =>
    `M${x} 116q14 14 0 28t0 28 0 28 0 28 0 28 0 28 0 26M${x + 12} 116q-14 14 0 28t0 28 0 28 0 28 0 28 0 28 0 26`;
  return line(`${cable(152)}${cable(194)}${cable(236)}`, main.dark, 4, 'opacity=".55"');
}
