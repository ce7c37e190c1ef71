/** The few shapes that the pictures are made of, as SVG text. Pure. Everything is drawn on a square of 400 by 400. */

/** A colour as CSS writes it, or `none`. */
export type Fill = string;

export function path(d: string, fill: Fill, more = ""): string {
  return `<path d="${d}" fill="${fill}"${attributes(more)}/>`;
}

/** A line with round ends. */
export function line(d: string, colour: Fill, width: number, more = ""): string {
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${short(width)}" stroke-linecap="round" stroke-linejoin="round"${attributes(more)}/>`;
}

export function circle([x, y]: Point, radius: number, fill: Fill, more = ""): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="${fill}"${attributes(more)}/>`;
}

/** A circle that is only its line. */
export function hoop([x, y]: Point, radius: number, colour: Fill, width: number): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="none" stroke="${colour}" stroke-width="${short(width)}"/>`;
}

export function ellipse([x, y]: Point, [rx, ry]: Point, fill: Fill, more = ""): string {
  return `<ellipse cx="${short(x)}" cy="${short(y)}" rx="${short(rx)}" ry="${short(ry)}" fill="${fill}"${attributes(more)}/>`;
}

/** `box`: left, top, width, height. */
export function rect(box: Box, radius: number, fill: Fill, more = ""): string {
  const [x, y, width, height] = box.map(short);
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${short(radius)}" fill="${fill}"${attributes(more)}/>`;
}

/** `transform` as in SVG, or empty. */
export function group(transform: string, ...parts: readonly string[]): string {
  return transform === ""
    ? `<g>${parts.join("")}</g>`
    : `<g transform="${transform}">${parts.join("")}</g>`;
}

/** The same once more on the right, as in a mirror that stands in the middle. */
export function mirrored(...parts: readonly string[]): string {
  return parts.join("") + group("matrix(-1 0 0 1 400 0)", ...parts);
}

/** `parts`, seen through an opening of the form `d`. One `name` for each opening of a picture. */
export function within(name: string, d: string, ...parts: readonly string[]): string {
  return `<clipPath id="${name}"><path d="${d}"/></clipPath><g clip-path="url(#${name})">${parts.join("")}</g>`;
}

/** `draw` for `count` places on a circle, beginning at the top. */
export function around(count: number, draw: (degrees: number, index: number) => string): string {
  return Array.from({ length: count }, (_, index) => draw((360 / count) * index, index)).join("");
}

/** The point of a circle (or an ellipse) at `degrees` from the top, clockwise. */
export function onCircle([x, y]: Point, radius: number | Point, degrees: number): Point {
  const [rx, ry] = typeof radius === "number" ? [radius, radius] : radius;
  const angle = ((degrees - 90) * Math.PI) / 180;
  return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
}

export type Point = readonly [number, number];
export type Box = readonly [number, number, number, number];

/** `12.3 45`: for paths. */
export function at([x, y]: Point): string {
  return `${short(x)} ${short(y)}`;
}

function short(number: number): string {
  return String(Math.round(number * 10) / 10);
}

function attributes(more: string): string {
  return more === "" ? "" : ` ${more}`;
}
