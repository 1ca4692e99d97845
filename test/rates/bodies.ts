/** Response bodies of international providers, as described in docs/providers.md. */
export const BODIES = {
  goldApi:
    '{"currency":"USD","currencySymbol":"$","exchangeRate":1.0,"name":"Gold","price":4010.100098,"symbol":"XAU","updatedAt":"2026-07-20T12:58:29Z","updatedAtReadable":"a few seconds ago"}',
  coingecko: '{"bitcoin":{"usd":67000.5,"vnd":1750000000}}',
  coingeckoChart:
    '{"prices":[[1711843200000,69702.3],[1711929600000,71246.9],[1712016000000,68887.7]],"market_caps":[],"total_volumes":[]}',
  binance:
    '{"symbol":"BTCUSDT","lastPrice":"67000.50000000","bidPrice":"67000.40","askPrice":"67000.50","openTime":1499783499040,"closeTime":1499869899040}',
  binanceKlines:
    '[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999]]',
  kraken:
    '{"error":[],"result":{"XXBTZUSD":[[1700000000,"37000.0","37500.0","36800.0","37200.0","37100.0","150.5",320]],"last":1700086400}}',
  coinbase: '[[1700006400,36800.5,37500,37000,37200.25,150.5],[1699920000,36000,37100,36500,37000,99.1]]',
  vietcombank:
    '{"Count":20,"Date":"2025-12-09T00:00:00","UpdatedDate":"2025-12-09T08:16:30+07:00","Data":[{"currencyName":"US DOLLAR","currencyCode":"USD","cash":"26142.00","transfer":"26172.00","sell":"26412.00","icon":"…"}]}',
  erApi:
    '{"result":"success","time_last_update_unix":1784505751,"base_code":"USD","rates":{"USD":1,"VND":26250.12,"EUR":0.867,"JPY":158.2,"ZWL":6.9}}',
  frankfurter: '{"base":"USD","date":"2026-03-17","rates":{"EUR":0.867}}',
} as const;
