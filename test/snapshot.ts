export { snapshot } from "../provider/host/snapshot.ts";
