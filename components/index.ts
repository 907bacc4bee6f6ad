export {
  MacvlanTrunk,
  type MacvlanTrunkArgs,
  type TrunkHost,
  type TrunkNetwork,
  type TrunkVlan,
} from "./macvlan-trunk.ts";
