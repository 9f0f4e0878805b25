// The picture: HLS where the browser needs help with it (hls.js comes only then), and words when it fails.

import { page, t } from "./data";
import { find, maybe, show } from "../page/pieces";

const RETRY_MS = 5_000;

export function openStage(): void {
  const video = maybe<HTMLVideoElement>("#video");
  const source = page.stage.source;
  if (page.stage.kind !== "hls" || !video || !source) return;
  video.addEventListener("playing", () => trouble(""));
  if (video.canPlayType("application/vnd.apple.mpegurl")) {
    const failed = (): void => {
      trouble(`${t("picture.failed")} ${t("picture.retry")}`);
      window.setTimeout(() => video.load(), RETRY_MS);
    };
    video.addEventListener("error", failed);
    if (video.error) failed(); // it failed before we listened
    return;
  }
  void playWithHls(video, source);
}

async function playWithHls(video: HTMLVideoElement, source: string): Promise<void> {
  const { default: Hls } = await import("hls.js/light");
  if (!Hls.isSupported()) return trouble(t("picture.failed"));
  video.removeAttribute("src");
  const hls = new Hls({ liveSyncDurationCount: 3, maxBufferLength: 30, enableWorker: true });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
    trouble(`${t("picture.failed")} ${t("picture.retry")}`);
    window.setTimeout(() => hls.loadSource(source), RETRY_MS);
  });
  hls.loadSource(source);
  hls.attachMedia(video);
}

function trouble(words: string): void {
  const line = find("#picture-trouble");
  line.textContent = words;
  show(line, words !== "");
}
