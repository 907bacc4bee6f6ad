/** One command on a host: an argument list, never a string to be parsed by a shell. */
export interface Command {
  readonly argv: readonly string[];
  /** Text for its standard input; for what must not stand on a command line. */
  readonly stdin?: string;
  /** How long it may take, where that is more than ten seconds. */
  readonly seconds?: number;
  /** It only asks: it is tried until it exits 0, so often at most, with so many seconds between; others that ask are tried meanwhile. */
  readonly tries?: { readonly attempts: number; readonly interval: number };
  /** The tool takes several at once, all of them or none: so many first words are common to them, the others follow each other. */
  readonly shared?: number;
  /** It only asks whether the change may go on: no way back and no boot has it. */
  readonly precondition?: true;
}

/** What came of a command that only asks: of its last attempt, and how many there were. */
export interface Tried {
  readonly status: number;
  readonly attempts: number;
  /** Its last words. */
  readonly said: string;
}

/** The commands that do something. */
export const withoutPreconditions = (commands: readonly Command[]): Command[] =>
  commands.filter(({ precondition }) => !precondition);

/** One command of several that share their first words. */
export const joined = (commands: readonly Command[]): Command => ({
  argv: commands.flatMap(({ argv, shared }, i) => argv.slice(i === 0 ? 0 : shared)),
  ...(commands.some(({ seconds }) => seconds) && { seconds: Math.max(...commands.map(({ seconds = 10 }) => seconds)) }),
});

/**
 * A template tag for the commands of one tool: `` ip`link set dev ${name} mtu ${mtu}` ``.
 * Blanks in the literal text separate arguments; a value is always part of exactly one argument, whatever it holds;
 * an array stands for as many arguments as it has elements.
 */
export function tool(name: string) {
  return (text: TemplateStringsArray, ...values: (string | number | readonly string[])[]): Command => {
    const argv = [name];
    let word: string | undefined;
    const end = () => {
      if (word !== undefined) argv.push(word);
      word = undefined;
    };
    text.forEach((literal, i) => {
      literal.split(/(\s+)/).forEach((piece) => {
        if (/^\s+$/.test(piece)) end();
        else if (piece !== "") word = (word ?? "") + piece;
      });
      const value = values[i];
      if (value === undefined) return;
      if (typeof value === "object") {
        end();
        argv.push(...value);
      } else word = (word ?? "") + String(value);
    });
    end();
    return { argv };
  };
}

export const ip = tool("ip");
export const docker = tool("docker");

/** The command within the network namespace at a path. */
export const within = (path: string, { argv, ...rest }: Command): Command => ({
  argv: ["nsenter", `--net=${path}`, ...argv],
  ...rest,
});

/** One argument as a POSIX shell reads it: the only place where anything is quoted. */
export function quote(argument: string): string {
  // A NUL cannot be passed to a process at all; a shell would drop it silently and run something else.
  if (argument.includes("\0")) throw new RangeError("an argument must not contain a NUL character");
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** The command as a shell reads it, and as a person can paste it. */
export function render({ argv }: Command): string {
  return argv.map(quote).join(" ");
}

/** The command with what it reads, in one line: as a shell reads it. */
export const piped = (command: Command): string =>
  command.stdin === undefined ? render(command) : `printf %s ${quote(command.stdin)} | ${render(command)}`;

/**
 * The command as lines of at most `width` characters where its arguments allow that, with what it reads below it; a shell
 * reads them as one. A remark stands behind the command.
 */
export function fold({ argv, stdin }: Command, width: number, remark = ""): string[] {
  const end = `${stdin === undefined ? "" : " <<'END'"}${remark}`;
  const folded: string[] = [];
  for (const word of argv.map(quote)) {
    const line = folded.at(-1);
    // Room for the blank before the word and for the backslash after it.
    if (line !== undefined && line.length + word.length + 3 <= width - end.length)
      folded[folded.length - 1] = `${line} ${word}`;
    else folded.push(line === undefined ? word : `  ${word}`);
  }
  const below = stdin === undefined ? [] : [...stdin.replace(/\n$/, "").split("\n"), "END"];
  return [...folded.map((line, i) => (i < folded.length - 1 ? `${line} \\` : line + end)), ...below];
}
