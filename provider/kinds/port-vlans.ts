import { type Command, tool } from "../host/command.ts";
import type { BridgeVlan } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";

const vlan = (doc: string, min = 1) => s.int(doc, { min, max: 4094 });

/** Which VLANs pass a port of a bridge that filters. */
export const portFields = {
  access: vlan("The one VLAN of an access port: its frames have no tag.").optional(),
  trunk: s.set(vlan("A VLAN."), "The VLANs whose frames pass with their tag.").optional(),
  native: vlan("The VLAN whose frames pass without a tag; 0 for none.", 0).optional(),
};

type Port = Values<typeof portFields>;

/** A port's VLANs as a bridge has them, in the words of the inputs. */
export function readPort(vlans: readonly BridgeVlan[]): Port {
  const all = vlans.flatMap((one) =>
    Array.from({ length: (one.vidEnd ?? one.vid) - one.vid + 1 }, (_, i) => ({ ...one, vid: one.vid + i })),
  );
  const native = all.find(({ pvid }) => pvid)?.vid ?? 0;
  const trunk = all.filter(({ vid }) => vid !== native).map(({ vid }) => vid);
  return { ...(trunk.length === 0 && native > 0 && { access: native }), trunk, native };
}

/** What is wrong with a port: reasons by path. */
export function checkPort(path: string, { access, trunk, native }: Port): Record<string, string> {
  if (access !== undefined && (trunk ?? native) !== undefined)
    return { [`${path}.access`]: `must be left out for a trunk port, got ${access}` };
  if (native && trunk?.includes(native)) return { [`${path}.native`]: `must not be in trunk too, got ${native}` };
  return {};
}

const bridge = tool("bridge");

/** A new port is in the VLAN that the bridge gives to all. */
export const newPort: Port = { trunk: [], native: 1 };

/** The commands for the VLANs of a port, or of the bridge itself; what is wanted comes before what goes. */
export function planPort(name: string, want: Port, have: Port, itself: boolean): Command[] {
  const [wanted, there] = [spelled(want), spelled(have)];
  const { native = there.native, trunk = there.trunk ?? [] } = wanted;
  const self = itself ? ["self"] : [];
  const stays = new Set([...trunk, native]);
  const gone = [...(there.trunk ?? []), ...(there.native ? [there.native] : [])].filter((vid) => !stays.has(vid));
  return [
    ...trunk.filter((vid) => !there.trunk?.includes(vid)).map((vid) => bridge`vlan add dev ${name} vid ${vid} ${self}`),
    ...(native && native !== there.native ? [bridge`vlan add dev ${name} vid ${native} pvid untagged ${self}`] : []),
    ...gone.map((vid) => bridge`vlan delete dev ${name} vid ${vid} ${self}`),
  ];
}

/** An access port is one with no trunk. */
const spelled = ({ access, trunk, native }: Port) =>
  access === undefined ? { trunk, native } : { trunk: [], native: access };
