/** Jackets, coats, trousers and shorts. */
import type { Model } from "./model.ts";

const jackets: readonly Model[] = [
  {
    kind: "jacket",
    name: "Chore Jacket",
    cents: 105_00,
    tags: ["casual"],
    finishes: [["denim"], ["olive"], ["rust"]],
    text: "Three patch pockets, a collar that stands up to weather, and cotton drill that was made for work.",
  },
  {
    kind: "jacket",
    name: "Squall Rain Jacket",
    cents: 139_00,
    tags: ["outdoor", "waterproof"],
    finishes: [
      ["mustard", "graphite"],
      ["teal", "navy"],
    ],
    text: "Taped seams, a peaked hood and vents under the arms: dry outside, dry inside.",
  },
  {
    kind: "jacket",
    name: "Featherlight Down Jacket",
    cents: 175_00,
    tags: ["outdoor"],
    finishes: [
      ["navy", "coral"],
      ["forest", "mustard"],
    ],
    text: "Responsibly sourced down, 310 grams in all. Vanishes into its own pocket when the sun comes out.",
  },
  {
    kind: "coat",
    name: "Station Overcoat",
    cents: 245_00,
    tags: ["luxury"],
    finishes: [["sand"], ["graphite"], ["navy"]],
    text: "A double-breasted overcoat in a heavy wool that keeps out platforms and their draughts.",
  },
  {
    kind: "coat",
    name: "Trench Coat",
    cents: 198_00,
    tags: ["waterproof"],
    finishes: [["tan"], ["olive"]],
    text: "Tightly woven gabardine with a storm flap and a belt to knot, never to buckle.",
  },
];

const trousers: readonly Model[] = [
  {
    kind: "trousers",
    name: "Corner Chino",
    cents: 66_00,
    tags: ["casual"],
    finishes: [["sand"], ["navy"], ["olive"]],
    text: "A straight leg, a touch of stretch and pockets deep enough for a telephone.",
  },
  {
    kind: "trousers",
    name: "Selvedge Jeans",
    cents: 98_00,
    tags: ["casual"],
    finishes: [["denim"], ["black"]],
    text: "Fourteen ounces of indigo denim. Wear them for a year, and they are nobody's but yours.",
  },
  {
    kind: "trousers",
    name: "Boardroom Trousers",
    cents: 89_00,
    tags: [],
    finishes: [["graphite"], ["burgundy"]],
    text: "Travel wool with a crease that is still there when you arrive.",
  },
  {
    kind: "shorts",
    name: "Lido Shorts",
    cents: 42_00,
    tags: ["outdoor"],
    finishes: [["coral"], ["sky"], ["forest"]],
    text: "For the water and for the café beside it. They dry on the way between the two.",
  },
];

export const outer: readonly Model[] = [...jackets, ...trousers];
