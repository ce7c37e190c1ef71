/** The pictures of the shop. Needs no database: what there is, it draws. */
import { baseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { openGallery } from "./gallery.ts";
import { assetRoutes } from "./routes.ts";

const environment = readEnvironment(baseEnvironment);
const gallery = openGallery();
await startService({
  name: "assets",
  environment,
  routes: (service) => assetRoutes(service, gallery),
});
