import { steel, steelDark, type Ink } from "../ink.ts";
import { at, circle, group, hoop, line, mirrored, onCircle, path, rect } from "../shapes.ts";
import type { Drawing } from "./drawing.ts";

const centre = [200, 200] as const;

/** A round field watch: the main colour is the dial, the accent the strap. */
export const casualWatch: Drawing = ({ main, accent }) =>
  strap(accent, 74) +
  stitches(accent) +
  lugs(steelDark, 62) +
  rect([284, 190, 16, 20], 5, steelDark) +
  circle(centre, 90, steelDark) +
  circle(centre, 86, steel) +
  circle(centre, 74, main.deep) +
  circle(centre, 71, main.base) +
  marks(12, { from: 60, to: 50, width: 6, colour: "#fff" }) +
  marks(60, { from: 64, to: 61, width: 1.6, colour: main.pale }) +
  hands({ colour: "#fff", width: 8, second: "#f08a4b" }) +
  glare(main.pale, 71);

/** Thin, round, two hands: the main colour is the metal. */
export const dressWatch: Drawing = ({ main, accent }) =>
  strap(accent, 58) +
  lugs(main.dark, 46) +
  rect([272, 193, 12, 14], 4, main.dark) +
  circle(centre, 80, main.dark) +
  circle([200, 198], 79, main.base) +
  circle(centre, 70, main.light) +
  circle(centre, 66, "#fbf8f1") +
  circle(centre, 40, "#f3eee3") +
  marks(12, { from: 59, to: 48, width: 2.6, colour: main.dark }) +
  hands({ colour: "#3a3d49", width: 4, second: main.dark }) +
  glare("#fff", 66);

/** A chronograph on a bracelet: the main colour is the metal, the accent the dial. */
export const luxuryWatch: Drawing = ({ main, accent }) =>
  bracelet(main) +
  rect([286, 188, 20, 24], 5, main.deep) +
  rect([272, 140, 20, 16], 5, main.dark, 'transform="rotate(-34 282 148)"') +
  rect([272, 244, 20, 16], 5, main.dark, 'transform="rotate(34 282 252)"') +
  circle(centre, 94, main.dark) +
  circle([200, 198], 92, main.base) +
  circle(centre, 84, accent.deep) +
  marks(60, { from: 81, to: 77, width: 1.8, colour: main.light }) +
  marks(12, { from: 81, to: 74, width: 3, colour: main.pale }) +
  circle(centre, 70, main.light) +
  circle(centre, 67, accent.base) +
  marks(12, { from: 62, to: 52, width: 5, colour: main.pale }) +
  [
    [168, 200],
    [232, 200],
    [200, 232],
  ]
    .map(([x = 0, y = 0]) => dialOf([x, y], accent, main))
    .join("") +
  hands({ colour: "#fff", width: 6, second: main.pale }) +
  glare(accent.pale, 67);

/** A rounded square with a screen: the main colour is the case, the accent the strap. */
export const smartWatch: Drawing = ({ main, accent }) =>
  strap(accent, 92) +
  [312, 326, 340].map((y) => rect([193, y, 14, 6], 3, accent.deep)).join("") +
  rect([284, 168, 12, 30], 6, main.dark) +
  rect([110, 104, 180, 192], 52, main.dark) +
  rect([110, 100, 180, 192], 52, main.base) +
  rect([121, 111, 158, 170], 44, "#14161d") +
  [
    { radius: 52, colour: "#ff5e7a", share: 0.78 },
    { radius: 38, colour: "#9be15d", share: 0.6 },
    { radius: 24, colour: "#4fd3ff", share: 0.86 },
  ]
    .map(({ radius, colour, share }) => activity(radius, colour, share))
    .join("") +
  path("M150 111h74l-62 150q-41-10-41-60v-46q0-44 29-44z", "#fff", 'opacity=".07"');

function strap(ink: Ink, width: number): string {
  const top = width / 2;
  const end = top - 8;
  const half = `M${200 - top} 150L${200 - end} 34q1-12 13-12h${2 * end - 26}q12 0 13 12L${200 + top} 150z`;
  const shade = `M200 22h${end - 13}q12 0 13 12L${200 + top} 150H200z`;
  return (
    path(half, ink.base) +
    path(shade, ink.dark, 'opacity=".55"') +
    group("matrix(1 0 0 -1 0 400)", path(half, ink.base), path(shade, ink.dark, 'opacity=".55"'))
  );
}

function stitches(ink: Ink): string {
  const lines = mirrored(line("M172 36L168 112", ink.pale, 2.4, 'stroke-dasharray="5 7"'));
  const below = mirrored(line("M172 364L168 288", ink.pale, 2.4, 'stroke-dasharray="5 7"'));
  return lines + below;
}

function lugs(colour: string, apart: number): string {
  return mirrored(
    rect([200 - apart / 2 - 16, 102, 18, 44], 7, colour),
    rect([200 - apart / 2 - 16, 254, 18, 44], 7, colour),
  );
}

function bracelet(ink: Ink): string {
  const links = [24, 46, 68, 90, 112]
    .map((y, index) => {
      const width = 62 + index * 5;
      return (
        rect([200 - width / 2, y, width, 20], 5, ink.dark) +
        rect([200 - width / 4, y, width / 2, 20], 4, ink.base) +
        rect([200 - width / 4, y, width / 2, 6], 3, ink.light)
      );
    })
    .join("");
  return links + group("matrix(1 0 0 -1 0 400)", links);
}

type Marks = {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly colour: string;
};

/** The dashes of one circle: sixty elements would be three kilobytes. */
function marks(count: number, { from, to, width, colour }: Marks): string {
  const radius = (from + to) / 2;
  const dash = (width * count) / (2 * Math.PI * radius);
  const [on, off, half] = [dash, 1 - dash, dash / 2].map((part) => part.toFixed(3));
  return `<circle cx="200" cy="200" r="${radius}" fill="none" stroke="${colour}" stroke-width="${from - to}" pathLength="${count}" stroke-dasharray="${on} ${off}" stroke-dashoffset="${half}"/>`;
}

/** Ten past ten, as in every shop window. */
function hands(look: {
  readonly colour: string;
  readonly width: number;
  readonly second: string;
}): string {
  const hand = (degrees: number, length: number): string =>
    `M${at(centre)}L${at(onCircle(centre, length, degrees))}`;
  return (
    line(hand(305, 36), look.colour, look.width) +
    line(hand(60, 54), look.colour, look.width * 0.75) +
    line(`M${at(onCircle(centre, -14, 195))}L${at(onCircle(centre, 54, 195))}`, look.second, 2) +
    circle(centre, 5, look.second)
  );
}

function dialOf(point: readonly [number, number], dial: Ink, metal: Ink): string {
  return (
    circle(point, 15, dial.deep) +
    hoop(point, 15, metal.light, 1.6) +
    line(`M${at(point)}L${at(onCircle(point, 10, point[0] + point[1]))}`, "#fff", 2)
  );
}

function activity(radius: number, colour: string, share: number): string {
  const around = 2 * Math.PI * radius;
  const on = Math.round(around * share);
  return `${hoop([200, 196], radius, colour, 10).replace("/>", ' opacity=".22"/>')}<circle cx="200" cy="196" r="${radius}" fill="none" stroke="${colour}" stroke-width="10" stroke-linecap="round" stroke-dasharray="${on} 400" transform="rotate(-90 200 196)"/>`;
}

/** The light on the crystal. */
function glare(colour: string, radius: number): string {
  const start = at(onCircle(centre, radius, 285));
  const end = at(onCircle(centre, radius, 20));
  return path(`M${start}A${radius} ${radius} 0 0 1 ${end}z`, colour, 'opacity=".22"');
}
