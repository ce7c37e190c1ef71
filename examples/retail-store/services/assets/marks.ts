/** The shop's own signs. Pure. */
import { circle, line, path, rect } from "./shapes.ts";

const sea = "#1f7a86";
const sail = "#ef8354";
const foresail = "#f6b26b";

/** A boat under sail, on nothing: does on light pages and on dark ones. */
export function logo(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64" role="img"><title>Leeward</title>${boat()}</svg>`;
}

/** The same on a ground of its own, for the tabs of a browser. */
export function favicon(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><title>Leeward</title>${rect([0, 0, 64, 64], 15, "#fdf6ec")}<g transform="translate(6 5) scale(.81)">${boat()}</g></svg>`;
}

function boat(): string {
  return (
    path("M34 5C47 17 54 30 55 43H34z", sail) +
    path("M29 12C28 24 22 35 10 43H29z", foresail) +
    path("M7 47H57q-3 10-13 10H20Q10 57 7 47z", sea) +
    line("M4 61q6-4 12 0t12 0 12 0 12 0 9-1", sea, 2.6, 'opacity=".55"') +
    circle([31.5, 6], 2, sea)
  );
}
