/** Rows as text in columns, two blanks between them; the last column is as long as it likes. */
export function table(rows: readonly (readonly string[])[], indent = ""): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, column) =>
    Math.max(...rows.map((row) => (row.length > column + 1 ? (row[column]?.length ?? 0) : 0))),
  );
  return rows.map((row) => (indent + row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).trimEnd());
}
