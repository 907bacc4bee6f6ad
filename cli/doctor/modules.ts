import type { Answer, Step } from "../../provider/host/script.ts";
import { linesOf, sh } from "../look.ts";

// Some kernels have everything built in, and no files that say so.
const find = `for module in "$@"; do
  name=\${module%%=*}
  if [ -d "/sys/module/$name" ]; then echo "$name there"
  elif modprobe -n -q "$name" 2>/dev/null; then echo "$name loadable"
  elif grep -q " \${module#*=}\\( \\|$\\)" /proc/kallsyms 2>/dev/null; then echo "$name there"
  else echo "$name missing"
  fi
done`;

/** Asks for modules of the kernel, each with a function that a kernel has when the module is built in. */
export const askModules = (symbols: Readonly<Record<string, string>>): Step =>
  sh(find, ...Object.entries(symbols).map(([name, symbol]) => `${name}=${symbol}`));

/** `there`, `loadable` or `missing` for each module, by its name. */
export const parseModules = (answer: Answer | undefined): ReadonlyMap<string, string> =>
  new Map((answer ? linesOf(answer) : []).map((line) => line.split(" ") as [string, string]));
