import { around, at, circle, ellipse, line, onCircle, path, type Point } from "../shapes.ts";
import type { Ink } from "../ink.ts";

/** A ring of metal, seen a little from above. */
export function band(centre: Point, [rx, ry]: Point, width: number, ink: Ink): string {
  const [x, y] = centre;
  const stroke = (colour: string, wide: number, more = ""): string =>
    `stroke="${colour}" stroke-width="${wide}"${more === "" ? "" : ` ${more}`}`;
  return (
    ellipse([x, y + width / 5], [rx, ry], "none", stroke(ink.deep, width)) +
    ellipse(centre, [rx, ry], "none", stroke(ink.base, width)) +
    ellipse([x, y - width / 6], [rx, ry], "none", stroke(ink.light, width / 4)) +
    line(arc(centre, [rx, ry], [205, 250]), ink.pale, width / 3) +
    line(arc(centre, [rx, ry], [20, 48]), ink.pale, width / 4) +
    line(arc(centre, [rx, ry], [105, 160]), ink.dark, width / 3)
  );
}

/** A round stone from above: eight facets around a table. */
export function gem(centre: Point, radius: number, ink: Ink): string {
  const shades = [ink.pale, ink.light, ink.base, ink.dark, ink.dark, ink.base, ink.base, ink.light];
  const corner = (degrees: number, share: number): string =>
    at(onCircle(centre, radius * share, degrees - 22.5));
  return (
    circle(centre, radius, ink.base) +
    around(8, (degrees, index) => {
      const outer = `${corner(degrees, 1)}L${corner(degrees + 45, 1)}`;
      const inner = `${corner(degrees + 45, 0.55)}L${corner(degrees, 0.55)}`;
      return path(`M${outer}L${inner}z`, shades[index] ?? ink.base);
    }) +
    path(
      `M${at(onCircle(centre, radius * 0.5, 290))}L${at(onCircle(centre, radius * 0.5, 20))}L${at(onCircle(centre, radius * 0.3, 160))}z`,
      ink.pale,
      'opacity=".7"',
    )
  );
}

/** A polished ball. */
export function bead([x, y]: Point, radius: number, ink: Ink): string {
  return (
    circle([x, y], radius, ink.dark) +
    circle([x - radius * 0.08, y - radius * 0.1], radius * 0.88, ink.base) +
    circle([x - radius * 0.3, y - radius * 0.34], radius * 0.32, ink.pale)
  );
}

/** A fine chain along a path. */
export function chainLine(d: string, ink: Ink): string {
  return line(d, ink.dark, 5) + line(d, ink.light, 5, 'stroke-dasharray="1 8"');
}

function arc(centre: Point, radii: Point, [from, to]: Point): string {
  return `M${at(onCircle(centre, radii, from))}A${radii.join(" ")} 0 0 1 ${at(onCircle(centre, radii, to))}`;
}
