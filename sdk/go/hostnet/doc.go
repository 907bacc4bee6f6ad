// The network of Linux hosts: VLANs, container networks and what they stand on, over SSH.
package hostnet
