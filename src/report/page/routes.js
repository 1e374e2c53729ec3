// What routing tables say: the AS paths that converge on the origin, and which neighbour of the origin leads to which site.

import { h, panel } from "./dom.js";
import * as f from "./format.js";
import { table } from "./table.js";

const LEAST = 0.02, ROWS_MOST = 40;
const asText = (as) => (as === null ? "not known" : Array.isArray(as) ? `{${as.join(", ")}}` : `AS${as}`);

// Depth first from the origin, the widest branch before the others; narrow ones are left out.
function ordered(tree) {
	const children = new Map();
	tree.forEach((node, i) => {
		if (!children.has(node.parent)) children.set(node.parent, []);
		children.get(node.parent).push(i);
	});
	const rows = [];
	const walk = (i) => {
		if (tree[i].share < LEAST) return;
		rows.push(tree[i]);
		for (const child of (children.get(i) || []).sort((a, b) => tree[b].peers - tree[a].peers)) walk(child);
	};
	for (const root of children.get(null) || []) walk(root);
	return rows;
}

function branch(node) {
	const bar = h("span", { class: "bar site0" }), row = h("th", { scope: "row" }, h("span", { class: "name" }, asText(node.as)), node.name && h("span", { class: "note name" }, ` ${f.brief(node.name, 40)}`));
	bar.style.width = `${100 * node.share}%`;
	row.style.setProperty("padding-left", `${1.1 * node.depth}em`);
	return h("tr", null, row, h("td", { class: "bars", "aria-hidden": "true" }, bar), h("td", { class: "number" }, f.count(node.peers)));
}

export function routes(doc, target) {
	const r = doc.routes?.targets.find((t) => t.target === target.address);
	if (!r) return null;
	const files = `Routing tables: ${[...new Set(doc.routes.tables.map((t) => t.file.split("/").pop()))].join(", ")}.`;
	if (!r.tree.length) return panel("AS paths to it", `No routing table has a prefix of this address. ${files}`);
	const about = [r.meaning, r.moas, files].filter(Boolean).map((text) => text.replace(/\.?$/, ".")).join(" ");
	const rows = ordered(r.tree), shown = rows.slice(0, ROWS_MOST), cells = r.measured?.neighbours || [];
	return panel("AS paths to it", about, h("div", { class: "columns uneven" },
		h("div", { class: "part" }, h("table", { class: "shares tree" }, h("caption", { class: "hidden" }, "ASes on the way to the origin, by the peers whose paths lead through them"),
			h("thead", null, h("tr", null, h("th", { scope: "col" }, `AS, from the origin of ${r.prefix} outwards`), h("td"), h("th", { scope: "col", class: "number" }, "Peers"))),
			h("tbody", null, shown.map(branch))),
		h("p", { class: "note" }, `Peers of the collectors whose path leads through the AS, of ${f.count(r.seen.peers)}; ASes with under ${f.percent(LEAST, 0)} of them${rows.length > shown.length ? `, and ${f.count(rows.length - shown.length)} more,` : ""} are left out.`)),
		cells.length > 0 && h("div", { class: "part" }, h("h3", null, "Neighbours of the origin, and sites"), table([
			{ name: "Neighbour", value: (c) => asText(c.neighbour) }, { name: "Site", value: (c) => c.site || "none" },
			{ name: "VPs", number: true, value: (c) => c.vps, text: (c) => f.count(c.vps) }], cells, { caption: "Which neighbour of the origin leads to which site", page: 12, sort: [2, true] }))));
}
