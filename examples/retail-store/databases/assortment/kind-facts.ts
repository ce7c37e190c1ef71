/** What holds for all things of a kind: where they stand in the shop, and the small print under each. */
import type { Kind, Model, Tag } from "./model.ts";

type Facts = { readonly tags: readonly Tag[]; readonly print: string };

const guarantee = "Two years' guarantee; the strap is fitted in our shops while you wait.";
const leather = "Vegetable-tanned leather; feed it twice a year.";
const cotton = "Machine wash at 40 degrees, dry in the shade. Cut true to size.";
const wool = "Wash by hand or in the wool cycle, dry flat. Cut true to size.";
const outerwear = "Sponge or dry clean. Take one size up for a thick sweater beneath.";
const assembled = "Delivered assembled and adjusted, with a free check after the first 300 km.";
const metal = "Hallmarked, nickel-free, and resized or repaired in our own workshop.";

const facts: Readonly<Record<Kind, Facts>> = {
  "watch-casual": { tags: ["watches", "casual"], print: guarantee },
  "watch-dress": { tags: ["watches", "dress"], print: guarantee },
  "watch-luxury": {
    tags: ["watches", "luxury"],
    print: "Five years' guarantee, and the first service is on us.",
  },
  "watch-smart": {
    tags: ["watches", "smart"],
    print: "Two years' guarantee, four years of updates. Charger in the box.",
  },
  tote: { tags: ["bags"], print: "Spot clean with cold water." },
  handbag: { tags: ["bags"], print: leather },
  backpack: { tags: ["bags"], print: "Repaired free of charge for ten years." },
  sneaker: { tags: ["shoes"], print: "Sizes 36 to 47; between two, take the smaller." },
  boot: { tags: ["shoes"], print: "Sizes 37 to 47; resoled in our workshop." },
  loafer: { tags: ["shoes"], print: leather },
  scarf: { tags: ["scarves"], print: "30 by 180 centimetres; wash by hand." },
  hat: { tags: ["hats"], print: "Sizes S to L, with a band to adjust." },
  beanie: { tags: ["hats"], print: "One size; wash by hand." },
  cap: { tags: ["hats"], print: "One size, adjustable; machine wash at 30 degrees." },
  sunglasses: { tags: ["sunglasses"], print: "Category 3 lenses, UV 400." },
  belt: { tags: ["belts"], print: "Lengths 80 to 115; shortened for nothing." },
  shirt: { tags: ["shirts"], print: cotton },
  tee: { tags: ["shirts"], print: cotton },
  sweater: { tags: ["knitwear"], print: wool },
  dress: { tags: ["dresses"], print: "Machine wash at 30 degrees, on a line afterwards." },
  skirt: { tags: ["dresses"], print: "Machine wash at 30 degrees, on a line afterwards." },
  jacket: { tags: ["jackets"], print: outerwear },
  coat: { tags: ["jackets"], print: outerwear },
  trousers: { tags: ["trousers"], print: "Hemmed to your length for nothing." },
  shorts: { tags: ["trousers"], print: cotton },
  "bicycle-city": { tags: ["city"], print: assembled },
  "bicycle-road": { tags: ["road"], print: assembled },
  "bicycle-mountain": { tags: ["mountain"], print: assembled },
  "bicycle-cargo": { tags: ["cargo"], print: assembled },
  "bicycle-folding": { tags: ["city"], print: assembled },
  "bicycle-kids": { tags: ["kids"], print: assembled },
  helmet: { tags: ["gear"], print: "Tested to EN 1078; replaced at half price after a crash." },
  pannier: { tags: ["gear"], print: "Fits every usual rack; sold singly." },
  light: { tags: ["gear"], print: "Approved for the road; cable included." },
  "ring-band": { tags: ["rings"], print: metal },
  "ring-solitaire": { tags: ["rings"], print: metal },
  "ring-trilogy": { tags: ["rings"], print: metal },
  necklace: { tags: ["necklaces"], print: metal },
  pendant: { tags: ["necklaces"], print: metal },
  studs: { tags: ["earrings"], print: metal },
  hoops: { tags: ["earrings"], print: metal },
  drops: { tags: ["earrings"], print: metal },
  bracelet: { tags: ["bracelets"], print: metal },
  bangle: { tags: ["bracelets"], print: metal },
  brooch: { tags: ["brooches"], print: metal },
};

/** Where a thing of this kind stands in the shop. */
export function kindTags(kind: Kind): readonly Tag[] {
  return facts[kind].tags;
}

/** What is printed under the name. */
export function describe({ text, kind }: Pick<Model, "text" | "kind">): string {
  return `${text} ${facts[kind].print}`;
}
