import { around, at, circle, hoop, line, onCircle, path, rect, type Point } from "../shapes.ts";
import { rubber, rubberLight, steel, steelDark, type Ink } from "../ink.ts";

/** Where the parts of a frame meet. */
export type Geometry = {
  readonly rear: Point;
  readonly front: Point;
  readonly crank: Point;
  readonly seat: Point;
  readonly head: Point;
  readonly headLow: Point;
};

type Tyres = { readonly tyre: number; readonly knobs?: boolean; readonly rim?: string };

/** `radius` is that of the middle of the tyre. */
export function wheel(
  hub: Point,
  radius: number,
  { tyre, knobs = false, rim = steel }: Tyres,
): string {
  const spokes = around(9, (degrees) => {
    const from = at(onCircle(hub, radius - tyre, degrees));
    const to = at(onCircle(hub, radius - tyre, degrees + 160));
    return `M${from}L${to}`;
  });
  return (
    line(spokes, "#aeb6c1", 1.4) +
    (knobs
      ? hoop(hub, radius + tyre / 2, rubber, 6).replace("/>", ' stroke-dasharray="7 5"/>')
      : "") +
    hoop(hub, radius, rubber, tyre) +
    hoop(hub, radius - tyre / 2 - 2.5, rim, 4) +
    circle(hub, 8, steelDark) +
    circle(hub, 3.5, rubber)
  );
}

export function fender(hub: Point, radius: number, colour: string): string {
  const from = at(onCircle(hub, radius, 262));
  const to = at(onCircle(hub, radius, 48));
  return line(`M${from}A${radius} ${radius} 0 0 1 ${to}`, colour, 6);
}

/** Ring, chain and cranks. */
export function chain({ rear, crank }: Pick<Geometry, "rear" | "crank">): string {
  const [rx, ry] = rear;
  const [cx, cy] = crank;
  return (
    line(`M${rx} ${ry - 8}L${cx} ${cy - 17}M${rx} ${ry + 8}L${cx} ${cy + 17}`, rubberLight, 2.6) +
    hoop(crank, 17, rubberLight, 5) +
    line(`M${cx - 12} ${cy - 30}L${cx + 12} ${cy + 30}`, steelDark, 6) +
    rect([cx - 27, cy - 36, 24, 7], 3, rubber) +
    rect([cx + 3, cy + 29, 24, 7], 3, rubber)
  );
}

/** The diamond, and the fork. */
export function frame(geometry: Geometry, ink: Ink): string {
  const { rear, front, crank, seat, head, headLow } = geometry;
  const low: Point = [seat[0] + 4, seat[1] + 16];
  return (
    line(`M${at(crank)}L${at(rear)}L${at(low)}`, ink.dark, 8) +
    line(`M${at([seat[0] - 5, seat[1] - 20])}L${at(seat)}`, steelDark, 7) +
    line(`M${at(headLow)}L${at(front)}`, ink.dark, 10) +
    line(`M${at(seat)}L${at(crank)}`, ink.base, 11) +
    line(`M${at(crank)}L${at(headLow)}`, ink.base, 13) +
    line(`M${at(low)}L${at([head[0] + 2, head[1] + 8])}`, ink.light, 10) +
    line(`M${at(head)}L${at(headLow)}`, ink.base, 14) +
    circle(crank, 8, ink.dark)
  );
}

export function saddle([x, y]: Point, ink: Ink): string {
  return (
    line(`M${x} ${y}L${x + 4} ${y + 18}`, steelDark, 6) +
    path(
      `M${x - 34} ${y - 6}q4-10 20-8l52 2q10 2 8 8-2 6-14 6-30 0-42 8-14 8-22-2-6-8-2-14z`,
      ink.dark,
    ) +
    path(`M${x - 32} ${y - 8}q4-8 18-6l52 2q8 1 8 5-44-2-78-1z`, ink.light)
  );
}

export function flatBar([x, y]: Point, ink: Ink): string {
  return (
    line(`M${x + 4} ${y + 16}L${x} ${y}L${x + 10} ${y - 14}`, rubber, 9) +
    line(`M${x - 14} ${y - 18}L${x + 30} ${y - 8}`, rubber, 8) +
    line(`M${x - 18} ${y - 19}L${x + 4} ${y - 14}`, ink.base, 12) +
    line(`M${x + 18} ${y - 6}L${x + 26} ${y + 8}`, steelDark, 4)
  );
}

export function sweptBar([x, y]: Point, ink: Ink): string {
  return (
    line(`M${x + 3} ${y + 12}L${x - 4} ${y - 18}`, steelDark, 8) +
    line(`M${x - 4} ${y - 18}q16-10 10 4-8 14-46-4`, steelDark, 7) +
    line(`M${x - 42} ${y - 18}L${x - 22} ${y - 9}`, ink.base, 12)
  );
}

export function dropBar([x, y]: Point, ink: Ink): string {
  return (
    line(`M${x + 3} ${y + 14}L${x} ${y}L${x + 20} ${y - 10}`, rubber, 8) +
    line(`M${x + 16} ${y - 10}q34-8 36 16 2 30-40 26`, ink.base, 9) +
    line(`M${x + 42} ${y - 8}q18 4 10 26`, rubber, 6)
  );
}
