/**
 * Cases that caused a failure once, or are worth a check in each run, by the name of their target. `npm run fuzz`
 * prints a new one in the format of this file.
 */
export const SEEDS: Readonly<Record<string, readonly unknown[]>> = {
  lines: [
    { whole: Buffer.from('a\r\n\nb\r'), cuts: [2, 3] },
    { whole: Buffer.from('é\n'), cuts: [1] },
    { whole: Buffer.from([0x7b, 0xff, 0x0a]), cuts: [] },
  ],
  requests: [
    '{"__proto__":{"jsonrpc":"2.0","method":"hello"}}',
    '{"jsonrpc":"2.0","id":1e999,"method":"hello"}',
    '['.repeat(30_000),
  ],
  objects: ['{"client_name": "x", "client_number": 7}{', '{"a":"\\', '{"client_name":{},"client_number":"7"}'],
  grammar: ['MSG ', 'EDT #1', '2021-12-27 ', '-signup a', `MSG ${'\u0301'.repeat(16_000)}`],
  csv: [{ header: 'at,buy,sell\n', rest: Buffer.from(`2021-12-27,1,${'9'.repeat(400)}\n"`), cut: 1 }],
  addresses: [
    ['::ffff:1.2.3.4', 8],
    ['1.2.3.4', 0],
    ['fe80::1%eth0', null],
  ],
  config: [
    JSON.stringify({ listen: { host: 0 }, ...Object.fromEntries([...'abcdefghij'].map((key) => [key, {}])) }),
    '\ufeff{}',
    '{"__proto__":{"limits":{}}}',
    '{"limits":{"lineBytes":1e999}}',
  ],
  'retry-after': [['99999999999999999999999', null]],
  frames: [
    { whole: Buffer.from('ffffffff02', 'hex'), cuts: [4] },
    { whole: Buffer.from('0000000301226100', 'hex'), cuts: [] },
  ],
  backup: [
    [true, ['null', '{"seq":1,"kind":"__proto__","at":0}']],
    [false, ['{"backup":"goldctl","format":1e999,"seq":0,"server":"","madeAt":0}']],
  ],
  messages: [{ type: '__proto__' }, { type: 'files', files: [null] }, null, []],
};
