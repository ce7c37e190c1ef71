/** What the shop's buyers write down for a thing that it sells in several colours. */
import type { Colour } from "./colours.ts";

export const categories = [
  { name: "fashion", displayName: "Fashion" },
  { name: "apparels", displayName: "Apparel" },
  { name: "bicycles", displayName: "Bicycles" },
  { name: "jewelry", displayName: "Jewelry" },
] as const;

export type Category = (typeof categories)[number]["name"];

/** What a thing is, and so how its picture is drawn. */
export const kinds = [
  "watch-casual",
  "watch-dress",
  "watch-luxury",
  "watch-smart",
  "tote",
  "handbag",
  "backpack",
  "sneaker",
  "boot",
  "loafer",
  "scarf",
  "hat",
  "beanie",
  "cap",
  "sunglasses",
  "belt",
  "shirt",
  "tee",
  "sweater",
  "dress",
  "skirt",
  "jacket",
  "coat",
  "trousers",
  "shorts",
  "bicycle-city",
  "bicycle-road",
  "bicycle-mountain",
  "bicycle-cargo",
  "bicycle-folding",
  "bicycle-kids",
  "helmet",
  "pannier",
  "light",
  "ring-band",
  "ring-solitaire",
  "ring-trilogy",
  "necklace",
  "pendant",
  "studs",
  "hoops",
  "drops",
  "bracelet",
  "bangle",
  "brooch",
] as const;

export type Kind = (typeof kinds)[number];

export type Pattern = "plain" | "stripes" | "check" | "dots";

export type Model = {
  readonly kind: Kind;
  readonly name: string;
  /** Of each of its colours; 4295 is $42.95. */
  readonly cents: number;
  /** Beside the one that its kind brings. */
  readonly tags: readonly Tag[];
  /** A colour, and the second one where it has two: strap, sole, stone. */
  readonly finishes: readonly (readonly [Colour, Colour?])[];
  readonly pattern?: Pattern;
  readonly text: string;
};

/** What people browse by, in the order of the shop's menus. */
export const tags = {
  casual: "Casual",
  smart: "Smart",
  dress: "Dress",
  luxury: "Luxury",
  watches: "Watches",
  bags: "Bags",
  shoes: "Shoes",
  scarves: "Scarves",
  hats: "Hats",
  sunglasses: "Sunglasses",
  belts: "Belts",
  shirts: "Shirts",
  knitwear: "Knitwear",
  dresses: "Dresses and skirts",
  jackets: "Jackets and coats",
  trousers: "Trousers and shorts",
  city: "City bicycles",
  road: "Road bicycles",
  mountain: "Mountain bicycles",
  cargo: "Cargo bicycles",
  kids: "For children",
  gear: "Helmets and gear",
  rings: "Rings",
  necklaces: "Necklaces",
  earrings: "Earrings",
  bracelets: "Bracelets",
  brooches: "Brooches",
  gift: "Gifts",
  outdoor: "Outdoor",
  organic: "Organic cotton",
  handmade: "Made by hand",
  waterproof: "Waterproof",
} as const;

export type Tag = keyof typeof tags;
