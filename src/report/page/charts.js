// Shares, round trip times, moves and distances, each as a panel; null where there is nothing to draw.

import { sankey, sankeyLinkHorizontal } from "d3-sankey";
import { fitCanvas, h, hideTip, panel, s, showTip } from "./dom.js";
import { absence, placeOf, siteName } from "./data.js";
import * as f from "./format.js";
import { table } from "./table.js";
import { onChange, siteClass, siteColour, theme } from "./theme.js";

const COLOURED = (target) => target.order.filter((site) => site.colour !== null);
const REST = (target) => target.order.filter((site) => site.colour === null && (site.now.vps || site.before?.vps));
const sum = (list, value) => list.reduce((total, item) => total + value(item), 0);

/* --- shares --- */

const GREY_ROWS = 6;
// most: the share of a bar of full length; 0: none is drawn.
const bar = (share, most, kind) => {
	const node = h("span", { class: `bar ${kind}` });
	node.style.width = `${(100 * share) / most}%`;
	return node;
};

function shareRow(name, title, kind, now, before, most, compared, low, high) {
	const change = compared ? now - before : null;
	const sure = compared && low !== null && low !== undefined && (low > 0 || high < 0);
	return h("tr", null, h("th", { scope: "row", title }, h("span", { class: "name" }, name)),
		h("td", { class: "bars", "aria-hidden": "true" }, [bar(now, most, kind), compared && bar(before, most, `${kind} before`)].filter(() => most)),
		h("td", { class: "number" }, f.percent(now)),
		compared && h("td", { class: `number change${sure ? " sure" : ""}`, title: low === null || low === undefined ? null
			: `95 % interval ${f.points(low)} to ${f.points(high)} points` }, f.points(change)));
}

export function shares(target) {
	const all = [...COLOURED(target), ...REST(target)], compared = !!target.beforeRows;
	if (!all.some((site) => site.now.vps || site.before?.vps)) return null;
	const shown = all.slice(0, 12 + GREY_ROWS), left = all.slice(shown.length);
	const before = (site) => (compared ? site.before.share : 0), total = (value) => sum(left, value);
	const most = Math.max(...all.map((site) => Math.max(site.now.share, before(site)))) || 1;
	const rows = shown.map((site) => shareRow(site.key, siteName(site), siteClass(site), site.now.share, before(site), most, compared,
		site.diff?.low, site.diff?.high));
	if (left.length)
		rows.push(shareRow(`${left.length} more`, "the smallest sites together, without a bar", "rest", total((x) => x.now.share), total(before), 0, compared));
	return panel("Share of each site", null,
		h("table", { class: "shares" }, h("caption", { class: "hidden" }, "Share of the vantage points, by weight, that each site serves"),
			h("thead", { class: "hidden" }, h("tr", null, ["Site", "", "Share", compared && "Change in points"].filter((x) => x !== false)
				.map((name) => h("th", { scope: "col" }, name)))), h("tbody", null, rows)),
		h("p", { class: "note" }, compared ? "Thick: this run; thin: the run before. Shares of the vantage points with a site in both runs, by weight; change in points, bold where its 95 % interval leaves out 0."
			: "Of the vantage points that have a site, by weight."));
}

/* --- round trip times --- */

const W = 168, H = 62, TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
function curve(sorted, x) {
	let d = "";
	// Steps of a thousand points are drawn as steps of a hundred.
	const step = Math.max(1, Math.floor(sorted.length / 100));
	for (let i = 0; i < sorted.length; i += step) {
		const y = (q) => (H - q * H).toFixed(1);
		d += `${d ? "H" : "M"}${x(sorted[i]).toFixed(1)}${d ? "" : `,${H}`}V${y(Math.min(1, (i + step) / sorted.length))}`;
	}
	return d;
}

// A curve says little of a few: they are dots.
const FEW = 4;
const dots = (sorted, x, kind) => sorted.map((v, i) => s("circle", { class: `node ${kind}`, cx: x(v), cy: H * (1 - (i + 0.5) / sorted.length), r: 3 }));
const drawn = (sorted, x, kind) => (sorted.length < FEW ? dots(sorted, x, kind) : s("path", { class: `curve ${kind}`, d: curve(sorted, x) }));

function small(name, title, kind, now, before, x, ticks, absent) {
	const median = f.quantile(now, 0.5);
	return h("figure", { class: "small" }, h("figcaption", { title }, h("span", { class: "name" }, name),
		h("span", { class: "note" }, now.length ? `${f.ms(median)} ms · n ${f.count(now.length)}` : absent)),
	s("svg", { viewBox: `-2 -2 ${W + 4} ${H + 16}`, role: "img", "aria-label": now.length
		? `${f.brief(name, 40)}: median ${f.ms(median)} ms, 90 % under ${f.ms(f.quantile(now, 0.9))} ms, ${f.many(now.length, "vantage point")}` : `${f.brief(name, 40)}: ${absent}` },
	ticks.map((t) => s("line", { class: "grid", x1: x(t), x2: x(t), y1: 0, y2: H })), s("line", { class: "grid", x1: 0, x2: W, y1: H, y2: H }),
	ticks.map((t) => s("text", { class: "tick", x: x(t), y: H + 12 }, String(t))),
	before && drawn(before, x, "before"), drawn(now, x, kind)));
}

export function rtts(target) {
	const list = COLOURED(target).filter((site) => site.now.rtts.length || site.before?.rtts.length), rest = REST(target);
	const all = [...target.rtts, ...list.flatMap((site) => site.before?.rtts || [])];
	if (!all.length) return null;
	let low = Infinity, high = 0;
	for (const v of all) (low = Math.min(low, v)), (high = Math.max(high, v));
	low = Math.max(0.05, low * 0.9);
	high = Math.max(low * 4, high * 1.1);
	const x = (v) => (W * Math.log(Math.max(v, low) / low)) / Math.log(high / low);
	const inside = TICKS.filter((t) => t >= low && t <= high), every = Math.ceil(inside.length / 5);
	const ticks = inside.filter((_, i) => i % every === 0);
	const figures = list.map((site) => small(site.key, siteName(site), siteClass(site), site.now.rtts, site.before?.rtts, x, ticks, absence(site)));
	const others = rest.flatMap((site) => site.now.rtts).sort((a, b) => a - b);
	if (others.length)
		figures.push(small("others", f.many(rest.length, "other site"), "rest", others, rest.flatMap((site) => site.before?.rtts || []).sort((a, b) => a - b), x, ticks));
	return panel("Round trip time to each site", null, h("div", { class: "smalls" }, figures),
		h("p", { class: "note" }, `Share of the vantage points of a site (bottom 0, top 100 %) with a minimum RTT below a time, in ms, logarithmic${target.beforeRows ? "; thin grey: the run before" : ""}.`));
}

/* --- moves --- */

const UNKNOWN = { "no-site": "no site", silent: "silent" };
// Places in the transition matrix, with all small sites in one.
function places(target) {
	const keep = new Map();
	const node = (at) => {
		if (typeof at === "string") return { id: at, name: UNKNOWN[at], kind: "unknown", order: 1e6 + (at === "silent") };
		const site = target.sites[at];
		if (site.colour === null) return { id: "rest", name: "other sites", kind: "rest", order: 1e5 };
		return { id: `s${at}`, name: site.key, kind: siteClass(site), order: site.rank };
	};
	return (at) => {
		const made = node(at);
		if (!keep.has(made.id)) keep.set(made.id, made);
		return keep.get(made.id);
	};
}

export function flows(target) {
	const d = target.diff;
	if (!d || !d.cells.some((c) => c.from !== c.to)) return null;
	const place = places(target), nodes = new Map(), links = new Map();
	const end = (at, side) => {
		const p = place(at), id = `${side}${p.id}`;
		if (!nodes.has(id)) nodes.set(id, { ...p, id, side });
		return id;
	};
	let inside = 0;
	for (const cell of d.cells) {
		// What stays in "other sites" or without a site would be the widest band and say the least.
		if (place(cell.from) === place(cell.to) && !place(cell.from).kind.startsWith("site")) {
			inside += cell.from !== cell.to ? cell.vps : 0;
			continue;
		}
		const source = end(cell.from, "b"), t = end(cell.to, "n"), id = `${source} ${t}`;
		const link = links.get(id) || { source, target: t, value: 0, moved: 0, kind: place(cell.from).kind };
		link.value += cell.vps;
		link.moved += cell.from !== cell.to ? cell.vps : 0;
		links.set(id, link);
	}
	if (!links.size) return null;
	const width = 480, height = Math.max(160, 26 * Math.max(...["b", "n"].map((x) => [...nodes.values()].filter((n) => n.side === x).length)));
	const graph = sankey().nodeId((n) => n.id).nodeWidth(12).nodePadding(9).nodeSort((a, b) => a.order - b.order)
		.extent([[112, 4], [width - 112, height - 4]])({ nodes: [...nodes.values()], links: [...links.values()] });
	// A label is not written over the one above it.
	let last = { b: -99, n: -99 };
	const label = (n) => {
		const y = Math.max((n.y0 + n.y1) / 2, last[n.side] + 12);
		last[n.side] = y;
		return s("text", { class: "tick", x: n.side === "b" ? n.x0 - 6 : n.x1 + 6, y: y + 4, "text-anchor": n.side === "b" ? "end" : "start" },
			`${f.brief(n.name, 12)} ${f.count(n.value)}`);
	};
	const ordered = [...graph.nodes].sort((a, b) => a.y0 - b.y0), path = sankeyLinkHorizontal();
	return panel("Where the catchments went", null,
		s("svg", { class: "flows", viewBox: `0 0 ${width} ${height + 4}`, role: "img", "aria-label": "Vantage points of each site before, on the left, and now, on the right; the transition matrix has the numbers" },
			[...graph.links].sort((a, b) => !!a.moved - !!b.moved).map((l) => s("path", { class: `flow ${l.moved ? l.kind : "stay"}`, d: path(l), "stroke-width": Math.max(1.2, l.width) },
				s("title", null, `${l.source.name} to ${l.target.name}: ${f.many(l.value, "vantage point")}`))),
			ordered.map((n) => s("rect", { class: `node ${n.kind}`, x: n.x0, y: n.y0, width: n.x1 - n.x0, height: Math.max(1, n.y1 - n.y0) })), ordered.map(label)),
		h("p", { class: "note" }, `Vantage points: left before, right now. Grey stayed; colour is the site that was left.${inside ? ` ${f.many(inside, "move")} among the other sites are not drawn.` : ""}`));
}

const MATRIX_MOST = 12;
export function matrix(target) {
	const d = target.diff;
	if (!d || !d.cells.some((c) => c.from !== c.to)) return null;
	// Those with the most moves, then the rest in one.
	const stir = new Map();
	for (const c of d.cells)
		for (const at of [c.from, c.to]) stir.set(at, (stir.get(at) || 0) + (c.from !== c.to ? c.vps * 1e6 : 0) + c.vps);
	const listed = [...stir].sort((a, b) => b[1] - a[1]).map(([at]) => at), kept = listed.slice(0, listed.length > MATRIX_MOST ? MATRIX_MOST - 1 : MATRIX_MOST);
	const place = (at) => (kept.includes(at) ? at : "rest");
	const order = (at) => (typeof at === "number" ? target.sites[at].rank : at === "rest" ? 1e5 : 1e6);
	const ends = [...new Set(listed.map(place))].sort((a, b) => order(a) - order(b));
	const name = (at) => (at === "rest" ? "others" : typeof at === "string" ? UNKNOWN[at] : target.sites[at].key);
	const cells = new Map();
	let most = 1;
	for (const c of d.cells) {
		const id = `${place(c.from)} ${place(c.to)}`, cell = cells.get(id) || { vps: 0, moved: 0 };
		cell.vps += c.vps;
		cell.moved += c.from !== c.to ? c.vps : 0;
		cells.set(id, cell);
		most = Math.max(most, cell.moved);
	}
	const cell = (from, to) => {
		const c = cells.get(`${from} ${to}`);
		if (!c) return h("td", null);
		const move = from !== to, td = h("td", { class: move ? "move" : "stay", title: `${f.brief(name(from), 30)} to ${f.brief(name(to), 30)}` }, f.count(c.vps));
		if (move) td.style.setProperty("--heat", `${Math.round(18 + (62 * c.moved) / most)}%`);
		return td;
	};
	return panel("Transition matrix", null,
		h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Transition matrix" },
			h("table", { class: "matrix" }, h("caption", { class: "hidden" }, "Number of vantage points by site before (rows) and now (columns)"),
				h("thead", null, h("tr", null, h("th", { scope: "col" }, "before \\ now"), ends.map((at) => h("th", { scope: "col", title: name(at) }, f.brief(name(at), 9))))),
				h("tbody", null, ends.map((from) => h("tr", null, h("th", { scope: "row", title: name(from) }, f.brief(name(from), 12)), ends.map((to) => cell(from, to))))))),
		h("p", { class: "note" }, "Rows: before; columns: now; number of vantage points. On the diagonal those that stayed."));
}

/* --- far away --- */

const FAR_KM = 1000;
export function distances(target, choose) {
	const rows = target.located.filter((r) => r.detour !== null);
	if (rows.length < 2) return null;
	const near = rows.filter((r) => r.detour < 50).length, far = rows.filter((r) => r.detour >= FAR_KM);
	const sorted = rows.map((r) => r.detour).sort((a, b) => a - b);
	const worst = [...far].sort((a, b) => b.detour - a.detour);
	const story = `${f.percent(near / rows.length, 0)} of ${f.many(rows.length, "vantage point")} are served by the nearest site seen in this run (within 50 km); ` +
		`${far.length ? `${f.count(far.length)} (${f.percent(far.length / rows.length, 0)}) go` : "none goes"} ${f.count(FAR_KM)} km or more farther. Median detour ${f.km(f.quantile(sorted, 0.5))} km, p90 ${f.km(f.quantile(sorted, 0.9))} km.`;
	return panel("Who is sent far away", story, scatter(target, rows),
		h("p", { class: "note" }, "Each dot a vantage point: across, km to the nearest site seen; up, km to the site that serves it; square-root scales. On the line: the nearest serves."),
		worst.length > 0 && table([
			{ name: "Vantage point", value: (r) => r.vp.id, cell: (r) => vpButton(r, choose) },
			{ name: "Place", value: (r) => placeOf(r.vp) },
			{ name: "Served by", value: (r) => target.sites[r.site].key },
			{ name: "km", number: true, value: (r) => r.km, text: (r) => f.km(r.km) },
			{ name: "Nearest", value: (r) => (r.nearest === null ? "" : target.sites[r.nearest].key) },
			{ name: "Farther by km", number: true, value: (r) => r.detour, text: (r) => f.km(r.detour) },
			{ name: "RTT ms", number: true, value: (r) => r.rtt, text: (r) => f.ms(r.rtt) },
		], worst, { caption: "Vantage points that are sent farthest", page: 8, sort: [5, true] }));
}

export const vpButton = (row, choose) => h("button", { type: "button", class: "link", title: "show on the map", onclick: () => choose(row) }, row.vp.id);

function scatter(target, rows) {
	const canvas = h("canvas", { role: "img", "aria-label": "Distance to the serving site against distance to the nearest site; the table below lists the farthest" });
	const stage = h("div", { class: "scatter" }, canvas);
	let most = 1, nearest = 1;
	for (const r of rows) (most = Math.max(most, r.km)), (nearest = Math.max(nearest, r.nearest_km));
	const ticks = [0, 200, 500, 1000, 2000, 3000, 5000, 7000, 10000, 15000, 20000];
	let width = 0, dots = [];
	function draw() {
		if (!width) return;
		const c = theme(), height = 260, left = 52, bottom = 30, right = 10, top = 8, ctx = fitCanvas(canvas, width, height);
		const x = (v) => left + (width - left - right) * Math.sqrt(v / nearest), y = (v) => height - bottom - (height - top - bottom) * Math.sqrt(v / most);
		ctx.font = `11px ${c.font}`;
		ctx.fillStyle = c.muted;
		ctx.strokeStyle = c.line;
		ctx.lineWidth = 1;
		let before = -99, above = 1e6;
		const rule = (...ends) => {
			ctx.beginPath();
			ctx.moveTo(ends[0], ends[1]);
			ctx.lineTo(ends[2], ends[3]);
			ctx.stroke();
		};
		// A number is written where it meets none before it.
		for (const t of ticks) {
			const text = f.km(t), room = ctx.measureText(text).width / 2 + 6;
			ctx.textAlign = "center";
			if (t <= nearest && x(t) - room > before) {
				rule(x(t), y(0), x(t), y(most));
				ctx.fillText(text, Math.min(x(t), width - room), height - bottom + 14);
				before = x(t) + room;
			}
			ctx.textAlign = "right";
			if (t <= most && y(t) < above - 18) {
				rule(x(0), y(t), x(nearest), y(t));
				ctx.fillText(text, left - 6, y(t) + 4);
				above = y(t);
			}
		}
		ctx.strokeStyle = c.muted;
		ctx.beginPath();
		ctx.moveTo(x(0), y(0));
		ctx.lineTo(x(Math.min(most, nearest)), y(Math.min(most, nearest)));
		ctx.stroke();
		ctx.globalAlpha = rows.length > 2000 ? 0.55 : 0.9;
		const r = rows.length > 2000 ? 1.7 : rows.length > 300 ? 2.4 : 3.6;
		dots = rows.map((row) => ({ row, x: x(row.nearest_km), y: y(row.km) }));
		for (const dot of [...dots].sort((a, b) => target.sites[b.row.site].rank - target.sites[a.row.site].rank)) {
			ctx.beginPath();
			ctx.arc(dot.x, dot.y, r, 0, 7);
			ctx.fillStyle = siteColour(target.sites[dot.row.site]);
			ctx.fill();
		}
		ctx.globalAlpha = 1;
	}
	canvas.addEventListener("pointermove", (e) => {
		const at = canvas.getBoundingClientRect(), px = e.clientX - at.left, py = e.clientY - at.top;
		let best = null, least = 100;
		for (const dot of dots) {
			const d = (dot.x - px) ** 2 + (dot.y - py) ** 2;
			if (d < least) (least = d), (best = dot.row);
		}
		if (best) showTip(e.clientX, e.clientY, [`${f.brief(best.vp.id, 40)} · ${placeOf(best.vp)}`, `${f.brief(target.sites[best.site].key, 40)}: ${f.km(best.km)} km`,
			best.nearest !== null && `nearest ${f.brief(target.sites[best.nearest].key, 40)}: ${f.km(best.nearest_km)} km`]);
		else hideTip();
	});
	canvas.addEventListener("pointerleave", hideTip);
	new ResizeObserver(() => {
		if (stage.clientWidth === width) return;
		width = stage.clientWidth;
		draw();
	}).observe(stage);
	onChange(draw);
	return stage;
}
