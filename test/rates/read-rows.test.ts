import { expect } from 'chai';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { type Provider, RejectedRows, ResponseFormatError } from '../../src/rates/provider.ts';
import { binance } from '../../src/rates/providers/binance.ts';
import { btmc } from '../../src/rates/providers/btmc.ts';
import { coinbase } from '../../src/rates/providers/coinbase.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { doji } from '../../src/rates/providers/doji.ts';
import { erApi } from '../../src/rates/providers/er-api.ts';
import { frankfurter } from '../../src/rates/providers/frankfurter.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { kraken } from '../../src/rates/providers/kraken.ts';
import { mihong } from '../../src/rates/providers/mihong.ts';
import { pnj } from '../../src/rates/providers/pnj.ts';
import { pnjHistory } from '../../src/rates/providers/pnj-history.ts';
import { sjc } from '../../src/rates/providers/sjc.ts';
import { sjcXml } from '../../src/rates/providers/sjc-xml.ts';
import { tygia } from '../../src/rates/providers/tygia.ts';
import { vangToday } from '../../src/rates/providers/vang-today.ts';
import { vietcombank } from '../../src/rates/providers/vietcombank.ts';
import { vnappmob } from '../../src/rates/providers/vnappmob.ts';
import { flattenGroups, readRows, validRows } from '../../src/rates/read-rows.ts';
import { contextAt } from './context.ts';

const NOW = Date.UTC(2026, 6, 20, 13);

/** Each provider with rows: a body of two valid ones and an invalid one, and the path of the invalid one. */
const MIXED: readonly (readonly [Provider, string, string])[] = [
  [
    sjc,
    JSON.stringify({
      success: true,
      latestDate: '14:52 15/04/2026',
      data: [
        { TypeName: 'Vàng SJC 1L', BranchName: 'Huế', BuyValue: 170e6, SellValue: 173e6 },
        { TypeName: 'Vàng SJC 1L', BranchName: 'Vinh', BuyValue: 'n/a', SellValue: 173e6 },
        { TypeName: 'Vàng SJC 1L', BranchName: 'Hạ Long', BuyValue: 170e6, SellValue: 173e6 },
      ],
    }),
    'data[1].BuyValue',
  ],
  [
    sjcXml,
    '<root><ratelist><city name="Huế"><item buy="40.720" sell="40.820" type="Vàng SJC 1L"/>' +
      '<item buy="40,7" sell="40.820" type="Vàng SJC 10L"/></city>' +
      '<city name="Vinh"><item buy="40.720" sell="40.820" type="Vàng SJC 1L"/></city></ratelist></root>',
    'root.ratelist.city[0].item[1].@buy',
  ],
  [
    pnj,
    '{"data":[{"masp":"SJC","tensp":"SJC","giaban":15130,"giamua":14880},{"masp":"N24K","tensp":"","giaban":15100},' +
      '{"masp":"PNJ","tensp":"","giaban":15130,"giamua":14880}]}',
    'data[1].giamua',
  ],
  [
    pnjHistory,
    JSON.stringify({
      locations: [
        {
          name: 'TPHCM',
          gold_type: [
            {
              name: 'PNJ',
              data: [
                { gia_ban: '52.900', gia_mua: '51.900', updated_at: '03/10/2022 08:12:12' },
                { gia_ban: '52.900', gia_mua: '51.900', updated_at: '03/10/2022 09:12:12' },
              ],
            },
            { name: 'SJC', data: null },
          ],
        },
        {
          name: 'Hà Nội',
          gold_type: [
            { name: 'PNJ', data: [{ gia_ban: '52.900', gia_mua: '51.900', updated_at: '03/10/2022 08:12:12' }] },
          ],
        },
      ],
    }),
    'locations[0].gold_type[1].data',
  ],
  [
    doji,
    "<GoldList><DGPlist><Row Name='DOJI HN lẻ' Sell='151,300' Buy='148,800'/><Row Name='DOJI HCM lẻ' Sell='?' Buy='1'/>" +
      "<Row Name='DOJI DN lẻ' Sell='15,130' Buy='14,880'/></DGPlist></GoldList>",
    'GoldList.DGPlist.Row[1].@Sell',
  ],
  [
    btmc,
    JSON.stringify({
      DataList: {
        Data: [
          { '@row': '1', '@n_1': 'VÀNG MIẾNG SJC', '@h_1': '', '@pb_1': '11750000', '@ps_1': '12050000', '@d_1': '' },
          { '@row': '2', '@n_2': 'NHẪN TRÒN TRƠN', '@h_2': '', '@pb_2': '11.75', '@d_2': '' },
          { '@row': '3', '@n_3': 'VÀNG MIẾNG VRTL', '@h_3': '', '@pb_3': '11750000', '@ps_3': '12050000', '@d_3': '' },
        ],
      },
    }),
    'DataList.Data[1].@ps_2',
  ],
  [
    mihong,
    '[{"buyingPrice":17150000,"sellingPrice":17500000,"code":"999"},{"buyingPrice":1,"sellingPrice":[],"code":"SJC"},' +
      '{"buyingPrice":17150000,"sellingPrice":17500000,"code":"980"}]',
    'body[1].sellingPrice',
  ],
  [
    vangToday,
    JSON.stringify({
      success: true,
      prices: {
        SJL1L10: { name: 'SJC', buy: 180e6, sell: 183e6, currency: 'VND' },
        SJ9999: { name: 'SJC ring', buy: -1, sell: 183e6, currency: 'VND' },
        DOHNL: { name: 'DOJI', buy: 180e6, sell: 183e6, currency: 'VND' },
      },
    }),
    'prices.SJ9999.buy',
  ],
  [
    vnappmob,
    '{"results":[{"datetime":"1744358406","buy_1l":"102200000.0","sell_1l":"105230000.0","buy_1c":"102,2","buy_5c":"1022e5"}]}',
    'results[0].buy_1c',
  ],
  [
    tygia,
    JSON.stringify({
      golds: [
        {
          value: [
            {
              company: 'SJC',
              brand: 'Huế',
              type: 'Vàng SJC',
              buy: '60,650.00',
              sell: '61,350.00',
              updated: '',
              id: '1',
            },
            { company: 'SJC', brand: 'Vinh', type: 'Vàng SJC', buy: '60.650,00', sell: '61,350.00', updated: '' },
            { company: 'DOJI', brand: '', type: 'SJC', buy: '6,065.00', sell: '6,135.00', updated: '', id: '3' },
          ],
        },
      ],
    }),
    'golds[0].value[1].buy',
  ],
  [coingecko, '{"bitcoin":{"usd":-5},"ethereum":{"usd":2500},"solana":{"usd":70}}', 'bitcoin.usd'],
  [
    binance,
    JSON.stringify(
      ['BTC', 'ETH', 'SOL'].map((coin) => ({
        symbol: `${coin}USDT`,
        bidPrice: '10.1',
        askPrice: coin === 'ETH' ? '1O.2' : '10.2',
        closeTime: NOW - 1000,
      })),
    ),
    'body[1].askPrice',
  ],
  [
    kraken,
    '{"error":[],"result":{"XXBTZUSD":[[1784332800,"1","1","1","1"],[1784419200,"x","2","2","2"],[1784505600,"3","3","3","3"]]}}',
    'result.XXBTZUSD[1][1]',
  ],
  [coinbase, '[[1784505600,3,3,3,3,3],[1784419200,2,2,null,"x",2],[1784332800,1,1,1,1,1]]', 'body[1][4]'],
  [
    vietcombank,
    JSON.stringify({
      UpdatedDate: '2026-07-20T08:16:30+07:00',
      Data: ['USD', 'E?R', 'JPY'].map((currencyCode) => ({ currencyCode, cash: '170.5', transfer: '-', sell: '-' })),
    }),
    'Data[1].currencyCode',
  ],
  [
    erApi,
    '{"result":"success","base_code":"USD","time_last_update_unix":1784505751,"rates":{"VND":26250,"EUR":"?","JPY":158}}',
    'rates.EUR',
  ],
  [frankfurter, '{"base":"USD","date":"2026-03-17","rates":{"EUR":0.867,"JPY":-158,"GBP":0.75}}', 'rates.JPY'],
  [
    createCustomProvider('own', {
      url: 'http://127.0.0.1/x',
      market: 'crypto',
      quote: { instrument: 'c', buy: 'p', sell: 'p', currency: "'USD'", unit: "'coin'" },
    }),
    '[{"c":"BTC","p":1},{"c":"ETH","p":"?"},{"c":"SOL","p":3}]',
    'rows[1].buy',
  ],
];

/** Providers whose responses have only one price. */
const WITHOUT_ROWS = ['gold-api'];

describe('invalid rows', () => {
  it('are tested for every provider with rows', () => {
    const withRows = PROVIDERS.map(({ id }) => id).filter((id) => !WITHOUT_ROWS.includes(id));
    expect(MIXED.map(([{ id }]) => id).filter((id) => id !== 'own')).to.have.members(withRows);
  });

  for (const [provider, body, path] of MIXED) {
    it(`are omitted and counted, and ${provider.id} keeps the others`, () => {
      const context = contextAt(NOW, { key: 'a' });
      const quotes = provider.parse(body, context, 0);
      const one = ['kraken', 'coinbase'].includes(provider.id); // of several candles the newest is the price
      expect(quotes).to.have.length(one ? 1 : 2);
      if (one) expect(quotes[0]).to.include({ buy: 3 });
      expect(context.rejected.count).to.equal(1);
      expect(context.rejected.first[0]!.path).to.equal(path);
      expect(context.rejected.first[0]!.reason).to.match(/^expected /);
    });
  }
});

describe('readRows', () => {
  const read = (row: number) => {
    if (row < 0) throw new ResponseFormatError(`rows[${row}]`, 'a number');
    read.seen.push(row);
  };
  read.seen = [] as number[];
  beforeEach(() => {
    read.seen = [];
  });

  it('omits up to half of the rows', () => {
    const rejected = new RejectedRows();
    readRows([1, -1, 2, -2], rejected, read);
    expect(read.seen).to.deep.equal([1, 2]);
    expect(rejected.count).to.equal(2);
    expect(rejected.first).to.deep.equal([
      { path: 'rows[-1]', reason: 'expected a number' },
      { path: 'rows[-2]', reason: 'expected a number' },
    ]);
    readRows([], rejected, read);
  });

  it('refuses a body with a majority of invalid rows, names the first one, and counts nothing', () => {
    const rejected = new RejectedRows();
    expect(() => readRows([1, -1, -2], rejected, read)).to.throw(ResponseFormatError, 'rows[-1]: expected a number');
    expect(() => readRows([-1], rejected, read)).to.throw(ResponseFormatError);
    expect(rejected.count).to.equal(0);
    const anyNumber = new RejectedRows({ share: 1 });
    readRows([-1, -2], anyNumber, read);
    expect(anyNumber.count).to.equal(2);
  });

  it('keeps the first rejections and counts all', () => {
    const rejected = new RejectedRows();
    readRows(
      Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? -index : index)),
      rejected,
      (row) => {
        if (row % 2 === 0) throw new ResponseFormatError(`rows[${row}]`, 'an odd number');
      },
    );
    expect(rejected.count).to.equal(500);
    expect(rejected.first).to.have.length(20);
  });

  it('counts an invalid group as one row', () => {
    const groups: (number[] | undefined)[] = [[1, 2], undefined, [3, -1]];
    const rows = flattenGroups(groups, (group) => {
      if (!group) throw new ResponseFormatError('groups[1]', 'a list');
      return group;
    });
    const rejected = new RejectedRows();
    readRows(rows, rejected, read);
    expect(read.seen).to.deep.equal([1, 2, 3]);
    expect(rejected.first.map(({ path }) => path)).to.deep.equal(['groups[1]', 'rows[-1]']);
    expect([...validRows(rows, (row: number) => (row > 1 ? row : undefined))]).to.deep.equal([2, 3]);
  });

  it('passes other errors on', () => {
    const broken = () => {
      throw new TypeError('a mistake of the program');
    };
    expect(() => readRows([1], new RejectedRows(), broken)).to.throw(TypeError);
    expect(() => flattenGroups([1], broken)).to.throw(TypeError);
    expect(() => [...validRows([1], broken)]).to.throw(TypeError);
  });
});
