/** Of output whose lines begin with what they tell, the lines that tell of one thing, without its name. */
export const told = (stdout: string, what: string): string[] =>
  stdout.split("\n").flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []));
