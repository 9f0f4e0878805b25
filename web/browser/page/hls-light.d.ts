// hls.js ships its light build without a declaration of its own: the same API, without subtitles and DRM.
declare module "hls.js/light" {
  export { default } from "hls.js";
}
