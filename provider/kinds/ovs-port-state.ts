import { type OvsPortFact, othersIds, portVlans } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import type { ovsPortFields } from "./ovs-port-fields.ts";

type Port = Values<typeof ovsPortFields>;

/** A port in the words of the inputs, as far as its rows tell. */
export function propertiesOf({ settings: row, interfaces }: Pick<OvsPortFact, "settings" | "interfaces">) {
  const [first] = interfaces;
  const bond = interfaces.length > 1;
  const type = ["internal", "patch"].find((one) => one === first?.settings.type) as "internal" | "patch" | undefined;
  const { ingress_policing_rate: rate = 0, ingress_policing_burst: burst = 0 } = first?.settings ?? {};
  const peer = first?.settings.options.peer;
  return {
    type: bond ? ("bond" as const) : (type ?? ("system" as const)),
    ...(bond && { members: interfaces.map(({ name }) => name) }),
    ...(type === "patch" && peer !== undefined && { peer }),
    ...portVlans(row),
    protected: row.protected,
    ...(bond && {
      lacp: (row.lacp ?? "off") as NonNullable<Port["lacp"]>,
      bondMode: (row.bond_mode ?? "active-backup") as NonNullable<Port["bondMode"]>,
    }),
    ...(type !== "patch" && { ingressPolicing: { rate, burst } }),
    transient: row.other_config.transient === "true",
    externalIds: othersIds(row),
  };
}
