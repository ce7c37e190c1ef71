import { SimWorld } from "./world.ts";
const name = process.argv[2]!,
  file = process.argv[3]!,
  words = new RegExp(process.argv[4]!);
const mod = await import(`./planted/${file}.ts`);
const t = performance.now();
const other = new Map<string, number>();
for (let seed = 1; seed <= 200; seed++) {
  const { violations } = await new SimWorld(seed, mod[name]).run(60_000);
  if (violations.some((v) => words.test(v))) {
    console.log(
      name,
      "found at",
      seed,
      Math.round(performance.now() - t),
      "ms:",
      violations.find((v) => words.test(v))!.slice(0, 150),
    );
    process.exit(0);
  }
  for (const v of violations) {
    const k = v
      .replace(/at \d+ ms: /, "")
      .replace(/\d+/g, "#")
      .slice(0, 90);
    other.set(k, (other.get(k) ?? 0) + 1);
  }
  if (performance.now() - t > 70_000) {
    console.log(name, "NOT found up to", seed, [...other].sort((a, b) => b[1] - a[1]).slice(0, 4));
    process.exit(1);
  }
}
console.log(name, "NOT found", [...other].slice(0, 4));
