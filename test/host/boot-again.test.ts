import { describe, expect, test } from "vitest";
import type { Fragment } from "../../provider/host/boot.ts";
import { findPlace } from "../../provider/host/place.ts";
import { boot, bridge, fragment, keep, letGo } from "./fragments.ts";
import { islands, onIsland } from "./island.ts";

const links = "ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort | xargs echo\n";

describe.skipIf(!islands)("what others undo when they start", () => {
  const systemd = `mkdir -p /run/systemd/system /etc/systemd/system
printf '#!/bin/sh\\n[ "$1" != is-active ] && echo "systemctl $*" >>/run/asked\\n' >/usr/local/sbin/systemctl
chmod +x /usr/local/sbin/systemctl
`;
  const asked = "cat /run/asked; : >/run/asked\n";
  const again = { ...bridge("a"), again: true };

  test("is run again alone, and once more without harm", () => {
    const out = onIsland(`${keep(again, bridge("b"))}sh /etc/hostnet/boot again; sh /etc/hostnet/boot again\n${links}`);
    expect(out).toBe(`${"thing-a: done\nall 1 done\n".repeat(2)}a lo\n`);
    expect(onIsland(`${keep(bridge("b"))}sh /etc/hostnet/boot again && ${links}`)).toBe("lo\n");
  });

  test("waits for whoever changes the host, and touches nothing that he is about to keep", () => {
    const holder =
      'exec 8>>"$hostnet_run/lock"; flock 8; mkdir /etc/hostnet/new; (sleep 1; ls /etc/hostnet; flock -u 8) &\n';
    const out = onIsland(`${keep(again)}${findPlace}\n${holder}sh /etc/hostnet/boot again 8>&-`);
    expect(out).toBe("boot\nboot.d\nhostnet-wait\nnew\nthing-a: done\nall 1 done\n");
  });

  test("has a unit for as long as a file asks for it, and a newer one in the place of an older", () => {
    const unit = "/etc/systemd/system/hostnet-again.service";
    const lines = `grep -E '^(After|PartOf|Exec)' ${unit}\n`;
    expect(onIsland(`${systemd}${keep(bridge("b"))}: >/run/asked\n${keep(again)}${asked}${lines}`)).toBe(
      [
        "systemctl --quiet enable hostnet-again.service",
        "After=hostnet.service docker.service ovs-vswitchd.service firewalld.service nftables.service netfilter-persistent.service",
        "PartOf=docker.service ovs-vswitchd.service firewalld.service nftables.service netfilter-persistent.service",
        "ExecStart=/bin/sh /etc/hostnet/boot again",
        "ExecReload=/bin/sh /etc/hostnet/boot again\n",
      ].join("\n"),
    );
    const old = `echo old >${unit}; : >/run/asked\n`;
    expect(onIsland(`${systemd}${keep(again)}${old}${keep(bridge("b"))}${asked}${lines}`)).toContain(
      "After=hostnet.service",
    );
    const gone = onIsland(
      `${systemd}${keep(again, bridge("b"))}: >/run/asked\n${letGo("a")}${asked}ls /etc/systemd/system`,
    );
    expect(gone).toBe(
      `${["--quiet stop", "--quiet --no-reload disable"].map((w) => `systemctl ${w} hostnet-again.service\n`).join("")}systemctl daemon-reload\nhostnet.service\n`,
    );
    expect(onIsland(`${systemd}${keep(again)}${letGo("a")}ls /etc/systemd/system /etc`)).toBe(
      "/etc:\nsystemd\n\n/etc/systemd/system:\n",
    );
  });
});

describe.skipIf(!islands)("what follows a container", () => {
  const id = "0123456789abcdef";
  // Two containers start while it listens, one ran before.
  const docker = `printf '#!/bin/sh
case "$1" in
  events) printf "%%s\\n" "web2 ffff" "web eeee" "other ${id}" ;;
  inspect) case "$*" in *" db") echo true ;; *) echo false ;; esac ;;
esac
' >/usr/local/sbin/docker
printf '#!/bin/sh\nexit 0\n' >/usr/local/sbin/systemctl
chmod +x /usr/local/sbin/docker /usr/local/sbin/systemctl
`;
  const follows = (name: string, container: string): Fragment => ({
    ...fragment(name, [], { argv: ["mkdir", `/run/${name}`] }),
    ...{ needs: [`container ${container}`], follows: container },
  });
  const all = [follows("a", "web"), follows("b", "db"), follows("c", id.slice(0, 12)), follows("d", "we"), bridge("x")];

  test("is run when that starts, or runs already, by its whole name or by its ID", () => {
    const out = onIsland(`${docker}${keep(...all)}sh /etc/hostnet/boot follow`);
    expect(out).toBe("thing-b: done\nthing-a: done\nthing-c: done\n");
  });

  test("is not run at a boot, before there is Docker", () => {
    expect(onIsland(`${docker}${keep(...all)}${boot}`)).toBe("thing-x: done\nall 1 done\n");
  });

  test("has a unit that comes with the first, is started where Docker runs, and goes with the last", () => {
    const systemd = `mkdir -p /run/systemd/system /etc/systemd/system
printf '#!/bin/sh\necho "systemctl $*" >>/run/asked\n' >/usr/local/sbin/systemctl
chmod +x /usr/local/sbin/systemctl
`;
    const asked = "grep follow /run/asked; : >/run/asked\n";
    const [a, b] = [follows("a", "web"), follows("b", "web")];
    const out = onIsland(
      `${systemd}${keep(bridge("x"), a)}${asked}echo another; ${keep(b)}${asked}${letGo("a")}${asked}${letGo("b")}${asked}ls /etc/systemd/system`,
    );
    expect(out).toBe(
      [
        "systemctl --quiet enable hostnet-follow.service",
        "systemctl --quiet --no-block start hostnet-follow.service",
        "another",
        "systemctl --quiet stop hostnet-follow.service",
        "systemctl --quiet --no-reload disable hostnet-follow.service",
        "hostnet.service\n",
      ].join("\n"),
    );
  });
});
