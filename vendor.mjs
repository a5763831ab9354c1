// Copies what PixelHub serves out of node_modules: `npm ci --ignore-scripts && npm run vendor`.
// The results are committed, so neither a server nor a test needs npm.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const FILES = {
  "bootstrap/dist/css/bootstrap.min.css": "static/vendor/bootstrap/bootstrap.min.css",
  "bootstrap/LICENSE": "static/vendor/bootstrap/LICENSE",
  "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "static/vendor/inter/inter-latin.woff2",
  "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "static/vendor/inter/inter-latin-ext.woff2",
  "@fontsource-variable/inter/LICENSE": "static/vendor/inter/LICENSE",
  "idiomorph/dist/idiomorph-ext.min.js": "static/vendor/idiomorph/idiomorph-ext.min.js",
  "idiomorph/LICENSE": "static/vendor/idiomorph/LICENSE",
  "@tabler/icons/LICENSE": "static/icons/LICENSE",
};

for (const [from, to] of Object.entries(FILES)) {
  mkdirSync(dirname(to), { recursive: true });
  if (to.endsWith(".css")) {
    // A source map that is not there stops the hashed static storage.
    writeFileSync(to, readFileSync(`node_modules/${from}`, "utf8").replace(/\/\*# sourceMappingURL=.*?\*\/\s*$/, ""));
  } else {
    copyFileSync(`node_modules/${from}`, to);
  }
}

const names = readFileSync("static/icons/icons.txt", "utf8").split(/\s+/).filter(Boolean).sort();
const symbols = names.map((name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8");
  const paths = svg.match(/<(path|circle|line|rect|polyline)\b[^>]*>/g).filter((path) => !path.includes('stroke="none"'));
  return `<symbol id="${name}" viewBox="0 0 24 24">${paths.join("")}</symbol>`;
});
writeFileSync("static/icons/sprite.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);

const pinned = Object.entries(JSON.parse(readFileSync("package.json", "utf8")).devDependencies);
writeFileSync("static/vendor/VERSIONS", pinned.map(([name, version]) => `${name} ${version}\n`).join(""));
