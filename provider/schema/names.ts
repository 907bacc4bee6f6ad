/** Docker's own rule for the names of networks and containers. */
export const dockerName = {
  pattern: /^[A-Za-z0-9][\w.-]*$/,
  must: "a letter or digit, then letters, digits, `_`, `.` and `-`",
};

/** The path of a network namespace. */
export const namespacePath = {
  pattern: /^\/[\w./-]+$/,
  must: "a path of letters, digits, `_`, `.`, `-` and `/`",
};
