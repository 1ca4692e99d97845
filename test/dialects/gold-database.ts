/** A row in the format of tygia.com. */
export interface GoldRow {
  readonly company: string;
  readonly brand: string;
  readonly type: string;
  readonly buy: string;
  readonly sell: string;
  readonly updated: string;
  readonly day: string;
  readonly id: string;
}

type Short = [company: string, brand: string, type: string, buy: string, sell: string, updated?: string];

/** Shops at which SJC and DOJI sell. */
const BRANCHES = ['Hồ Chí Minh', 'Hà Nội', 'Đà Nẵng', 'Cà Mau', 'Quy Nhơn'];

/** Every kind of row in the database of the legacy gold server, a few each. */
const SHORT: readonly Short[] = [
  ...BRANCHES.map((brand, i): Short => ['SJC', brand, i === 0 ? 'Vàng SJC 1L' : 'Vàng SJC', '60,650.00', '61,350.00']),
  ['SJC', 'Hồ Chí Minh', 'Vàng nhẫn SJC 99,99 0,5 chỉ', '52,000.00', '52,800.00'],
  ['SJC', 'Hồ Chí Minh', 'Vàng nữ trang 41,7%', '20,000.00', '22,000.00'],
  ['DOJI', 'Hà Nội', 'AVPL / DOJI HN buôn', '60,700.00', '61,300.00'],
  ['DOJI', 'Hồ Chí Minh', 'AVPL / DOJI HCM lẻ', '60,650.00', '61,250.00'],
  ['DOJI', '', 'AVPL / DOJI ĐN buôn', '60,700.00', '61,300.00'],
  ...['', 'Hà Nội', 'Hồ Chí Minh'].flatMap((brand, i): Short[] => [
    ['DOJI', brand, 'Lộc Phát Tài', `6,07${i}.00`, '6,130.00'],
    ['DOJI', brand, 'Kim Thần Tài', `6,06${i}.00`, '6,130.00'],
  ]),
  ['DOJI', 'Hà Nội', 'Kim Ngưu', '6,070.00', '6,130.00'],
  ['DOJI', 'Hồ Chí Minh', 'Kim Ngưu', '6,065.00', '6,125.00'],
  ['PNJ', 'Hồ Chí Minh', 'Nhẫn H.T.V', '52,300.00', '53,000.00'],
  ['DOJI', 'Hồ Chí Minh', 'Nhẫn H.T.V', '5,225.00', '5,300.00'],
  ['DOJI', 'Hà Nội', 'Hưng Thịnh Vượng', '5,225.00', '5,300.00'],
  ['DOJI', 'Hà Nội', 'Nguyên liêu 9999 - HN', '52,050.00', '52,350.00'],
  ['DOJI', 'Hồ Chí Minh', 'Nguyên liệu 99.9', '5,200.00', '5,230.00'],
  ['DOJI', 'Hà Nội', 'Nữ trang 18k', '3,850.00', '4,050.00'],
  ['DOJI', 'Hồ Chí Minh', 'Nữ Trang 18k', '3,845.00', '4,045.00'],
  ['PNJ', 'Hồ Chí Minh', 'Nữ trang 18k', '38,300.00', '39,700.00'],
  ['3BANKS', 'SCB', 'SJC', '60,500.00', '61,300.00'],
  ['2GROUP', 'Mi Hồng SJC', 'SJC', '60,950.00', '61,350.00'],
  ['2GROUP', 'SPOT GOLD', 'SJC', '1,805.00', '1,806.00'],
  ['2GROUP', 'OIL', 'SJC', '76.03', '76.03'],
  ['1OTHER', 'Mi Hồng 950', 'SJC', '0.00', '49,050.00'],
  // set two days before: the list shows that it still applied
  ['1OTHER', 'Ngọc Hải 17K HCM', 'SJC', '34,900.00', '39,700.00', '2021-12-27 07:09:43'],
  ['1OTHER', 'Nhẫn SJC 99,99', 'SJC*', '52,000.00', '52,700.00'],
  ['1Coin', 'Bitcoin', 'BTC', '47,665.34', '47,665.34'],
  ['1Coin', 'Wrapped Bitcoin', 'WBTC', '47,605.31', '47,605.31'],
  ['1Coin', 'Neo', 'NEO', '27.89', '27.89'],
  ['1Coin', 'PAX Gold', 'PAXG', '1,801.49', '1,801.49'],
  ['1Coin', 'GoldCoin', 'GOLD', '0.03', '0.03'],
  ['1Coin', 'Shiba Inu', 'SHIB', '0.00', '0.00'],
];

export const DAY = '2021-12-29';

export const GOLD_ROWS: readonly GoldRow[] = SHORT.map(
  ([company, brand, type, buy, sell, updated = `${DAY} 15:30:00`], i) => ({
    ...{ company, brand, type, buy, sell, updated, day: DAY.replaceAll('-', ''), id: `1700${100 + i}` },
  }),
);

/** Rows that goldctl skips: oil, and rows without a price. */
export const isKept = ({ brand, type }: GoldRow) => brand !== 'OIL' && type !== 'SHIB';

/** A response of tygia.com, as stored by the legacy server. */
export function goldDatabase(rows: readonly GoldRow[] = GOLD_ROWS): string {
  const list = { updated: `${DAY} 17:58:00`, date: DAY.replaceAll('-', ''), gold: [], value: rows };
  return `\ufeff\n${JSON.stringify({ rates: [], golds: [list] })}`;
}
