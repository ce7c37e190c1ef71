/** Rings and what hangs from necks. Earrings, bracelets and brooches: `jewelry-more.ts`. */
import type { Model } from "./model.ts";
import { moreJewelry } from "./jewelry-more.ts";

const rings: readonly Model[] = [
  {
    kind: "ring-solitaire",
    name: "Meridian Solitaire",
    cents: 890_00,
    tags: ["gift", "luxury"],
    finishes: [
      ["gold", "diamond"],
      ["silver", "sapphire"],
      ["rose gold", "emerald"],
      ["gold", "ruby"],
    ],
    text: "One stone, held by six claws and lit from every side. Set in our workshop within a week of your order.",
  },
  {
    kind: "ring-solitaire",
    name: "Dew Ring",
    cents: 145_00,
    tags: ["gift"],
    finishes: [
      ["silver", "topaz"],
      ["gold", "citrine"],
      ["silver", "amethyst"],
    ],
    text: "A round stone on a slim band, for every day and for stacking with its sisters.",
  },
  {
    kind: "ring-band",
    name: "Plain Band",
    cents: 320_00,
    tags: ["handmade"],
    finishes: [["gold"], ["silver"], ["rose gold"]],
    text: "Three millimetres, rounded inside, so that it turns without pinching. Engraved for nothing.",
  },
  {
    kind: "ring-trilogy",
    name: "Trilogy Ring",
    cents: 540_00,
    tags: ["luxury"],
    finishes: [
      ["gold", "sapphire"],
      ["rose gold", "garnet"],
      ["silver", "emerald"],
    ],
    text: "Yesterday, today and tomorrow, in three stones matched by eye.",
  },
];

const necklaces: readonly Model[] = [
  {
    kind: "pendant",
    name: "Raindrop Pendant",
    cents: 168_00,
    tags: ["gift"],
    finishes: [
      ["silver", "topaz"],
      ["gold", "emerald"],
      ["rose gold", "amethyst"],
    ],
    text: "A drop-cut stone on a chain of 45 centimetres, which closes at 40 as well.",
  },
  {
    kind: "pendant",
    name: "Teardrop Locket",
    cents: 129_00,
    tags: ["gift"],
    finishes: [
      ["gold", "onyx"],
      ["silver", "pearl"],
    ],
    text: "Room for two small pictures and one small secret. The hinge is made to be opened often.",
  },
  {
    kind: "necklace",
    name: "Tidal Pearl Necklace",
    cents: 410_00,
    tags: ["luxury", "gift"],
    finishes: [
      ["gold", "pearl"],
      ["silver", "pearl"],
    ],
    text: "Freshwater pearls, sorted by hand and knotted on silk, one by one.",
  },
  {
    kind: "necklace",
    name: "Orchard Beads",
    cents: 96_00,
    tags: ["handmade"],
    finishes: [
      ["gold", "garnet"],
      ["silver", "amethyst"],
      ["rose gold", "citrine"],
    ],
    text: "Polished beads that sit at the collarbone, each with its own grain.",
  },
];

export const jewelry: readonly Model[] = [...rings, ...necklaces, ...moreJewelry];
