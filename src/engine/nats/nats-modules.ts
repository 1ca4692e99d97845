/** The NATS packages, loaded only when a cluster is joined, so that a single daemon starts faster. */
export async function loadNatsModules() {
  const [core, jetstream, kv] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
  ]);
  return { ...core, ...jetstream, ...kv };
}

export type NatsModules = Awaited<ReturnType<typeof loadNatsModules>>;
