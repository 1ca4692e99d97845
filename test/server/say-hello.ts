import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  decodeDatagram,
  encodeDatagram,
  type HelloDatagram,
  type IntroductionSide,
  type SeenDatagram,
} from '../../src/protocol/datagram.ts';

/** What both sides of an introduction know. */
export interface Introduced {
  readonly id: string;
  readonly secret: string;
}

/** A HELLO like that of a client. */
export function hello({ id, secret }: Introduced, side: IntroductionSide, more: Partial<HelloDatagram> = {}): Buffer {
  return encodeDatagram({ type: 'hello', id, side, relay: false, local: [], counter: 1, ...more }, secret);
}

/** Sends HELLO to a daemon at a port of loopback. @returns its reply */
export async function sayHello(
  socket: Socket,
  port: number,
  introduced: Introduced,
  side: IntroductionSide,
  more?: Partial<HelloDatagram>,
): Promise<SeenDatagram> {
  const came = once(socket, 'message');
  socket.send(hello(introduced, side, more), port, '127.0.0.1');
  return decodeDatagram((await came)[0] as Buffer, introduced.secret) as SeenDatagram;
}
