/** Clothes: shirts, knitwear, dresses and skirts. Jackets and trousers: `apparels-outer.ts`. */
import type { Model } from "./model.ts";
import { outer } from "./apparels-outer.ts";

const shirts: readonly Model[] = [
  {
    kind: "shirt",
    name: "Oxford Shirt",
    cents: 59_00,
    tags: [],
    finishes: [["sky"], ["white"], ["rose"]],
    text: "A button-down collar with a proper roll, cloth that softens with each wash, and a tail that stays tucked in.",
  },
  {
    kind: "shirt",
    name: "Deckchair Shirt",
    cents: 64_00,
    tags: ["casual"],
    pattern: "stripes",
    finishes: [
      ["navy", "white"],
      ["rust", "cream"],
    ],
    text: "Wide stripes and a relaxed cut. Iron it or do not: it looks meant either way.",
  },
  {
    kind: "shirt",
    name: "Lumber Flannel",
    cents: 69_00,
    tags: ["outdoor"],
    pattern: "check",
    finishes: [
      ["red", "black"],
      ["forest", "navy"],
    ],
    text: "Brushed on both sides and cut with room for a T-shirt beneath. The first shirt that friends will borrow.",
  },
  {
    kind: "tee",
    name: "Everyday Tee",
    cents: 19_50,
    tags: ["organic"],
    finishes: [["white"], ["black"], ["teal"], ["mustard"]],
    text: "A T-shirt that keeps its shape: heavy combed cotton, a ribbed neck, no label that scratches.",
  },
  {
    kind: "tee",
    name: "Breton Tee",
    cents: 34_00,
    tags: ["organic", "casual"],
    pattern: "stripes",
    finishes: [
      ["cream", "navy"],
      ["white", "red"],
    ],
    text: "Twenty-one stripes, a boat neck and sleeves that end where they should.",
  },
  {
    kind: "tee",
    name: "Confetti Tee",
    cents: 26_00,
    tags: ["organic", "gift"],
    pattern: "dots",
    finishes: [
      ["coral", "white"],
      ["lilac", "cream"],
    ],
    text: "Small dots, printed with water-based ink that can be felt by nobody.",
  },
];

const knitwear: readonly Model[] = [
  {
    kind: "sweater",
    name: "Fisherman's Sweater",
    cents: 119_00,
    tags: ["handmade"],
    finishes: [["cream"], ["navy"]],
    text: "Five ply of British wool, knitted tight against the wind, with cuffs that can be turned back.",
  },
  {
    kind: "sweater",
    name: "Merino Crew",
    cents: 85_00,
    tags: [],
    finishes: [["burgundy"], ["forest"], ["grey"]],
    text: "Fine enough for a jacket, warm enough without one. Washes at 30 degrees and does not bobble.",
  },
  {
    kind: "sweater",
    name: "Slalom Sweater",
    cents: 95_00,
    tags: ["outdoor"],
    pattern: "stripes",
    finishes: [
      ["red", "white"],
      ["teal", "mustard"],
    ],
    text: "Stripes from the ski clubs of the seventies, in a yarn from this decade.",
  },
];

const dresses: readonly Model[] = [
  {
    kind: "dress",
    name: "Garden Party Dress",
    cents: 98_00,
    tags: ["gift"],
    pattern: "dots",
    finishes: [
      ["red", "white"],
      ["navy", "cream"],
    ],
    text: "A fitted waist, a skirt that turns, and pockets. Yes, pockets.",
  },
  {
    kind: "dress",
    name: "Linen Midi Dress",
    cents: 112_00,
    tags: [],
    finishes: [["olive"], ["coral"], ["sky"]],
    text: "European linen, washed until it is soft. The cut is easy and the creases are part of it.",
  },
  {
    kind: "dress",
    name: "Evening Column Dress",
    cents: 159_00,
    tags: ["luxury"],
    finishes: [["black"], ["burgundy"], ["teal"]],
    text: "Heavy crêpe that falls straight and does not cling. Fully lined, with a zip that does not catch.",
  },
  {
    kind: "skirt",
    name: "Pleated Skirt",
    cents: 72_00,
    tags: [],
    finishes: [["mustard"], ["navy"], ["rose"]],
    text: "Knife pleats that survive the washing machine, and a waistband that lies flat.",
  },
];

export const apparels: readonly Model[] = [...shirts, ...knitwear, ...dresses, ...outer];
