import { expect } from 'chai';
import { parseAcceptRule } from '../../src/cli/accept-rule.ts';
import { OfferHandler } from '../../src/cli/offer-handler.ts';
import { TransferProgress } from '../../src/cli/transfer-progress.ts';
import type { PeerFileClient } from '../../src/client/peer-file-client.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { transfer } from './transfers.ts';

describe('the receiver of files', () => {
  const offer = { id: 3, member: 'Yoda', name: 'lecture1.mp4', size: 1000, files: 1, key: '', at: 0 };

  /** A receiver whose peers only write down what they are told. */
  function made(rules: string[], more: { yes?: boolean; ask?: (question: string) => Promise<boolean> } = {}) {
    const [said, told, done]: [string[], object[], unknown[][]] = [[], [], []];
    const peers = {
      accept: async (id: number) => {
        if (id === 99) throw new AppError('NOT_FOUND', 'Nothing of the number 99 is offered.');
        done.push(['accept', id]);
      },
      decline: async (id: number, reason?: string) => void done.push(['decline', id, reason]),
    };
    const out = { write() {} };
    const over: string[] = [];
    const receiver = new OfferHandler({
      peers: () => peers as unknown as PeerFileClient,
      rules: rules.map(parseAcceptRule),
      acceptsAll: more.yes === true,
      ask: more.ask,
      progress: new TransferProgress({ isJson: false, terminal: out, lines: out }),
      printNotice: (text) => said.push(text),
      printEvent: (event) => told.push(event),
      onFinished: ({ state }) => over.push(state),
    });
    return { receiver, said, told, done, over };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('takes what a rule allows, and declines the rest with a reason where nobody can be asked', async () => {
    const { receiver, said, told, done } = made(['yoda:1kB']);
    receiver.onOffer(offer);
    receiver.onOffer({ ...offer, id: 4, size: 1001 });
    receiver.onOffer({ ...offer, id: 5, member: 'Han' });
    await settle();
    expect(done).to.deep.equal([
      ['accept', 3],
      ['decline', 4, 'it is larger than this member accepts'],
      ['decline', 5, 'nobody is available to answer'],
    ]);
    expect(said[0]).to.equal('Declined lecture1.mp4 (1.0 kB) from Yoda: it is larger than --accept allows.');
    expect(said[1]).to.match(
      /there is no terminal to ask on\. Use --accept Han to accept files from them, or --yes to accept all\.$/,
    );
    expect(told).to.have.length(3);
  });

  it('asks one question at a time', async () => {
    const asked: string[] = [];
    const answers: ((yes: boolean) => void)[] = [];
    const { receiver, done, said } = made([], {
      ask: (question) => {
        asked.push(question);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    receiver.onOffer(offer);
    receiver.onOffer({ ...offer, id: 4 });
    receiver.onOffer({ ...offer, id: 99 });
    await settle();
    expect(asked).to.deep.equal(['Yoda offers lecture1.mp4 (1.0 kB). Accept? [y/N] ']);
    answers[0]!(true);
    await settle();
    answers[1]!(false);
    await settle();
    answers[2]!(true);
    await settle();
    expect(done).to.deep.equal([
      ['accept', 3],
      ['decline', 4, undefined],
    ]);
    expect(said).to.deep.equal(['Declined lecture1.mp4 (1.0 kB) from Yoda.', 'Nothing of the number 99 is offered.']);
  });

  it('takes everything where it is told to, and says what arrived', async () => {
    const { receiver, said, told, done, over } = made([], { yes: true });
    receiver.onOffer(offer);
    await settle();
    expect(done).to.deep.equal([['accept', 3]]);
    receiver.onTransfer(transfer({ state: 'offered' }));
    receiver.onTransfer(transfer({ id: 2, state: 'declined' }));
    receiver.onTransfer(transfer());
    receiver.onTransfer(transfer({ state: 'done', endedAt: 2000, savedAs: '/x/lecture1.mp4' }));
    expect(said).to.deep.equal(['Received lecture1.mp4 from Yoda', said[1]]);
    expect(said[1]).to.match(/^Saved as \/x\/lecture1\.mp4; 100 B.*direct\.$/);
    expect(over).to.deep.equal(['done']);
    expect(told.at(-1)).to.have.property('transfer');
  });
});
