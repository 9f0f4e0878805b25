// What makes comments one line with a count: the same rule as web/lines.py, which renders the page.

import type { ShownComment } from "../wire";

const ALIKE_MS = 60_000;

/** Lines from the end that a comment may join: further up nobody would see it grow. */
export const NEAR = 20;

/** The mark of applause, which the moderation makes (加油, 加油！！), or else the very same text. */
export function call(comment: ShownComment): string {
  return comment.applause || comment.text;
}

/** Questions, source cards, what is played, and one's own comments (`own` is the reader's mark) stay apart. */
export function takes(first: ShownComment, comment: ShownComment, own: string): boolean {
  return (
    [first, comment].every((one) => one.kind !== "question" && !one.note && one.viewer !== own) &&
    Boolean(first.simulated) === Boolean(comment.simulated) &&
    Math.abs(comment.at - first.at) < ALIKE_MS &&
    call(first) === call(comment)
  );
}
