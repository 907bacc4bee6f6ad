import { ensureOvs } from "../../setup/ovs.ts";

const found = await ensureOvs({ log: () => {} }).catch((error: Error) => error);

/** Why hosts have no Open vSwitch here; "" when they have it. */
export const noOvs = found instanceof Error ? `needs Open vSwitch as Debian packages it: ${found.message}` : "";

const folder = "/usr/local/sbin";

/**
 * Shell text that gives a host of namespaces a real Open vSwitch with an empty database: its programs on the PATH, its
 * daemons running until the host's shells end. `/run` must be the host's own. There is no kernel module for the datapath:
 * bridges have `datapath_type=netdev`.
 */
export function ovsOn(): string {
  if (found instanceof Error) throw found;
  const { root, wrappers } = found;
  const laid = Object.entries(wrappers).map(
    ([name, text]) => `cat >${folder}/${name} <<'WRAPPER' && chmod +x ${folder}/${name} || exit
${text}WRAPPER`,
  );
  return `{
mountpoint -q ${folder} || mount -t tmpfs none ${folder} || exit
${laid.join("\n")}
PATH=${folder}:$PATH
mkdir -p /run/openvswitch
ovsdb-tool create /run/openvswitch/conf.db ${root}/usr/share/openvswitch/vswitch.ovsschema || exit
${start}
} >/dev/null 2>&1
`;
}

/** Starts what does not run of the daemons. They are no daemons here, so that they end with the host. */
export const start = `ovs-vsctl --timeout=1 show >/dev/null 2>&1 || {
  ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --unixctl=/run/openvswitch/db.ctl \\
    </dev/null >/dev/null 2>/run/openvswitch/ovsdb-server.log &
  until ovs-vsctl --timeout=1 --no-wait init; do sleep 0.1; done
}
ovs-appctl --timeout=1 version >/dev/null 2>&1 || {
  ovs-vswitchd --disable-system --pidfile </dev/null >/dev/null 2>/run/openvswitch/ovs-vswitchd.log &
  until ovs-appctl --timeout=1 version; do sleep 0.1; done
}`;

/** Stops the one that does what the database says; what it has made stays. */
export const stopVswitchd = "ovs-appctl --timeout=5 exit && sleep 0.3";
