import { isIP } from "node:net";
import type { Host, Nic, Renderer } from "./file.ts";

/** What a machine's seed needs so that its renderer configures the data NICs: files by their path, and units to enable. */
export interface RendererSeed {
  files: Record<string, string>;
  units: string[];
}

/** The renderer's own configuration of a host's data NICs. What the lab file gives no addresses is left alone. */
export function rendererSeed({ renderer, nics }: Pick<Host, "renderer" | "nics">): RendererSeed {
  const configured = Object.entries(nics).flatMap(([name, nic]) =>
    nic.addresses ? [{ ...nic, name, addresses: nic.addresses }] : [],
  );
  return seeds[renderer](configured);
}

type Configured = Nic & { name: string; addresses: string[] };

const seeds: Record<Renderer, (nics: Configured[]) => RendererSeed> = {
  ifupdown: (nics) => ({
    files: { "etc/network/interfaces": [LOOPBACK, ...nics.map(stanzas)].join("\n") },
    units: ["networking.service"],
  }),
  networkd: (nics) => ({
    files: Object.fromEntries(nics.map((nic) => [`etc/systemd/network/10-${nic.name}.network`, networkFile(nic)])),
    units: ["systemd-networkd.service"],
  }),
  networkmanager: (nics) => ({
    files: Object.fromEntries(
      nics.map((nic) => [`etc/NetworkManager/system-connections/${nic.name}.nmconnection`, keyfile(nic)]),
    ),
    units: ["NetworkManager.service"],
  }),
  none: () => ({ files: {}, units: [] }),
};

const LOOPBACK = "source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n";

function stanzas({ name, addresses, gateway, dhcp }: Configured): string {
  if (dhcp) return `auto ${name}\niface ${name} inet dhcp\n`;
  // manual leaves the link as it is.
  if (addresses.length === 0) return `auto ${name}\niface ${name} inet manual\n    up ip link set ${name} up\n`;
  const stanza = (address: string, first: boolean) => {
    const way = gateway && first ? [`    gateway ${gateway}`] : [];
    return [`iface ${name} ${isIPv6(address) ? "inet6" : "inet"} static`, `    address ${address}`, ...way, ""];
  };
  const carrier = addresses.find((address) => isIPv6(address) === isIPv6(gateway ?? ""));
  return [`auto ${name}`, ...addresses.flatMap((address) => stanza(address, address === carrier))].join("\n");
}

function networkFile({ name, addresses, gateway, dhcp }: Configured): string {
  const network = dhcp ? ["DHCP=ipv4"] : addresses.map((address) => `Address=${address}`);
  if (gateway && !dhcp) network.push(`Gateway=${gateway}`);
  // A NIC without addresses never counts as online, and the boot would wait two minutes for it.
  const link = addresses.length === 0 ? ["[Link]", "RequiredForOnline=no", ""] : [];
  return ["[Match]", `Name=${name}`, "", ...link, "[Network]", ...network, ""].join("\n");
}

function keyfile({ name, addresses, gateway, dhcp }: Configured): string {
  const family = (v6: boolean) => {
    const own = addresses.filter((address) => isIPv6(address) === v6);
    // Without any address, waiting for a router to announce one makes the connection fail, again and again.
    if (addresses.length === 0 || (own.length === 0 && !v6)) return ["method=disabled"];
    if (dhcp || own.length === 0) return ["method=auto"];
    const way = gateway && isIPv6(gateway) === v6 ? [`gateway=${gateway}`] : [];
    return ["method=manual", ...own.map((address, index) => `address${index + 1}=${address}`), ...way];
  };
  const connection = ["[connection]", `id=${name}`, "type=ethernet", `interface-name=${name}`];
  return [...connection, "", "[ipv4]", ...family(false), "", "[ipv6]", ...family(true), ""].join("\n");
}

function isIPv6(address: string): boolean {
  return isIP(address.replace(/\/.*/, "")) === 6;
}
