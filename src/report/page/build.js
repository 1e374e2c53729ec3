// Bundles this folder into one template: node build.js FOLDER_WITH_NODE_MODULES OUT. Called by scripts/page.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, out] = process.argv.slice(2).map((p) => resolve(p));
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(modules, "index.js"));
const esbuild = require("esbuild");
const { presimplify, simplify, filter, filterWeight } = require("topojson-simplify");
const { quantize } = require("topojson-client");

// Countries at 1:50 million, with as much detail as a zoom to a continent shows; islands too small for that go, and so does
// Antarctica, which would take a fifth of the map.
function world() {
	const detail = 0.015;
	const atlas = require("world-atlas/countries-50m.json");
	delete atlas.objects.land;
	const all = atlas.objects.countries;
	all.geometries = all.geometries.filter((g) => g.properties.name !== "Antarctica");
	const simple = simplify(presimplify(atlas), detail);
	const kept = filter(simple, filterWeight(simple, 4 * detail));
	for (const g of kept.objects.countries.geometries) {
		delete g.properties;
		delete g.id;
	}
	return JSON.stringify(quantize(kept, 1e4));
}

async function bundle(entry, define) {
	const result = await esbuild.build({
		entryPoints: [join(here, entry)],
		nodePaths: [join(modules, "node_modules")],
		bundle: true,
		minify: true,
		write: false,
		charset: "ascii",
		format: "iife",
		target: "es2020",
		legalComments: "none",
		metafile: true,
		define,
	});
	return [result.outputFiles[0].text.trim(), Object.keys(result.metafile.inputs)];
}

// The licences of what is bundled want to stay with it.
function licences(inputs) {
	const folders = inputs.map((path) => /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(path)).filter(Boolean);
	const packages = new Map(folders.map(([, folder]) => [folder, JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))]));
	const texts = new Map();
	for (const [folder, { name, version }] of [...packages, [join(modules, "node_modules", "world-atlas"), require("world-atlas/package.json")]]) {
		const text = readFileSync(join(folder, "LICENSE"), "utf8").trim().replaceAll("--", "- -");
		texts.set(text, [...(texts.get(text) || []), `${name} ${version}`]);
	}
	return [...texts].map(([text, names]) => `${names.sort().join(", ")}:\n\n${text}`).sort().join("\n\n");
}

const hash = (text) => "sha256-" + createHash("sha256").update(text).digest("base64");
const [style] = await bundle("style.css");
const [script, inputs] = await bundle("main.js", { WORLD: JSON.stringify(world()) });
if (/<\/(script|style)|<!--/i.test(script + style))
	throw new Error("the bundle would end its own element");
const parts = { SCRIPT_HASH: hash(script), STYLE_HASH: hash(style), STYLE: style, SCRIPT: script, LICENCES: licences(inputs) };
const page = readFileSync(join(here, "template.html"), "utf8").replace(
	/@(SCRIPT_HASH|STYLE_HASH|STYLE|SCRIPT|LICENCES)@/g, (_, name) => parts[name]);
writeFileSync(out, page);
console.log(`${out}: ${page.length} bytes (script ${script.length}, style ${style.length})`);
