export * from "hostnet/resources";
export * from "./index.ts";
