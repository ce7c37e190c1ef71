import {
  around,
  at,
  circle,
  ellipse,
  group,
  hoop,
  line,
  mirrored,
  onCircle,
  path,
  rect,
} from "../shapes.ts";
import type { Drawing } from "./drawing.ts";
import { band, bead, chainLine, gem } from "./jewelry-parts.ts";

export const ringBand: Drawing = ({ main }) =>
  group("rotate(-16 200 210)", band([200, 210], [122, 130], 30, main));

/** One stone on six claws. */
export const ringSolitaire: Drawing = ({ main, accent }) =>
  band([200, 248], [96, 98], 17, main) +
  path("M164 150L182 168h36l18-18z", main.dark) +
  gem([200, 112], 56, accent) +
  mirrored(line("M160 86L174 152", main.base, 6), circle([159, 84], 6, main.light)) +
  circle([200, 64], 6, main.light);

/** Three stones, the middle one larger. */
export const ringTrilogy: Drawing = ({ main, accent }) =>
  band([200, 246], [100, 100], 16, main) +
  mirrored(path("M112 148l22 28h20l14-24z", main.dark), gem([136, 132], 34, accent)) +
  path("M170 152l16 18h28l16-18z", main.dark) +
  gem([200, 116], 46, accent) +
  mirrored(circle([106, 128], 5, main.light), circle([164, 92], 5, main.light));

/** Beads on a string, growing towards the middle. */
export const necklace: Drawing = ({ main, accent }) =>
  line("M82 56C70 190 110 326 200 326S330 190 318 56", main.dark, 2.6) +
  mirrored(...beadPlaces().map(([x, y, radius]) => bead([x, y], radius, accent))) +
  bead([200, 326], 22, accent) +
  mirrored(hoop([82, 50], 9, main.base, 4));

/** A stone on a fine chain. */
export const pendant: Drawing = ({ main, accent }) =>
  chainLine("M86 44C96 150 140 206 200 214C260 206 304 150 314 44", main) +
  hoop([200, 222], 12, main.base, 6) +
  path("M200 234C226 268 248 290 248 314a48 44 0 0 1-96 0c0-24 22-46 48-80z", main.dark) +
  path("M200 230C226 266 248 286 248 310a48 44 0 0 1-96 0c0-24 22-44 48-80z", main.base) +
  path("M200 250C218 276 234 292 234 310a34 32 0 0 1-68 0c0-18 16-34 34-60z", accent.base) +
  path("M200 250C218 276 234 292 234 310a34 32 0 0 1-34 32z", accent.dark) +
  path("M200 250l18 54-18 38-18-38z", accent.light) +
  path("M200 250l-18 54-16 6c0-18 16-34 34-60z", accent.pale);

export const studs: Drawing = ({ main, accent }) =>
  stud([136, 176], main, accent) + stud([264, 226], main, accent);

export const hoops: Drawing = ({ main }) =>
  band([146, 196], [70, 92], 15, main) +
  band([262, 222], [70, 92], 15, main) +
  rect([138, 96, 16, 22], 5, main.deep) +
  rect([254, 122, 16, 22], 5, main.deep);

/** Hooks with three stones in a row. */
export const drops: Drawing = ({ main, accent }) =>
  mirrored(
    line("M104 108q-4-56 24-56 22 0 22 28", main.base, 6),
    hoop([104, 120], 10, main.base, 5),
    gem([104, 156], 26, accent),
    line("M104 184V204", main.base, 5),
    gem([104, 226], 20, accent),
    path("M104 252c18 26 30 40 30 58a30 30 0 0 1-60 0c0-18 12-32 30-58z", main.base),
    path("M104 268c12 18 20 30 20 42a20 20 0 0 1-40 0c0-12 8-24 20-42z", accent.base),
    path("M104 268c12 18 20 30 20 42a20 20 0 0 1-20 20z", accent.dark),
  );

/** Stones all around. */
export const bracelet: Drawing = ({ main, accent }) =>
  ellipse([200, 214], [140, 96], "none", `stroke="${main.dark}" stroke-width="8"`) +
  around(26, (degrees) => {
    const point = onCircle([200, 210], [140, 96], degrees);
    const isNear = degrees > 90 && degrees < 270;
    const radius = isNear ? 15 : 11;
    return (
      circle(point, radius, isNear ? main.base : main.dark) +
      circle(point, radius * 0.68, isNear ? accent.base : accent.dark) +
      (isNear ? path(`M${at([point[0] - 7, point[1]])}l7-8 7 8z`, accent.pale) : "")
    );
  });

/** Beaten: facets along the near side. */
export const bangle: Drawing = ({ main }) =>
  band([200, 206], [140, 100], 36, main) +
  around(22, (degrees, index) => {
    if (degrees < 100 || degrees > 262) return "";
    const [x, y] = onCircle([200, 206], [140, 100], degrees + (index % 2) * 3);
    return ellipse(
      [x, y + (index % 3) * 5 - 5],
      [9, 7],
      index % 2 === 0 ? main.light : main.dark,
      'opacity=".75"',
    );
  });

/** A flower: the accent is its heart. */
export const brooch: Drawing = ({ main, accent }) =>
  line("M206 240Q222 310 268 350", main.dark, 8) +
  path("M228 296q40-44 92-30-20 46-86 46z", main.base) +
  path("M228 296q48-14 92-30-20 46-86 46z", main.dark) +
  around(8, (degrees, index) =>
    group(
      `rotate(${degrees} 200 176)`,
      path(
        "M200 160C160 130 166 70 200 56c34 14 40 74 0 104z",
        index % 2 === 0 ? main.base : main.light,
      ),
      path("M200 160c20-34 22-74 0-104 34 14 40 74 0 104z", main.dark, 'opacity=".6"'),
    ),
  ) +
  circle([200, 176], 36, main.deep) +
  bead([200, 175], 31, accent) +
  around(8, (degrees) => circle(onCircle([200, 176], 92, degrees), 5, accent.light));

function stud(
  point: readonly [number, number],
  main: Parameters<typeof gem>[2],
  accent: Parameters<typeof gem>[2],
): string {
  return (
    circle([point[0] + 2, point[1] + 6], 58, main.deep, 'opacity=".35"') +
    circle(point, 58, main.base) +
    circle(point, 50, main.dark) +
    gem(point, 46, accent) +
    around(6, (degrees) => circle(onCircle(point, 50, degrees + 30), 7, main.light))
  );
}

/** Down one side of an ellipse, each touching the next: x, y and radius. */
function beadPlaces(): readonly (readonly [number, number, number])[] {
  const radii = [20, 18.5, 17, 15.5, 14, 13, 12, 11, 10.5, 10, 9.5, 9, 8.5];
  const [rx, ry] = [118, 156];
  let angle = Math.PI / 2;
  let before = 22;
  return radii.map((radius) => {
    angle += (before + radius) / Math.hypot(rx * Math.sin(angle), ry * Math.cos(angle));
    before = radius;
    return [200 + rx * Math.cos(angle), 170 + ry * Math.sin(angle), radius];
  });
}
