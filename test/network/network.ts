import { type ChildProcess, execFileSync, type ForkOptions, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Forwarder, type Shape } from './forwarder.ts';

/** `cone`: one outer port for all destinations. `symmetric`: a random one for each. Both let in only replies. */
export type Nat = 'cone' | 'symmetric';

const PREFIX = 'goldctl';
/** Ends with this process in any case: it reads names of namespaces until its input closes, then removes them. */
const GUARD = `names=
while read -r name; do names="$name $names"; done
for name in $names; do
  for pid in $(ip netns pids "$name" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  ip netns del "$name" 2>/dev/null
done`;
const VXLAN_PORT = 4789;

let made = 0;
let reason: string | null | undefined;

/** Why no network can be created here, for `skip`; undefined if it can. */
export function noNetwork({ nat = false } = {}): string | undefined {
  if (reason === undefined) reason = tryOne() ?? null;
  if (reason !== null) return reason;
  if (!nat) return undefined;
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'nft is not installed: no NAT can be made';
  }
  return undefined;
}

function tryOne(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  const name = `${PREFIX}-${process.pid}-try`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
  } catch (thrown) {
    const { code, stderr } = thrown as NodeJS.ErrnoException & { stderr?: Buffer };
    if (code === 'ENOENT') return 'ip (iproute2) is not installed: no network can be made';
    return `ip netns add fails here: ${stderr?.toString().trim()}`;
  }
  return undefined;
}

/** One machine of a network: a namespace. */
export class Machine {
  readonly namespace: string;
  readonly name: string;
  /** Its first address. */
  address = '';

  constructor(namespace: string, name: string) {
    this.namespace = namespace;
    this.name = name;
  }

  /** The prefix that starts a program on it: `[...command, 'node', …]`. */
  get command(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace];
  }

  ip(line: string): void {
    run('ip', ['-n', this.namespace, ...line.split(' ')]);
  }

  set(variable: string, value: string): void {
    run('ip', ['netns', 'exec', this.namespace, 'sysctl', '-qw', `${variable}=${value}`]);
  }

  nft(rules: string): void {
    run('ip', ['netns', 'exec', this.namespace, 'nft', '-f', '-'], rules);
  }

  /** `fork` of node:child_process, on this machine. */
  fork(file: string, args: readonly string[] = [], options: ForkOptions = {}): ChildProcess {
    const [execPath, ...before] = this.command;
    const execArgv = [...before, process.execPath, ...(options.execArgv ?? [])];
    return fork(file, args, { ...options, execPath: execPath!, execArgv });
  }
}

/** The machine of one end of a shaped link. */
export interface LinkEnd {
  readonly machine: Machine;
  /** With its prefix: `10.80.0.1/24`. */
  readonly address: string;
  readonly device: string;
}

/**
 * Machines on isolated networks, as network namespaces of this process. `remove()` removes them all,
 * as does the end of this process.
 */
export class Network {
  readonly #prefix: string;
  readonly #guard: ChildProcess;
  readonly #forwarders: Forwarder[] = [];
  #internet: Machine | undefined;
  #routers = 0;
  #links = 0;
  #plugs = 0;

  constructor() {
    this.#prefix = `${PREFIX}-${process.pid}-${++made}`;
    this.#guard = spawn('sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#guard.stdin!.on('error', () => {});
  }

  machine(name: string): Machine {
    const machine = new Machine(`${this.#prefix}-${name}`, name);
    this.#guard.stdin!.write(`${machine.namespace}\n`);
    run('ip', ['netns', 'add', machine.namespace]);
    machine.ip('link set lo up');
    return machine;
  }

  /** The public segment, 203.0.113.0/24, which contains the daemon's machine: 203.0.113.1. */
  internet(): Machine {
    if (this.#internet) return this.#internet;
    const internet = this.machine('internet');
    internet.ip('link add segment type bridge');
    internet.ip('link set segment up');
    internet.ip('addr add 203.0.113.1/24 dev segment');
    internet.address = '203.0.113.1';
    this.#internet = internet;
    return internet;
  }

  /** A machine on the public segment. `port`: the bridge that it is connected to, on the daemon's machine. */
  plugged(name: string): Machine & { readonly port: string } {
    const internet = this.internet();
    const port = `plug${++this.#plugs}`;
    const machine = Object.assign(this.machine(name), { port });
    machine.address = `203.0.113.${100 + this.#plugs}`;
    plug(machine, 'eth0', { into: internet, bridge: 'segment', port });
    return machine;
  }

  /**
   * Machines behind their own router. Every inner network is 192.168.1.0/24, as is common: two machines may have the
   * same inner address.
   */
  behind(nat: Nat, name: string, count = 1): Machine[] {
    const internet = this.internet();
    const number = ++this.#routers;
    const router = this.machine(`${name}-router`);
    router.address = `203.0.113.${10 + number}`;
    plug(router, 'wan', { into: internet, bridge: 'segment', port: `router${number}` });
    router.ip('link add lan type bridge');
    router.ip('link set lan up');
    router.ip('addr add 192.168.1.1/24 dev lan');
    router.set('net.ipv4.ip_forward', '1');
    // A router lets in replies. It forgets rejected packets at once; otherwise a first datagram from outside
    // would take the port that the inner machine's own packets use.
    router.nft(`
      table ip router {
        chain in {
          type filter hook input priority filter; policy drop;
          ct state established,related accept
          iifname { "lan", "lo" } accept
        }
        chain through {
          type filter hook forward priority filter; policy drop;
          ct state established,related accept
          iifname "lan" accept
        }
        chain out {
          type nat hook postrouting priority srcnat;
          oifname "wan" masquerade ${nat === 'symmetric' ? 'fully-random' : ''}
        }
      }`);
    return Array.from({ length: count }, (_, i) => {
      const machine = this.machine(count === 1 ? name : `${name}${i + 1}`);
      machine.address = `192.168.1.${10 + i}`;
      plug(machine, 'eth0', { into: router, bridge: 'lan', port: `port${i}` });
      machine.ip('route add default via 192.168.1.1');
      return machine;
    });
  }

  /**
   * Links with a rate, a delay and losses, for any IP traffic. tc netem is not built into every kernel, so frames
   * are sent as VXLAN datagrams through a forwarder on a machine between the two.
   */
  async link(
    ...links: readonly { readonly a: LinkEnd; readonly b: LinkEnd; readonly shape: Shape; readonly seed?: number }[]
  ): Promise<Forwarder> {
    const wire = this.machine(`wire${this.#links}`);
    const options = links.map(({ a, b, shape, seed = 1 }) => {
      const number = this.#links++;
      const macs = [0, 1].map((side) => `02:67:00:00:${hex(number)}:0${side}`);
      const ends = [a, b].map(({ machine, address, device }, side) => {
        const under = `10.${200 + side}.${number}`;
        machine.ip(`link add under${number} type veth peer name ${'ab'[side]}${number} netns ${wire.namespace}`);
        machine.ip(`addr add ${under}.2/24 dev under${number}`);
        machine.ip(`link set under${number} mtu 2000 up`);
        wire.ip(`addr add ${under}.1/24 dev ${'ab'[side]}${number}`);
        wire.ip(`link set ${'ab'[side]}${number} mtu 2000 up`);
        const tunnel = `id ${number + 1} local ${under}.2 remote ${under}.1 dstport ${VXLAN_PORT} nolearning`;
        machine.ip(`link add ${device} address ${macs[side]} type vxlan ${tunnel}`);
        // One packet of the link is one datagram of the forwarder: packets are not merged and split later.
        machine.ip(`link set ${device} mtu 1500 gso_max_segs 1`);
        machine.ip(`link set ${device} up`);
        machine.ip(`addr add ${address} dev ${device}`);
        const other = (side === 0 ? b : a).address.split('/')[0];
        machine.ip(`neigh replace ${other} lladdr ${macs[1 - side]} dev ${device} nud permanent`);
        if (machine.address === '') machine.address = address.split('/')[0]!;
        return { address: `${under}.1`, port: VXLAN_PORT, to: { address: `${under}.2`, port: VXLAN_PORT } };
      });
      return { a: ends[0]!, b: ends[1]!, shape: { ...shape, frames: true }, seed };
    });
    const forwarder = await Forwarder.start(options, wire.command);
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  /** Ends the processes on the machines, and removes them. */
  async remove(): Promise<void> {
    for (const forwarder of this.#forwarders) await forwarder.stop();
    if (this.#guard.exitCode !== null) return;
    const ended = once(this.#guard, 'exit');
    this.#guard.stdin!.end();
    await ended;
  }
}

/** A cable from a machine, with its address, to a bridge of another. */
function plug(
  machine: Machine,
  device: string,
  { into, bridge, port }: { into: Machine; bridge: string; port: string },
): void {
  machine.ip(`link add ${device} type veth peer name ${port} netns ${into.namespace}`);
  into.ip(`link set ${port} master ${bridge} up`);
  machine.ip(`addr add ${machine.address}/24 dev ${device}`);
  machine.ip(`link set ${device} up`);
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}

function run(program: string, args: readonly string[], input?: string): void {
  try {
    execFileSync(program, args, { stdio: ['pipe', 'ignore', 'pipe'], ...(input === undefined ? {} : { input }) });
  } catch (thrown) {
    const { stderr } = thrown as { stderr?: Buffer };
    throw new Error(`${program} ${args.join(' ')}: ${stderr?.toString().trim() || thrown}`);
  }
}
