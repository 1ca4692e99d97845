// A busy room: a given number of events per second, quotes and posts alternately, on two connections.
import { connect } from 'node:net';
import { answer, options, say } from './child.js';

const { control, port, entrance, perSecond } = options;
const BEAT_MS = 10;
/** Maximum of pending calls, so that a slow daemon is not overloaded. */
const MOST_WAITING = 2000;
const COINS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'LTC', 'DOT', 'TRX'];
const KIND = { provider: 'binance', market: 'crypto', currency: 'USD', unit: 'coin' };
const TEXTS = [
  'Gold goes up again, who would have thought so this morning?',
  'I sold at the open and bought back at noon: nothing gained, nothing lost, and a day gone.',
  'Anybody here who knows why the bank is so far from the shops today?',
  'ok',
];

let answered = 0;
let sent = 0;
let failed;
let timer;
let begun = 0;
let before = 0;

function fail(error) {
  failed ??= error;
}

/** Resolves once every line of the greeting has a reply. */
function open(to, greeting) {
  const socket = connect(to);
  socket.setEncoding('utf8').on('error', fail);
  socket.on('close', () => fail(new Error('The daemon ended the connection.')));
  let rest = '';
  let entering = greeting.split('\n').length - 1;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const isAnswer = /"id":\d/.test(line);
        if (line.includes('"error"')) fail(new Error(line));
        if (!isAnswer) continue;
        if (entering > 0) {
          entering -= 1;
          if (entering === 0) resolve(socket);
        } else answered += 1;
      }
    });
    socket.write(greeting);
  });
}

/** Each price of a coin has its own millisecond, and so is a new quote. */
const lastAt = COINS.map(() => 0);

function quote(n) {
  const coin = n % COINS.length;
  const at = Math.max(lastAt[coin] + 1, Date.now() - 1000);
  lastAt[coin] = at;
  const price = 1000 * (coin + 1) + ((n * 7919) % 1000) / 100;
  return line('rates.import', { instrument: COINS[coin], ...KIND, rows: [[at, price, price + 0.5]] });
}

const post = (n) => line('forum.post', { text: `${TEXTS[n % TEXTS.length]} ${n}` });
const line = (method, params) => `${JSON.stringify({ jsonrpc: '2.0', id: 9, method, params })}\n`;

const owner = await open(control, line('hello', { protocol: 1, client: 'bench' }));
const member = await open({ port, host: '127.0.0.1' }, entrance);

function beat() {
  const due = Math.floor(((performance.now() - begun) / 1000) * perSecond) + before;
  const count = Math.min(due - sent, MOST_WAITING - (sent - answered));
  let quotes = '';
  let posts = '';
  for (let i = 0; i < count; i++, sent++) {
    if (sent % 2 === 0) quotes += quote(sent / 2);
    else posts += post((sent - 1) / 2);
  }
  if (quotes !== '') owner.write(quotes);
  if (posts !== '') member.write(posts);
}

function pause() {
  clearInterval(timer);
  timer = undefined;
}

answer({
  start: () => {
    if (timer === undefined) {
      begun = performance.now();
      before = sent;
      timer = setInterval(beat, BEAT_MS);
    }
    return answered;
  },
  pause: () => {
    pause();
    return answered;
  },
  /** Number of events in the journal. */
  events: () => {
    if (failed) throw failed;
    return answered;
  },
  stop: pause,
});
say({ open: true });
