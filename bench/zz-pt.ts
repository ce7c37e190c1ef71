import { measurePatroni, patroniObstacle } from "/work/main/bench/patroni.ts";
import { renderTable } from "/work/main/bench/table.ts";
console.log(patroniObstacle());
const r = await measurePatroni(Number(process.argv[2] ?? 2));
console.log(renderTable(r.flatMap(({ figures }) => figures)));
console.log(JSON.stringify(r.map((x) => x.gapsMs)));
