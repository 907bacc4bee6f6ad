export * from "hostnet/resources";
// For TypeScript the classes that make their resources in the program itself. Of the generated ones, which ask the
// plugin to, only the schema remains: the types of the arguments.
export {
  MacvlanTrunk,
  type MacvlanTrunkArgs,
  type TrunkHost,
  type TrunkNetwork,
  type TrunkVlan,
} from "./macvlan-trunk.ts";
