// The shapes that the outbox keeps.

export type CommentKind = "comment" | "question";
export type State = "queued" | "sending" | "checking" | "slow" | "shown" | "held" | "rejected";

export interface Kept {
  once: string;
  text: string;
  nick: string;
  kind: CommentKind;
  at: number;
}
