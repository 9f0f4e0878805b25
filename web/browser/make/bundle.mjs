// OUTDIR FILE... -> one minified script or sheet a file in OUTDIR, what they share in chunks. Called by web/build.py.
import { build } from "esbuild";

const [outdir, ...entryPoints] = process.argv.slice(2);
await build({
  entryPoints,
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2018",
  minify: true,
  charset: "utf8",
  legalComments: "linked",
  logLevel: "warning",
  entryNames: "[name]",
  chunkNames: "chunk-[hash]",
});
