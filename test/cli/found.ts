import type { Found } from "../../cli/inspect/item.ts";
import type { Link } from "../../provider/host/facts.ts";

/** A link of a host, of which only that is said which a test is about. */
export const link = (name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, index: 1, mtu: 1500, up: true, promiscuous: false, mac: "52:54:00:00:00:01", addresses: [], ips: [] },
  ...more,
});

/** A host on which nothing was found. */
export const nothing: Found = {
  links: [],
  routes: [],
  rules: [],
  ovs: [],
  docker: undefined,
  firewall: undefined,
  renderers: [],
  fragments: [],
};
