import { Buffer } from 'node:buffer';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { BandwidthLimiter } from '../../src/peer/bandwidth-limiter.ts';
import { downloadLegacy, type LegacyDownloadSettings } from '../../src/peer/legacy-download.ts';

/** The reply of a legacy client to `download`, its size first. */
const answer = (content: Buffer, size = content.length): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(size);
  return Buffer.concat([head, content]);
};

describe('downloadLegacy', () => {
  let folder: string;
  let server: Server;
  let serve: (socket: Socket, asked: Buffer) => void;
  let port: number;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.once('data', (asked) => serve(socket, asked));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    for (const each of [folder, `${folder}-states`]) await rm(each, { recursive: true, force: true });
  });

  const download = (size: number, more: Partial<LegacyDownloadSettings> = {}) =>
    downloadLegacy({
      member: 'alice',
      address: '127.0.0.1',
      port,
      name: 'notes.txt',
      size,
      downloadFolder: folder,
      stateFolder: `${folder}-states`,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...more,
    });

  const refusal = async (promise: Promise<unknown>): Promise<AppError> => {
    const failure = await promise.then(
      () => expect.fail('expected a refusal'),
      (thrown) => AppError.from(thrown),
    );
    expect(await readdir(folder), 'no partial file is left').to.deep.equal([]);
    return failure;
  };

  it('sends the request of legacy clients, and saves the file', async () => {
    let said: Buffer | undefined;
    serve = (socket, asked) => {
      said = asked;
      socket.end(answer(Buffer.from('fifteen bytes..')));
    };
    expect(await download(15)).to.equal(join(folder, 'notes.txt'));
    expect(said).to.deep.equal(Buffer.concat([Buffer.of(0, 0, 0, 18), Buffer.from('download notes.txt')]));
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).to.equal('fifteen bytes..');
    expect(await readdir(folder)).to.deep.equal(['notes.txt']);
  });

  it('saves long and empty files, and reports progress', async () => {
    const content = Buffer.alloc(3_000_001, 'old clients know no blocks ');
    serve = (socket) => socket.end(answer(content));
    const told: number[] = [];
    const saved = await download(content.length, { onProgress: (done) => told.push(done) });
    expect((await readFile(saved)).equals(content)).to.equal(true);
    expect(told.at(-1)).to.equal(content.length);
    serve = (socket) => socket.end(answer(Buffer.alloc(0)));
    expect(await readFile(await download(0))).to.have.length(0);
  });

  it('never overwrites a file, and writes only into its folder', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');
    serve = (socket) => socket.end(answer(Buffer.from('theirs')));
    expect(await download(6)).to.equal(join(folder, 'notes (1).txt'));
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).to.equal('mine');
    expect(await download(6, { name: '../../.profile' })).to.equal(join(folder, 'profile'));
  });

  it('accepts exactly the listed size', async () => {
    serve = (socket) => socket.write(answer(Buffer.alloc(16), 16));
    expect((await refusal(download(15))).message).to.match(/notes\.txt now has 16 bytes, but was published with 15/);
    serve = (socket) => socket.end(answer(Buffer.alloc(14), 15));
    expect(await refusal(download(15))).to.include({ code: 'CONNECTION_ENDED' });
    serve = (socket) => socket.end();
    expect(await refusal(download(15))).to.include({ code: 'CONNECTION_ENDED' });
    expect(await refusal(download(2 ** 32))).to.include({ code: 'TOO_LARGE' });
    serve = (socket) => socket.write(Buffer.concat([answer(Buffer.alloc(15)), Buffer.alloc(1 << 20)]));
    expect(await readFile(await download(15))).to.have.length(15);
  });

  it('gives up on slow, silent and unreachable clients', async () => {
    const patience = { stallMs: 200 };
    serve = () => undefined;
    expect(await refusal(download(15, patience))).to.include({ code: 'TOO_SLOW' });
    serve = (socket) => {
      socket.write(answer(Buffer.alloc(1), 1_000_000));
      const drip = setInterval(() => socket.write('.'), 10);
      socket.on('close', () => clearInterval(drip));
    };
    expect(await refusal(download(1_000_000, patience))).to.include({ code: 'TOO_SLOW' });
    serve = (socket) => socket.resetAndDestroy();
    expect((await refusal(download(15, patience))).code).to.be.oneOf(['NOT_AVAILABLE', 'CONNECTION_ENDED']);
    await new Promise((resolve) => server.close(resolve));
    const failure = await refusal(download(15));
    expect(failure).to.include({ code: 'NOT_AVAILABLE' });
    expect(failure.message).to.equal(`Cannot reach alice at 127.0.0.1, TCP port ${port} (ECONNREFUSED).`);
  });

  it('ends when it is cancelled, and leaves no file', async () => {
    const abort = new AbortController();
    serve = (socket) => socket.write(answer(Buffer.alloc(300_000), 1_000_000));
    const onProgress = () => abort.abort(new AppError('CONNECTION_ENDED', 'cancelled'));
    expect(await refusal(download(1_000_000, { signal: abort.signal, onProgress }))).to.include({
      message: 'cancelled',
    });
  });

  it('keeps to a rate limit, which does not count as a slow peer', async () => {
    serve = (socket) => socket.end(answer(Buffer.alloc(200_000)));
    const begun = performance.now();
    await download(200_000, { limiter: new BandwidthLimiter(400_000), stallMs: 250 });
    expect(performance.now() - begun).to.be.above(300);
  });
});
