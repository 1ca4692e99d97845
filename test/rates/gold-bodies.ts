/** Response bodies of Vietnamese gold providers, as described in docs/providers.md. */
export const GOLD_BODIES = {
  sjc: '{"success":true,"latestDate":"14:52 15/04/2026","data":[{"Id":1,"TypeName":"Vàng SJC 1L, 10L, 1KG","BranchName":"Hồ Chí Minh","Buy":"170,000","BuyValue":170000000.0,"Sell":"173,500","SellValue":173500000.0,"BuyDiffer":null,"BuyDifferValue":0,"SellDiffer":null,"SellDifferValue":0,"GroupDate":"/Date(-62135596800000)/"}]}',
  sjcHistory:
    '{"success":true,"data":[{"Id":1,"TypeName":"Vàng SJC 1L, 10L, 1KG","BranchName":"Hồ Chí Minh","Buy":"88,000","BuyValue":88000000.0,"Sell":"90,500","SellValue":90500000.0,"GroupDate":"\\/Date(1740792347063)\\/"},{"Id":1,"TypeName":"Vàng SJC 1L, 10L, 1KG","BranchName":"Hồ Chí Minh","Buy":"87,000","BuyValue":87000000.0,"Sell":"89,500","SellValue":89500000.0,"GroupDate":"\\/Date(1740705947063)\\/"}]}',
  sjcXml:
    '<root><title>…</title><url>http://www.sjc.com.vn/</url><ratelist updated="08:58:32 AM 22/05/2013" unit="ngàn đồng/lượng"><city name="Hồ Chí Minh"><item buy="40.720" sell="40.820" type="Vàng SJC 1L"/></city></ratelist></root>',
  pnj: '{"data":[{"masp":"SJC","tensp":"Vàng miếng SJC 999.9","giaban":15130,"giamua":14880}]}',
  pnjHistory:
    '{"locations":[{"name":"TPHCM","gold_type":[{"name":"PNJ","data":[{"gia_ban":"52.900","gia_mua":"51.900","updated_at":"03/10/2022 08:12:12"}]}]}]}',
  doji: "<GoldList><DGPlist><DateTime>07:00 01/01/1970</DateTime><Row Name='DOJI HN lẻ' Key='dojihanoile' Sell='151,300' Buy='148,800' /><Row Name='DOJI HCM lẻ' Key='dojihcmle' Sell='15,130' Buy='14,880' /></DGPlist><IGPList><DateTime>17:16 05/07/2026</DateTime><Row Name='USD/VND' Sell='22,611' Buy='22,517' /></IGPList><JewelryList><Row Name='Giá Nguyên Liệu 18K' Sell='-' Buy='10,095' /></JewelryList></GoldList>",
  btmc: '{"DataList":{"Data":[{"@row":"1","@n_1":"VÀNG MIẾNG VRTL (Vàng Rồng Thăng Long)","@k_1":"24k","@h_1":"999.9","@pb_1":"11750000","@ps_1":"12050000","@pt_1":"0","@d_1":"07/05/2025 15:35"}]}}',
  mihong:
    '[{"buyingPrice":17150000,"sellingPrice":17500000,"code":"999","dateTime":"25/03/2026 13:23","sellChange":0,"buyChange":0,"buyChangePercent":0,"sellChangePercent":0}]',
  vangToday:
    '{"success":true,"timestamp":1773678605,"time":"23:30","date":"2026-03-16","count":12,"prices":{"SJL1L10":{"name":"SJC 9999","buy":180100000,"sell":183100000,"change_buy":500000,"change_sell":500000,"currency":"VND"}}}',
  /** The other format, without names, with a currency and with world gold. */
  vangTodayList:
    '{"success":true,"current_time":1732456789,"data":[{"type_code":"SJL1L10","buy":85500000,"sell":88000000,"update_time":1732456789},{"type_code":"USD","buy":25900,"sell":26200,"currency":"VND"},{"type_code":"XAUUSD","buy":4566.7,"sell":0,"currency":"USD"}]}',
  vangTodayHistory:
    '{"success":true,"history":[{"date":"2026-03-16","prices":{"SJL1L10":{"name":"SJC 9999","buy":180100000,"sell":183100000,"day_change_sell":500000}}},{"date":"2026-03-15","prices":{"SJL1L10":{"name":"SJC 9999","buy":179600000,"sell":182600000,"day_change_sell":0}}}]}',
  vnappmob:
    '{"results":[{"buy_1c":"102200000.0","buy_1l":"102200000.0","buy_5c":"102200000.0","buy_nhan1c":"101100000.0","buy_nutrang_75":"74282793.2793","datetime":"1744358406","sell_1c":"105230000.0","sell_1l":"105200000.0"}]}',
  /** With byte order mark and newline. */
  tygia:
    '\ufeff\n{"rates":[],"golds":[{"updated":"2021-12-29 17:58:00","date":"20211229","gold":[],"value":[{"buy":"60,650.00","sell":"61,350.00","company":"DOJI","brand":"","updated":"2021-12-29 17:58:00","brand1":"","day":"20211229","id":"17118469","type":"SJC","code":""}]}]}',
} as const;
