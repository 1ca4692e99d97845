const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `0 B`, `12.5 MB`: thousands, as disks and networks are counted. */
export function formatBytes(bytes: number): string {
  let size = Math.max(0, Number.isFinite(bytes) ? bytes : 0);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}
