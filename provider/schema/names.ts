/** Docker's own rule for the names of networks and containers. */
export const dockerName = {
  pattern: /^[A-Za-z0-9][\w.-]*$/,
  must: "a letter or digit, then letters, digits, `_`, `.` and `-`",
};
