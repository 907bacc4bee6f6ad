import { describe, expect, test } from "vitest";
import type { Kind } from "../../provider/kind.ts";
import { Masquerade } from "../../provider/kinds/masquerade.ts";
import { backends, go, named, noNamespace, say } from "./backends.ts";
import { newHost } from "./new-host.ts";

/** Two neighbours, a on 10.1.0.0/24 and b on 10.2.0.0/24, with the host between; b counts by whom it is called. */
const neighbours = `for n in a b; do
  ip netns add $n
  ip link add to$n type veth peer name e netns $n
  ip link set to$n up
  ip -n $n link set e up
done
ip address add 10.1.0.1/24 dev toa; ip address add 10.2.0.1/24 dev tob
ip -n a address add 10.1.0.2/24 dev e; ip -n b address add 10.2.0.2/24 dev e
ip -n a route add default via 10.1.0.1; ip -n b route add default via 10.2.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
ip netns exec b nft -f - <<'X'
table ip w {
  counter original {}
  counter masked {}
  chain in {
    type filter hook input priority 0;
    ip saddr 10.1.0.2 counter name original
    ip saddr 10.2.0.1 counter name masked
  }
}
X`;
const call = `ip netns exec a ping -q -c 1 -W 5 10.2.0.2 >/dev/null
ip netns exec b nft reset counters | sed -n 's/.*packets \\([0-9]*\\) .*/\\1/p' | xargs echo`;

/** What somebody else has: Docker's in iptables, a service's in nftables. */
const theirs = (backend: string) =>
  backend === "nftables"
    ? "nft 'table ip other { chain post { type nat hook postrouting priority srcnat; oifname tob masquerade; }; }'"
    : "iptables -t nat -A POSTROUTING -o tob -j MASQUERADE";

describe.skipIf(noNamespace).each(named(backends))(`on a host of %s${noNamespace}`, (_, { backend, make, missing }) => {
  test.skipIf(missing)("trap 56: what is exempt keeps its address, whoever else would masquerade it", async () => {
    const kind = Masquerade as unknown as Kind;
    const want = { name: "routed", jump: "first", rules: [{ action: "exempt", source: "10.1.0.0/16" }] };
    const shell = newHost();
    try {
      expect(await say(shell, `${make}\n${neighbours}\n${call}`)).toBe("1 0\n");
      expect(await say(shell, `${theirs(backend)}\n${call}`)).toBe("0 1\n");
      await go(shell, kind, want, undefined);
      expect(await say(shell, call)).toBe("1 0\n");
      await go(shell, kind, undefined, { ...want, owner: "laws/test/it" });
      expect(await say(shell, call)).toBe("0 1\n");
    } finally {
      shell.close();
    }
  });
});
