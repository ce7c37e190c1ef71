/** Bicycles, and what keeps their riders safe and dry. */
import type { Model } from "./model.ts";
import { bicycleGear } from "./bicycle-gear.ts";

const city: readonly Model[] = [
  {
    kind: "bicycle-city",
    name: "Canal Step-Through",
    cents: 649_00,
    tags: [],
    finishes: [
      ["mint", "tan"],
      ["red", "black"],
      ["navy", "brown"],
    ],
    text: "An upright seat, a low step, seven gears in the hub and a chain that never sees a trouser leg. Lights, rack and stand are on it already.",
  },
  {
    kind: "bicycle-city",
    name: "Boulevard Three-Speed",
    cents: 489_00,
    tags: [],
    finishes: [
      ["cream", "brown"],
      ["teal", "tan"],
      ["rose", "cream"],
    ],
    text: "The simple bicycle for flat towns: three gears, a back-pedal brake, and nothing else that wants adjusting.",
  },
  {
    kind: "bicycle-folding",
    name: "Platform Folding Bicycle",
    cents: 899_00,
    tags: ["city"],
    finishes: [
      ["rust", "black"],
      ["graphite", "tan"],
      ["sky", "navy"],
    ],
    text: "Folds in twelve seconds to the size of a suitcase, and rides like a bicycle that does not fold.",
  },
];

const sport: readonly Model[] = [
  {
    kind: "bicycle-road",
    name: "Col Road Bicycle",
    cents: 1_890_00,
    tags: [],
    finishes: [
      ["red", "white"],
      ["graphite", "mint"],
      ["sky", "black"],
    ],
    text: "A carbon frame of 890 grams, twenty-four gears and disc brakes. Climbs eagerly and descends with good sense.",
  },
  {
    kind: "bicycle-road",
    name: "Audax Steel",
    cents: 1_290_00,
    tags: ["handmade"],
    finishes: [
      ["forest", "brown"],
      ["burgundy", "tan"],
    ],
    text: "Lugged steel, brazed by hand and built for long days. Room for mudguards, bags and second thoughts.",
  },
  {
    kind: "bicycle-road",
    name: "Gravel Explorer",
    cents: 1_540_00,
    tags: ["outdoor"],
    finishes: [
      ["olive", "tan"],
      ["mustard", "black"],
    ],
    text: "Drop bars and wide tyres, for the road that turns into a track and the track that turns into a field.",
  },
  {
    kind: "bicycle-mountain",
    name: "Ridgeback Trail 120",
    cents: 1_150_00,
    tags: ["outdoor"],
    finishes: [
      ["rust", "black"],
      ["teal", "graphite"],
      ["mustard", "graphite"],
    ],
    text: "120 millimetres in front, a slack head angle and tyres with opinions. The saddle drops at the push of a thumb.",
  },
  {
    kind: "bicycle-mountain",
    name: "Scree Hardtail",
    cents: 799_00,
    tags: ["outdoor"],
    finishes: [
      ["navy", "coral"],
      ["black", "mint"],
    ],
    text: "The first real mountain bicycle: light enough to carry over a gate, strong enough for what comes after it.",
  },
];

const carriers: readonly Model[] = [
  {
    kind: "bicycle-cargo",
    name: "Longhaul Cargo Bicycle",
    cents: 2_790_00,
    tags: ["kids"],
    finishes: [
      ["navy", "tan"],
      ["mint", "sand"],
      ["red", "brown"],
    ],
    text: "A wooden box for 80 kilograms of children, dog or groceries, in front, where you can see them.",
  },
  {
    kind: "bicycle-cargo",
    name: "Courier Front-Loader",
    cents: 2_390_00,
    tags: ["outdoor"],
    finishes: [
      ["black", "mustard"],
      ["teal", "graphite"],
    ],
    text: "Shorter and quicker than it looks. Cable steering gets it around the corners that a van has to leave out.",
  },
  {
    kind: "bicycle-kids",
    name: "Puddle 16",
    cents: 219_00,
    tags: ["gift"],
    finishes: [
      ["coral", "white"],
      ["sky", "mustard"],
      ["lilac", "mint"],
    ],
    text: "For riders of four to six. Brakes that small hands can pull, a bell that big brothers can hear.",
  },
  {
    kind: "bicycle-kids",
    name: "Comet 20",
    cents: 299_00,
    tags: ["outdoor"],
    finishes: [
      ["red", "black"],
      ["teal", "cream"],
    ],
    text: "Six gears and an aluminium frame that weighs less than the school bag. From six years to nine.",
  },
];

export const bicycles: readonly Model[] = [...city, ...sport, ...carriers, ...bicycleGear];
