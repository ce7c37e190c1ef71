/** Helmets, panniers and lights. */
import type { Model } from "./model.ts";

export const bicycleGear: readonly Model[] = [
  {
    kind: "helmet",
    name: "Bowler City Helmet",
    cents: 64_00,
    tags: ["city"],
    finishes: [
      ["cream", "brown"],
      ["forest", "tan"],
      ["black", "grey"],
    ],
    text: "A helmet that goes with a coat. Turns tight with one wheel at the back, and has a magnet for a buckle.",
  },
  {
    kind: "helmet",
    name: "Breeze Road Helmet",
    cents: 118_00,
    tags: ["road"],
    finishes: [
      ["white", "red"],
      ["navy", "sky"],
    ],
    text: "Eighteen vents and 230 grams. After an hour you will feel for it to see whether it is still there.",
  },
  {
    kind: "helmet",
    name: "Sprout Helmet",
    cents: 39_00,
    tags: ["kids", "gift"],
    finishes: [
      ["coral", "mustard"],
      ["mint", "navy"],
      ["lilac", "white"],
    ],
    text: "Grows along for three years, and has a light at the back that children will not stop switching on.",
  },
  {
    kind: "pannier",
    name: "Ferry Pannier",
    cents: 74_00,
    tags: ["waterproof", "outdoor"],
    finishes: [
      ["mustard", "black"],
      ["teal", "graphite"],
      ["red", "black"],
    ],
    text: "Welded seams and a roll-top: twenty litres that stay dry through anything short of the river.",
  },
  {
    kind: "pannier",
    name: "Office Pannier",
    cents: 92_00,
    tags: ["city"],
    finishes: [
      ["graphite", "tan"],
      ["olive", "brown"],
    ],
    text: "On the rack a pannier, in the lift a briefcase. The hooks hide behind a flap.",
  },
  {
    kind: "light",
    name: "Beacon Front Light",
    cents: 46_00,
    tags: ["city", "gift"],
    finishes: [
      ["silver", "black"],
      ["black", "red"],
    ],
    text: "Sixty lux on the road and nothing in the eyes of others. Charges over any cable you already own.",
  },
];
