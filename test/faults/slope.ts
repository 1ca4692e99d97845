/** Memory of a daemon at a time. Minutes since the start of the soak and of this daemon; bytes. */
export interface Point {
  readonly minute: number;
  readonly age: number;
  readonly life: number;
  readonly own: number;
}

/** MB per 10 minutes. */
export interface Growth {
  readonly slope: number;
  /** Standard error of the slope, from the deviation of the points. */
  readonly error: number;
}

/**
 * The regression line through all runs: growth that an administrator sees. Each run settles at its own
 * level, so each run counts as one point if there are enough of them.
 */
export function overall(points: readonly Point[]): Growth {
  const lives = livesOf(points);
  return lineOf([lives.length < 4 ? points : lives.map(meanOf)]);
}

/** One slope for all runs, each with its own level: leaks within a run, although restarts hide them. */
export function withinLives(points: readonly Point[]): Growth {
  return lineOf(livesOf(points));
}

function livesOf(points: readonly Point[]): Point[][] {
  const lives = new Set(points.map(({ life }) => life));
  return [...lives].map((life) => points.filter((point) => point.life === life));
}

function meanOf(points: readonly Point[]): Point {
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [minute, age, own] = [mean((one) => one.minute), mean((one) => one.age), mean((one) => one.own)];
  return { minute, age, life: points[0]!.life, own };
}

function lineOf(groups: readonly (readonly Point[])[]): Growth {
  let [xx, xy, yy, count] = [0, 0, 0, 0];
  for (const group of groups) {
    const { minute: x, own: y } = meanOf(group);
    for (const { minute, own } of group) {
      xx += (minute - x) ** 2;
      xy += (minute - x) * (own - y);
      yy += (own - y) ** 2;
    }
    count += group.length;
  }
  const free = count - groups.length - 1;
  if (xx === 0 || free < 1) return { slope: 0, error: Number.POSITIVE_INFINITY };
  const rest = Math.max(0, yy - xy ** 2 / xx);
  const perTen = 10 / 1e6;
  return { slope: (xy / xx) * perTen, error: Math.sqrt(rest / free / xx) * perTen };
}
