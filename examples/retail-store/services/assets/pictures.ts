/** From what is sold to its picture. Pure: the same product always has the same bytes. */
import { colours, type Colour } from "../../databases/assortment/colours.ts";
import type { Kind } from "../../databases/assortment/model.ts";
import type { Picture } from "../../databases/products.ts";
import { backpack, handbag, tote } from "./drawings/bags.ts";
import {
  cargoBicycle,
  cityBicycle,
  foldingBicycle,
  helmet,
  kidsBicycle,
  light,
  mountainBicycle,
  pannier,
  roadBicycle,
} from "./drawings/bicycles.ts";
import { dress, shorts, skirt, trousers } from "./drawings/bottoms.ts";
import type { Drawing } from "./drawings/drawing.ts";
import { beanie, belt, cap, hat, scarf, sunglasses } from "./drawings/headwear.ts";
import {
  bangle,
  bracelet,
  brooch,
  drops,
  hoops,
  necklace,
  pendant,
  ringBand,
  ringSolitaire,
  ringTrilogy,
  studs,
} from "./drawings/jewelry.ts";
import { boot, loafer, sneaker } from "./drawings/shoes.ts";
import { coat, jacket, shirt, sweater, tee } from "./drawings/tops.ts";
import { casualWatch, dressWatch, luxuryWatch, smartWatch } from "./drawings/watches.ts";
import { inkOf, mix } from "./ink.ts";
import { circle, ellipse, rect } from "./shapes.ts";

const drawings: Readonly<Record<Kind, Drawing>> = {
  "watch-casual": casualWatch,
  "watch-dress": dressWatch,
  "watch-luxury": luxuryWatch,
  "watch-smart": smartWatch,
  tote,
  handbag,
  backpack,
  sneaker,
  boot,
  loafer,
  scarf,
  hat,
  beanie,
  cap,
  sunglasses,
  belt,
  shirt,
  tee,
  sweater,
  dress,
  skirt,
  jacket,
  coat,
  trousers,
  shorts,
  "bicycle-city": cityBicycle,
  "bicycle-road": roadBicycle,
  "bicycle-mountain": mountainBicycle,
  "bicycle-cargo": cargoBicycle,
  "bicycle-folding": foldingBicycle,
  "bicycle-kids": kidsBicycle,
  helmet,
  pannier,
  light,
  "ring-band": ringBand,
  "ring-solitaire": ringSolitaire,
  "ring-trilogy": ringTrilogy,
  necklace,
  pendant,
  studs,
  hoops,
  drops,
  bracelet,
  bangle,
  brooch,
};

/** What floats has no shadow on the ground; what stands there has a wide one. */
const wideShadows: ReadonlySet<Kind> = new Set<Kind>([
  "bicycle-city",
  "bicycle-road",
  "bicycle-mountain",
  "bicycle-cargo",
  "bicycle-folding",
  "bicycle-kids",
  "sneaker",
  "boot",
  "loafer",
]);

/** An SVG of 400 by 400 on a softly tinted ground that does on light pages and on dark ones. */
export function draw({ kind, colour, accent, pattern }: Picture, title: string): string {
  const main = inkOf(colour);
  const ground = groundOf({ colour, accent });
  const drawing = drawings[kind]({ main, accent: accent ? inkOf(accent) : main, pattern });
  const isWide = wideShadows.has(kind);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400" role="img"><title>${escapeXml(title)}</title>`,
    rect([0, 0, 400, 400], 0, ground),
    circle([200, 196], 168, mix(ground, "#ffffff", isPale(colour) ? 0.2 : 0.45)),
    ellipse(
      [200, isWide ? 346 : 362],
      [isWide ? 158 : 104, isWide ? 12 : 11],
      "#1c2033",
      'opacity=".1"',
    ),
    // The square is left some air on all sides.
    `<g transform="translate(20 18) scale(.9)">${drawing}</g></svg>`,
  ].join("");
}

/** What is pale would not stand out on a ground of its own colour, nor gold on a golden one: the second colour lends its. */
function groundOf({ colour, accent }: Pick<Picture, "colour" | "accent">): string {
  if (accent !== undefined && isPale(colour) && !isPale(accent)) return tint(colours[accent], 0.76);
  return isPale(colour) ? tint(colours.denim, 0.72) : tint(colours[colour], 0.8);
}

function isPale(colour: Colour): boolean {
  return paleColours.has(colour);
}

const paleColours: ReadonlySet<Colour> = new Set<Colour>([
  "white",
  "cream",
  "silver",
  "diamond",
  "pearl",
  "gold",
  "rose gold",
]);

function tint(colour: string, share: number): string {
  return mix(colour, "#f4f3f1", share);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
