/**
 * The packages of NATS, loaded when a cluster is joined: whoever keeps the room on one machine does not wait for them.
 */
export async function loadClients() {
  const [core, jetstream, kv] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
  ]);
  return { ...core, ...jetstream, ...kv };
}

export type Clients = Awaited<ReturnType<typeof loadClients>>;
