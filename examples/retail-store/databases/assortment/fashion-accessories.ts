/** Bags, shoes, scarves, hats, sunglasses and belts. */
import type { Model } from "./model.ts";

const bags: readonly Model[] = [
  {
    kind: "tote",
    name: "Harbour Tote",
    cents: 38_00,
    tags: ["organic"],
    finishes: [
      ["sand", "navy"],
      ["denim", "tan"],
    ],
    text: "Heavy canvas with leather handles long enough for a shoulder. Takes a week of groceries and a bunch of flowers.",
  },
  {
    kind: "tote",
    name: "Market Tote",
    cents: 29_50,
    tags: ["gift"],
    finishes: [
      ["coral", "cream"],
      ["mint", "forest"],
    ],
    text: "Folds into its own pocket and weighs less than an apple. Keep one by the door and one at work.",
  },
  {
    kind: "handbag",
    name: "Elm Street Handbag",
    cents: 165_00,
    tags: ["handmade"],
    finishes: [
      ["burgundy", "gold"],
      ["black", "silver"],
    ],
    text: "Full-grain leather that gets better with years. Three compartments inside, so the keys are always where you left them.",
  },
  {
    kind: "handbag",
    name: "Piccola",
    cents: 119_00,
    tags: ["gift"],
    finishes: [
      ["rose", "gold"],
      ["teal", "gold"],
    ],
    text: "Small enough for an evening, large enough for a book. The strap comes off when you would rather carry it by hand.",
  },
  {
    kind: "backpack",
    name: "Commuter Backpack",
    cents: 89_00,
    tags: ["waterproof"],
    finishes: [
      ["graphite", "mustard"],
      ["forest", "tan"],
    ],
    text: "A padded sleeve for a laptop of 15 inches, a pocket for the train ticket, and a roll-top that keeps the rain where it belongs.",
  },
  {
    kind: "backpack",
    name: "Daytrip Backpack",
    cents: 62_00,
    tags: ["outdoor"],
    finishes: [
      ["rust", "sand"],
      ["sky", "navy"],
    ],
    text: "Eighteen litres for a coat, lunch and a bottle. The back breathes, and the straps do not slip.",
  },
];

const shoes: readonly Model[] = [
  {
    kind: "sneaker",
    name: "Court Classic",
    cents: 79_00,
    tags: ["casual"],
    finishes: [
      ["white", "forest"],
      ["navy", "coral"],
    ],
    text: "The white shoe that goes with everything, on a sole that is stitched and not only glued.",
  },
  {
    kind: "sneaker",
    name: "Towpath Runner",
    cents: 109_00,
    tags: ["outdoor"],
    finishes: [
      ["teal", "mustard"],
      ["graphite", "red"],
    ],
    text: "Light, springy, and wide where toes need it. Made for the ten kilometres before breakfast.",
  },
  {
    kind: "boot",
    name: "Fellside Boot",
    cents: 149_00,
    tags: ["outdoor", "waterproof"],
    finishes: [
      ["brown", "tan"],
      ["black", "grey"],
    ],
    text: "Waxed leather, sewn-in tongue, rubber lugs: dry feet on the hill, and good manners in the pub after it.",
  },
  {
    kind: "boot",
    name: "Gallery Chelsea Boot",
    cents: 135_00,
    tags: ["handmade"],
    finishes: [
      ["tan", "brown"],
      ["burgundy", "black"],
    ],
    text: "Pulled on in a second and polished in two minutes. Resoled as often as you like.",
  },
  {
    kind: "loafer",
    name: "Quadrangle Loafer",
    cents: 118_00,
    tags: ["handmade"],
    finishes: [
      ["burgundy", "brown"],
      ["navy", "tan"],
    ],
    text: "Hand-sewn moccasin toe, leather lining, and a heel that does not rub even on the first day.",
  },
];

const rest: readonly Model[] = [
  {
    kind: "scarf",
    name: "Lambswool Scarf",
    cents: 45_00,
    tags: ["gift"],
    pattern: "check",
    finishes: [
      ["red", "navy"],
      ["forest", "cream"],
    ],
    text: "Woven in a small mill from undyed and dyed lambswool. Warm, not itchy, and long enough for two turns.",
  },
  {
    kind: "scarf",
    name: "Promenade Scarf",
    cents: 32_00,
    tags: ["gift"],
    pattern: "stripes",
    finishes: [
      ["sky", "white"],
      ["mustard", "graphite"],
    ],
    text: "A light scarf for the evenings of summer and the mornings of autumn.",
  },
  {
    kind: "hat",
    name: "Sundial Hat",
    cents: 48_00,
    tags: ["outdoor"],
    finishes: [
      ["sand", "navy"],
      ["cream", "coral"],
    ],
    text: "Plaited straw with a ribbon and a brim that shades the neck. Packs flat and springs back.",
  },
  {
    kind: "beanie",
    name: "Trawler Beanie",
    cents: 24_00,
    tags: ["gift"],
    finishes: [
      ["navy", "white"],
      ["rust", "cream"],
    ],
    text: "Rib-knitted from merino in one piece, without a seam to scratch.",
  },
  {
    kind: "cap",
    name: "Pier Cap",
    cents: 22_50,
    tags: ["casual"],
    finishes: [
      ["denim", "white"],
      ["red", "cream"],
    ],
    text: "Washed cotton twill, a brass buckle, and a peak that is already broken in.",
  },
  {
    kind: "sunglasses",
    name: "Riviera Sunglasses",
    cents: 84_00,
    tags: ["gift"],
    finishes: [
      ["brown", "olive"],
      ["black", "graphite"],
    ],
    text: "Bio-acetate frames, polarised lenses, full protection. Case and cloth included.",
  },
  {
    kind: "sunglasses",
    name: "Boulevard Sunglasses",
    cents: 96_00,
    tags: [],
    finishes: [
      ["gold", "burgundy"],
      ["teal", "navy"],
    ],
    text: "A larger lens and a lighter frame, for drivers who meet the evening sun.",
  },
  {
    kind: "belt",
    name: "Saddler's Belt",
    cents: 52_00,
    tags: ["handmade", "gift"],
    finishes: [
      ["tan", "gold"],
      ["black", "silver"],
    ],
    text: "One piece of bridle leather, cut, bevelled and polished by one person, with a solid buckle.",
  },
];

export const accessories: readonly Model[] = [...bags, ...shoes, ...rest];
