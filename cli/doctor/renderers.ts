import { listed } from "../../provider/schema/words.ts";
import { askRenderers, parseRenderers } from "../renderer.ts";
import { type Check, type Examination, ok, warning } from "./check.ts";

/** What configures the network besides hostnet. */
export const examineRenderers: Examination = {
  asks: [askRenderers],
  judge: ([answer], { links }) => {
    const renderers = answer ? parseRenderers(answer, links) : [];
    if (renderers.length === 0)
      return [ok("renderer", "neither systemd-networkd, NetworkManager nor ifupdown configures the network")];
    const checks = renderers.map(
      ({ name, manages }): Check =>
        ok(
          "renderer",
          manages.length > 0 ? `${name} manages ${listed(manages, "and")}` : `${name} runs and manages nothing`,
        ),
    );
    const twice = [...new Set(renderers.flatMap(({ manages }) => manages))].flatMap((link) => {
      const names = renderers.filter(({ manages }) => manages.includes(link)).map(({ name }) => name);
      return names.length > 1 && link !== "lo"
        ? [warning("renderer", `${listed(names, "and")} both manage ${link}`, `let one of them leave ${link} alone`)]
        : [];
    });
    return [...checks, ...twice];
  },
};
