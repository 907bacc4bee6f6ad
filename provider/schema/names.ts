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

/** A key-value store, as Docker is told it. */
export const clusterStore = {
  pattern: /^(etcd|zk|consul):\/\/[^\s/,]+:\d+(,[^\s/,]+:\d+)*(\/\S*)?$/,
  must: "a store with its port, like etcd://192.168.0.101:2379, or consul, or zk with several: zk://10.0.0.1:2181,10.0.0.2:2181",
};
