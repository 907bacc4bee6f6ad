import { child, type Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { contains, family, overlap } from "../schema/net.ts";

const fields = {
  subnet: s.subnet("The network, like `172.16.11.0/24`."),
  gateway: s.address("The address that containers send to for other networks.").optional(),
  ipRange: s.subnet("The part of the subnet that Docker takes addresses from: the whole when left out.").optional(),
  auxAddresses: s.map(s.address("An address."), "Addresses that Docker must not take, by any name.").optional(),
};

export type Subnet = Values<typeof fields>;

/** The input of a Docker network that holds its subnets. */
export const subnetsInput = s.list(
  s.object("DockerNetworkSubnet", "A subnet of a Docker network.", fields),
  "IPv4 before IPv6; Docker's choice when left out.",
);

/** What is wrong with the subnets taken together: reasons by path. */
export function subnetProblems(subnets: readonly Subnet[]): Record<string, string> {
  const families = subnets.map(({ subnet }) => family(subnet));
  return {
    ...Object.assign({}, ...subnets.map((_, i) => problemsOf(i, subnets))),
    ...(families.includes(6) &&
      families.lastIndexOf(4) > families.indexOf(6) && { subnets: "must list IPv4 before IPv6, as Docker does" }),
  };
}

function problemsOf(i: number, all: readonly Subnet[]): Record<string, string> {
  const { subnet, gateway, ipRange, auxAddresses = {} } = all[i] as Subnet;
  const reserved = Object.entries(auxAddresses).map(
    ([name, address]) => [child("auxAddresses", name), address] as const,
  );
  const inside = [["gateway", gateway] as const, ["ipRange", ipRange] as const, ...reserved];
  const outside = inside.filter(([, value]) => value !== undefined && !contains(subnet, value));
  const twin = all.findIndex((other) => overlap(subnet, other.subnet));
  const found = outside.map(([key, value]) => [`subnets[${i}].${key}`, `must lie in ${subnet}, got ${value}`]);
  if (twin < i)
    found.push([`subnets[${i}].subnet`, `must not overlap with subnets[${twin}], ${all[twin]?.subnet}, got ${subnet}`]);
  return Object.fromEntries(found);
}

/** The first subnet of these networks that overlaps with one of `subnets`: both of them, and the network's name. */
export function taken<N extends { readonly name: string; readonly subnets?: readonly Subnet[] | undefined }>(
  subnets: readonly Subnet[],
  networks: readonly N[],
) {
  for (const { subnet } of subnets)
    for (const { name, subnets: theirs = [] } of networks)
      for (const their of theirs) if (overlap(subnet, their.subnet)) return { subnet, name, their: their.subnet };
  return undefined;
}
