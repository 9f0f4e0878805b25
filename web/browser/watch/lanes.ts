// Where a comment may cross the picture without touching another. Pure: times in ms and lengths in px come in.

interface Flight {
  start: number;
  width: number;
}

/** Horizontal lanes; every flight takes `duration` ms from the right edge until its tail has left. */
export class Lanes {
  private readonly last: (Flight | undefined)[] = [];

  constructor(
    /** May change while comments are under way: a lower picture has fewer lanes. */
    public count: number,
    readonly span: number,
    private readonly duration: number,
    private readonly gap = 32,
  ) {}

  /** The topmost lane where a text of this width can start now, or -1. */
  take(width: number, now: number): number {
    for (let lane = 0; lane < this.count; lane += 1) {
      if (this.free(this.last[lane], width, now)) {
        this.last[lane] = { start: now, width };
        return lane;
      }
    }
    return -1;
  }

  /** The one before must have entered whole, and must have left before this one could reach it. */
  private free(before: Flight | undefined, width: number, now: number): boolean {
    if (!before) return true;
    const flown = now - before.start;
    if (flown >= this.duration) return true;
    const tail = this.span + before.width - ((this.span + before.width) * flown) / this.duration;
    if (tail > this.span - this.gap) return false;
    const untilGone = this.duration - flown;
    const head = this.span - ((this.span + width) * untilGone) / this.duration;
    return head >= this.gap;
  }
}
