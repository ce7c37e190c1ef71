/** Earrings, bracelets and brooches. */
import type { Model } from "./model.ts";

const earrings: readonly Model[] = [
  {
    kind: "studs",
    name: "Pinpoint Studs",
    cents: 88_00,
    tags: ["gift"],
    finishes: [
      ["gold", "diamond"],
      ["silver", "sapphire"],
      ["silver", "pearl"],
      ["gold", "ruby"],
    ],
    text: "Small enough to sleep in, bright enough to be noticed.",
  },
  {
    kind: "hoops",
    name: "Carousel Hoops",
    cents: 74_00,
    tags: [],
    finishes: [["gold"], ["silver"], ["rose gold"]],
    text: "Hollow, and so as light as they are large. The catch clicks, and stays.",
  },
  {
    kind: "drops",
    name: "Chandelier Drops",
    cents: 156_00,
    tags: ["luxury"],
    finishes: [
      ["gold", "emerald"],
      ["silver", "onyx"],
      ["rose gold", "topaz"],
    ],
    text: "Earrings that move when you laugh. Nickel-free hooks, and a soft box to travel in.",
  },
];

const bracelets: readonly Model[] = [
  {
    kind: "bracelet",
    name: "Tennis Bracelet",
    cents: 620_00,
    tags: ["luxury", "gift"],
    finishes: [
      ["silver", "diamond"],
      ["gold", "sapphire"],
    ],
    text: "A line of stones, each in its own setting, with a catch that locks twice.",
  },
  {
    kind: "bracelet",
    name: "Garland Bracelet",
    cents: 112_00,
    tags: ["gift"],
    finishes: [
      ["rose gold", "amethyst"],
      ["gold", "garnet"],
      ["silver", "topaz"],
    ],
    text: "Small stones, far enough apart to catch the light one after another.",
  },
  {
    kind: "bangle",
    name: "Hammered Bangle",
    cents: 134_00,
    tags: ["handmade"],
    finishes: [["gold"], ["silver"], ["rose gold"]],
    text: "Beaten over an anvil until it shimmers; no two of them are the same.",
  },
];

const brooches: readonly Model[] = [
  {
    kind: "brooch",
    name: "Meadow Brooch",
    cents: 79_00,
    tags: ["gift", "handmade"],
    finishes: [
      ["gold", "pearl"],
      ["silver", "sapphire"],
      ["rose gold", "ruby"],
    ],
    text: "A flower that does not wilt, for lapels, hats and scarves. The pin locks.",
  },
];

export const moreJewelry: readonly Model[] = [...earrings, ...bracelets, ...brooches];
