import { type Command, docker } from "../host/command.ts";
import { type Attached, ownerMark, pairs } from "./docker-attachments.ts";
import { type OptionValues, toOptions } from "./docker-network-options.ts";
import { removing } from "./docker-patience.ts";
import type { Subnet } from "./subnets.ts";

interface Want extends OptionValues {
  readonly name: string;
  readonly driver: string;
  readonly parent?: string | undefined;
  readonly subnets?: readonly Subnet[] | undefined;
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly attachable?: boolean | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** What puts a network back as it was: who was in it, and all that its driver was told. */
export interface Besides {
  readonly attached: readonly Attached[];
  readonly told: Readonly<Record<string, string>>;
}

/** The option in which Docker writes down the numbers that it gives the tunnels of an overlay network. */
export const tunnels = "com.docker.network.driver.overlay.vxlanid_list";

export const remove = ({ name, driver }: Pick<Want, "name" | "driver">): Command =>
  removing(driver, docker`network rm ${name}`);

/** What Docker is told to be options; those that nobody manages stay. */
export const optionsOf = (want: Want, have: Want | undefined): Record<string, string> => ({
  ...(want.parent && { parent: want.parent }),
  ...toOptions(want, have?.driver === want.driver ? have : undefined),
  ...want.options,
});

export function create(want: Want, options: Readonly<Record<string, string>>, owner: string): Command {
  const { name, driver, subnets = [], internal, ipv6, attachable, labels } = want;
  const flags = [
    ...subnets.flatMap(({ subnet, gateway, ipRange, auxAddresses }) => [
      ...["--subnet", subnet],
      ...(gateway ? ["--gateway", gateway] : []),
      ...(ipRange ? ["--ip-range", ipRange] : []),
      ...pairs("--aux-address", auxAddresses),
    ]),
    ...(internal ? ["--internal"] : []),
    ...(ipv6 ? ["--ipv6"] : []),
    ...(attachable ? ["--attachable"] : []),
    ...pairs("--opt", options),
    ...pairs("--label", { ...labels, [ownerMark]: owner }),
  ];
  return docker`network create --driver ${driver} ${flags} ${name}`;
}
