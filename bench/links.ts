/**
 * The links that are measured with: ends of veth pairs, which every kernel has, adopted as `Nic`. They lack a VLAN's
 * own `ip link add`; what is set on them is what any link gets, so the figures are the same on every kernel.
 */

/** Shell text that makes that many links, an even number, all up. */
export function makeLinks(count: number): string {
  const pairs = Array.from({ length: count / 2 }, (_, pair) => [`link${2 * pair}`, `link${2 * pair + 1}`]);
  const lines = pairs.flatMap(([a, b]) => [
    `link add ${a} type veth peer name ${b}`,
    `link set ${a} up`,
    `link set ${b} up`,
  ]);
  return batch(lines);
}

/** Shell text that takes the links back to how they were made. */
export function resetLinks(count: number): string {
  return batch(
    numbers(count).flatMap((n) => [`link set link${n} mtu 1500`, `address flush dev link${n} scope global`]),
  );
}

/** Shell text that takes away what the host keeps for its next boot. */
export const forgetBoot = "rm -rf /etc/hostnet\n";

/** Shell text that prints how many links are as the program wants them. */
export const countLinks = `ip -o -4 address show | grep -c " link.* inet 10\\." && ip -o link show | grep -c " link.* mtu 1400 "`;

/** A program that wants `count` links on each host, in YAML; the first `changed` of them with another MTU. */
export function yamlProgram(hosts: readonly string[], count: number, changed = 0): string {
  const resources = hosts.flatMap((host, at) =>
    numbers(count).map(
      (n) =>
        `  ${host}-link${n}:\n    type: hostnet:Nic\n    properties: { host: ${host}, name: link${n}, mtu: ${n < changed ? 1399 : 1400}, up: true, addresses: [10.${at}.${n}.1/24] }`,
    ),
  );
  return `resources:\n${resources.join("\n")}\n`;
}

/** The same program in TypeScript. */
export function typescriptProgram(hosts: readonly string[], count: number): string {
  return `import * as hostnet from "hostnet";
for (const [at, host] of ${JSON.stringify(hosts)}.entries())
  for (let n = 0; n < ${count}; n++)
    new hostnet.Nic(\`\${host}-link\${n}\`, {
      host, name: \`link\${n}\`, mtu: 1400, up: true, addresses: [\`10.\${at}.\${n}.1/24\`],
    });
`;
}

/** A program that makes that many bridges without ports on one host, each with an address. */
export function bridgesProgram(host: string, count: number): string {
  const resources = numbers(count).map(
    (n) =>
      `  bridge${n}:\n    type: hostnet:Bridge\n    properties: { host: ${host}, name: bridge${n}, mtu: 1400, addresses: [10.${n >> 8}.${n & 255}.1/24] }`,
  );
  return `resources:\n${resources.join("\n")}\n`;
}

/** A program that makes that many ports of one bridge of Open vSwitch, each in a VLAN of its own. */
export function ovsPortsProgram(host: string, count: number): string {
  const resources = numbers(count).map(
    (n) =>
      `  port${n}:\n    type: hostnet:OvsPort\n    properties: { host: ${host}, bridge: ovs0, name: port${n}, type: internal, tag: ${vlanOf(n)}, up: false }`,
  );
  return `resources:\n${resources.join("\n")}\n`;
}

/** The VLAN of a port by its number. */
export const vlanOf = (n: number): number => (n % 4094) + 1;

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function batch(lines: readonly string[]): string {
  return `ip -batch - <<'END'\n${lines.join("\n")}\nEND\n`;
}
