type Table = Uint32Array;

/** CRC-32C (Castagnoli), as in LevelDB's files. Processes eight bytes at a time. */
const CRC_TABLES = buildCrcTables();

function buildCrcTables(): Table[] {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    all[0]![i] = crc >>> 0;
  }
  for (let i = 0; i < 256; i++) {
    for (let n = 1; n < 8; n++) {
      const previous = all[n - 1]![i]!;
      all[n]![i] = ((previous >>> 8) ^ all[0]![previous & 0xff]!) >>> 0;
    }
  }
  return all;
}

export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = CRC_TABLES as [Table, Table, Table, Table, Table, Table, Table, Table];
  let crc = 0xffffffff;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/** LevelDB stores the CRC rotated and shifted, because the CRC of data that contains its own CRC is weak. */
export function maskedCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
