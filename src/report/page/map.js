// The world: vantage points coloured by the site that serves them, sites, who moved, and the discs of what is chosen. Two
// canvases: what stays while the pointer moves, and what follows it.

import { geoCircle, geoGraticule10, geoNaturalEarth1, geoPath } from "d3-geo";
import { feature, mesh } from "topojson-client";
import { fitCanvas, h, hideTip, newId, showTip } from "./dom.js";
import { absence, placeOf, siteName } from "./data.js";
import * as f from "./format.js";
import { onChange, siteClass, siteColour, theme } from "./theme.js";

/* global WORLD */
const atlas = JSON.parse(WORLD);
const land = feature(atlas, atlas.objects.countries);
const borders = mesh(atlas, atlas.objects.countries, (a, b) => a !== b);
const graticule = geoGraticule10();
const REGIONS = [
	["World", [-168, -54], [178, 76], 10],
	["Europe", [-11, 35], [42, 64], 15],
	["North America", [-126, 16], [-64, 56], -95],
	["Asia", [42, -9], [148, 52], 95],
];
const LINES_MOST = 500, CELL = 18, REACH = 14, KM_PER_DEGREE = 111.195;

const line = (a, b) => ({ type: "LineString", coordinates: [[a.lon, a.lat], [b.lon, b.lat]] });
const placed = (p) => p.lat !== null && p.lon !== null;
const box = ([w, s], [e, n]) => ({ type: "MultiPoint", coordinates: [[w, s], [e, n], [w, n], [e, s], [(w + e) / 2, n], [(w + e) / 2, s]] });

export function worldMap(doc, target) {
	const under = h("canvas", { "aria-hidden": "true" });
	const over = h("canvas", { tabindex: "0", role: "application", "aria-label": describe(target),
		"aria-roledescription": "map: arrow keys move it, plus and minus zoom" });
	const stage = h("div", { class: "stage" }, under, over);
	const projection = geoNaturalEarth1();
	const details = h("div", { class: "details", "aria-live": "polite" });
	const rows = target.rows.filter((row) => placed(row.vp));
	const sites = target.order.filter(placed);
	let width = 0, height = 0, region = REGIONS[0], zoom = 1, chosen = null, focus = null, hover = null, lines = true;
	let onlyMoved = false, dots = [], marks = [], grid = new Map(), base, top;

	/* --- what is seen --- */
	const isShown = (row) => !onlyMoved || row.moved;
	const isFaded = (row) => focus && row.site !== focus.index && row.before?.site !== focus.index;
	const size = () => Math.min(2.2, zoom ** 0.35) * (width < 600 ? 0.75 : 1) * (rows.length > 4000 ? 1.9 : rows.length > 1000 ? 2.5 : rows.length > 120 ? 3.3 : 4.6);
	const colourOf = (row) => (row.state === "site" ? siteColour(target.sites[row.site]) : theme().panel);

	function project() {
		dots = [];
		grid = new Map();
		for (const row of rows) {
			const p = isShown(row) && projection([row.vp.lon, row.vp.lat]);
			if (!p || p[0] < -9 || p[1] < -9 || p[0] > width + 9 || p[1] > height + 9) continue;
			const dot = { row, x: p[0], y: p[1] }, key = cellOf(p[0], p[1]);
			dots.push(dot);
			if (grid.has(key)) grid.get(key).push(dot);
			else grid.set(key, [dot]);
		}
		// The coloured and the moved ones on top of the others.
		dots.sort((a, b) => weight(a.row) - weight(b.row));
		marks = [];
		for (const site of sites) {
			const p = projection([site.lon, site.lat]);
			if (p && p[0] > 0 && p[1] > 0 && p[0] < width && p[1] < height) marks.push({ site, x: p[0], y: p[1] });
		}
	}
	const weight = (row) => (isFaded(row) ? 0 : row.moved ? 3 : row.site !== null && target.sites[row.site]?.colour !== null ? 2 : 1);
	const cellOf = (x, y) => Math.floor(x / CELL) * 4096 + Math.floor(y / CELL);

	/* --- drawing --- */
	function drawBase() {
		const c = theme(), path = geoPath(projection, base);
		base.clearRect(0, 0, width, height);
		const shape = (object, fill, stroke, line) => {
			base.beginPath();
			path(object);
			if (fill) (base.fillStyle = fill), base.fill();
			if (stroke) (base.strokeStyle = stroke), (base.lineWidth = line), base.stroke();
		};
		shape({ type: "Sphere" }, c.sea);
		shape(graticule, null, c.border, 0.4);
		shape(land, c.land);
		shape(borders, null, c.border, 0.6);
	}
	function drawLines() {
		if (!lines || dots.length > LINES_MOST) return;
		const path = geoPath(projection, base);
		base.lineWidth = 0.9;
		for (const { row } of dots) {
			const site = row.state === "site" ? target.sites[row.site] : null;
			if (!site || !placed(site)) continue;
			base.globalAlpha = isFaded(row) ? 0.05 : row.moved ? 0.65 : 0.3;
			base.strokeStyle = siteColour(site);
			base.beginPath();
			path(line(row.vp, site));
			base.stroke();
		}
		base.globalAlpha = 1;
	}
	function drawDot(ctx, { row, x, y }, r) {
		ctx.beginPath();
		ctx.arc(x, y, r, 0, 7);
		ctx.fillStyle = colourOf(row);
		ctx.fill();
		ctx.lineWidth = r > 2.4 ? 1 : 0.5;
		ctx.strokeStyle = row.state === "site" ? theme().panel : theme().muted;
		ctx.stroke();
		if (row.state === "excluded") {
			ctx.beginPath();
			ctx.moveTo(x - r, y + r);
			ctx.lineTo(x + r, y - r);
			ctx.stroke();
		}
		if (!row.moved) return;
		ctx.beginPath();
		ctx.arc(x, y, r + 1.6, 0, 7);
		ctx.lineWidth = r > 2.4 ? 1.4 : 0.9;
		ctx.strokeStyle = theme().text;
		ctx.stroke();
	}
	function drawDots() {
		const r = size();
		for (const dot of dots) {
			base.globalAlpha = isFaded(dot.row) ? 0.12 : 1;
			drawDot(base, dot, r);
		}
		base.globalAlpha = 1;
	}
	function drawMark({ site, x, y }) {
		const r = site.colour === null ? 3.6 : 7, gone = !site.now.vps && site.before?.vps;
		base.globalAlpha = focus && focus !== site ? 0.35 : 1;
		base.beginPath();
		base.moveTo(x, y - r);
		base.lineTo(x + r, y);
		base.lineTo(x, y + r);
		base.lineTo(x - r, y);
		base.closePath();
		base.fillStyle = gone ? theme().panel : siteColour(site);
		base.fill();
		base.lineWidth = gone ? 2 : 1.4;
		base.strokeStyle = gone ? siteColour(site) : theme().panel;
		base.stroke();
		base.globalAlpha = 1;
	}
	// The first of four places beside its mark where a label overlaps nothing; without one it is not written.
	function drawLabels() {
		const c = theme(), taken = marks.filter((m) => m.site.colour !== null).map(({ x, y }) => [x - 6, y - 6, x + 6, y + 6]);
		const most = 12 + Math.floor(zoom * 4);
		const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
		let n = 0;
		base.lineJoin = "round";
		for (const { site, x, y } of [...marks].sort((a, b) => a.site.rank - b.site.rank)) {
			if (n >= most) break;
			const large = site.colour !== null, r = large ? 9 : 6;
			base.font = `${large ? "600 12px" : "10px"} ${c.font}`;
			const text = f.brief(site.key, 10) + (!site.now.vps && site.before?.vps ? ` (${absence(site)})` : "");
			const w = base.measureText(text).width, tall = large ? 13 : 11;
			const places = [[x + r, y - tall / 2], [x - r - w, y - tall / 2], [x - w / 2, y - r - tall], [x - w / 2, y + r]];
			const at = places.find(([left, up]) => {
				const rect = [left - 1, up, left + w + 1, up + tall];
				if (left < 2 || left + w > width - 2 || up < 2 || up + tall > height - 2) return false;
				if (taken.some((t) => meets(t, rect) && !(large && t[0] === x - 6 && t[1] === y - 6))) return false;
				taken.push(rect);
				return true;
			});
			if (!at) continue;
			n++;
			base.textBaseline = "top";
			base.lineWidth = 3.2;
			base.strokeStyle = c.panel;
			base.fillStyle = large ? c.text : c.muted;
			base.globalAlpha = focus && focus !== site ? 0.4 : 1;
			base.strokeText(text, at[0], at[1]);
			base.fillText(text, at[0], at[1]);
		}
		base.globalAlpha = 1;
	}
	function redraw() {
		if (!width) return;
		project();
		drawBase();
		drawLines();
		drawDots();
		for (const mark of [...marks].reverse()) drawMark(mark);
		drawLabels();
		drawOver();
	}

	/* --- what follows the pointer --- */
	function discOf(row) {
		const km = row.rtt * doc.disc_km_per_ms * (1 + doc.sphere_error) + row.vp.accuracy;
		return geoCircle().center([row.vp.lon, row.vp.lat]).radius(Math.min(179.9, km / KM_PER_DEGREE)).precision(3)();
	}
	function stroke(object, colour, width, dash, fill) {
		top.beginPath();
		geoPath(projection, top)(object);
		if (fill) {
			top.globalAlpha = 0.08;
			top.fillStyle = colour;
			top.fill();
		}
		top.globalAlpha = 0.9;
		top.setLineDash(dash);
		top.strokeStyle = colour;
		top.lineWidth = width;
		top.stroke();
		top.setLineDash([]);
		top.globalAlpha = 1;
	}
	function drawRow(row) {
		const site = row.state === "site" ? target.sites[row.site] : null, was = row.moved ? target.sites[row.before.site] : null;
		const near = row.nearest !== null && row.nearest !== row.site ? target.sites[row.nearest] : null;
		const colour = site ? siteColour(site) : theme().muted;
		if (row.rtt !== null) stroke(discOf(row), colour, 1.2, [5, 4], true);
		if (near && placed(near)) stroke(line(row.vp, near), theme().muted, 1.4, [2, 4]);
		if (was && placed(was)) stroke(line(row.vp, was), siteColour(was), 1.4, [6, 4]);
		if (site && placed(site)) stroke(line(row.vp, site), colour, 2.2, []);
		const p = projection([row.vp.lon, row.vp.lat]);
		drawDot(top, { row, x: p[0], y: p[1] }, size() + 2);
	}
	// The discs of those that are nearest to a site in time: where they meet, it must be.
	function drawSite(site) {
		const near = rows.filter((r) => r.site === site.index && r.rtt !== null && r.state === "site").sort((a, b) => a.rtt - b.rtt).slice(0, 6);
		for (const row of near) stroke(discOf(row), siteColour(site), 1.2, [5, 4], true);
	}
	function drawOver() {
		if (!width) return;
		top.clearRect(0, 0, width, height);
		if (focus && !hover) drawSite(focus);
		const row = hover?.row || chosen;
		if (row) drawRow(row);
	}
	function find(x, y) {
		let best = null, least = REACH * REACH;
		for (let dx = -CELL; dx <= CELL; dx += CELL)
			for (let dy = -CELL; dy <= CELL; dy += CELL)
				for (const dot of grid.get(cellOf(x + dx, y + dy)) || []) {
					const d = (dot.x - x) ** 2 + (dot.y - y) ** 2;
					if (d < least && !isFaded(dot.row)) (least = d), (best = dot);
				}
		for (const mark of marks) {
			const d = (mark.x - x) ** 2 + (mark.y - y) ** 2;
			if (d < 80 && d <= least) (least = d), (best = mark);
		}
		return best;
	}
	function move(event) {
		const at = over.getBoundingClientRect(), found = find(event.clientX - at.left, event.clientY - at.top);
		over.style.cursor = found ? "pointer" : drag ? "grabbing" : "grab";
		if (found) showTip(event.clientX, event.clientY, found.row ? rowLines(found.row) : siteLines(found.site));
		else hideTip();
		if (found === hover) return;
		hover = found;
		drawOver();
	}
	function leave() {
		hover = null;
		hideTip();
		drawOver();
	}
	const rowLines = (row) => [`${row.vp.id} · ${placeOf(row.vp)}`, servedBy(row), row.moved && `before: ${target.sites[row.before.site].key}`,
		row.rtt !== null && `${f.ms(row.rtt)} ms`].map((t) => t && f.brief(t, 70));
	const siteLines = (site) => [f.brief(siteName(site), 60), `${f.many(site.now.vps, "vantage point")}, ${f.percent(site.now.share)}`];
	const servedBy = (row) => (row.state === "site" ? `served by ${target.sites[row.site].key}` : row.state);

	/* --- choosing --- */
	function select(row) {
		chosen = row;
		search.value = row ? row.vp.id : "";
		details.replaceChildren(...(row ? rowDetails(row) : [hint]));
		drawOver();
	}
	function setFocus(site) {
		focus = focus === site ? null : site;
		for (const [key, button] of keys) button.setAttribute("aria-pressed", String(key === focus));
		redraw();
	}
	const pair = (name, value) => value && [h("dt", null, name), h("dd", null, value)];
	function rowDetails(row) {
		const site = row.state === "site" ? target.sites[row.site] : null, near = row.nearest !== null ? target.sites[row.nearest] : null;
		return [h("h3", null, row.vp.id), h("dl", null,
			pair("Place", placeOf(row.vp) + (row.vp.accuracy ? ` ±${f.km(row.vp.accuracy)} km` : "")),
			pair("Network", row.vp.asn && `AS${row.vp.asn}`), pair("Served by", site ? siteName(site) : `no site (${row.state})`),
			pair("Before", row.moved && siteName(target.sites[row.before.site])), pair("Server", row.identity),
			pair("RTT", row.rtt !== null && `${f.ms(row.rtt)} ms min${row.median !== null ? `, ${f.ms(row.median)} ms median` : ""}`),
			pair("Cost of the move", row.moved && row.cost !== null && `${f.cost(row.cost)} ms`),
			pair("Distance", row.km !== null && `${f.km(row.km)} km`),
			pair("Nearest site", near && `${near.key}, ${f.km(row.nearest_km)} km`),
			pair("Disc", row.rtt !== null && `the site is within ${f.km(row.rtt * doc.disc_km_per_ms * (1 + doc.sphere_error) + row.vp.accuracy)} km`)),
			h("button", { type: "button", onclick: () => select(null) }, "Clear")];
	}

	/* --- moving about --- */
	function frame() {
		projection.rotate([-region[3], 0]).clipExtent(null).scale(150).translate([0, 0]);
		projection.fitExtent([[4, 4], [width - 4, height - 4]], box(region[1], region[2])).clipExtent([[-2, -2], [width + 2, height + 2]]);
		zoom = projection.scale() / (width / 5.6);
	}
	function show(name) {
		region = REGIONS.find((r) => r[0] === name);
		for (const [name, button] of regionButtons) button.setAttribute("aria-pressed", String(name === region[0]));
		frame();
		redraw();
	}
	function scale(by, x = width / 2, y = height / 2) {
		const next = Math.max(0.7, Math.min(60, zoom * by)), k = next / zoom, [tx, ty] = projection.translate();
		projection.scale(projection.scale() * k).translate([x + (tx - x) * k, y + (ty - y) * k]);
		zoom = next;
		queue();
	}
	function pan(dx, dy) {
		const [tx, ty] = projection.translate();
		projection.translate([tx + dx, ty + dy]);
		queue();
	}
	let queued = false;
	function queue() {
		if (queued) return;
		queued = true;
		requestAnimationFrame(() => {
			queued = false;
			redraw();
		});
	}
	let drag = null, pinch = null, dragged = false;
	const fingers = new Map();
	const spread = () => {
		const [a, b] = [...fingers.values()];
		return Math.hypot(a.x - b.x, a.y - b.y);
	};
	over.addEventListener("pointerdown", (e) => {
		fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
		pinch = fingers.size === 2 ? spread() : null;
		drag = { x: e.clientX, y: e.clientY };
		dragged = false;
		over.setPointerCapture(e.pointerId);
	});
	over.addEventListener("pointermove", (e) => {
		if (fingers.has(e.pointerId)) fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
		if (pinch) {
			const now = spread();
			scale(now / pinch);
			pinch = now;
		} else if (drag && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) > (dragged ? 0 : 4)) {
			dragged = true;
			pan(e.clientX - drag.x, e.clientY - drag.y);
			drag = { x: e.clientX, y: e.clientY };
		} else if (!drag) {
			move(e);
		}
	});
	const lift = (e) => {
		fingers.delete(e.pointerId);
		pinch = null;
		drag = null;
	};
	over.addEventListener("pointerup", (e) => {
		lift(e);
		if (dragged) return;
		move(e);
		if (hover?.site) setFocus(hover.site);
		else select(hover ? hover.row : null);
	});
	over.addEventListener("pointercancel", lift);
	over.addEventListener("pointerleave", leave);
	// The wheel scrolls the page until the map was clicked or Ctrl is held.
	over.addEventListener("wheel", (e) => {
		if (!e.ctrlKey && !e.metaKey && document.activeElement !== over) return;
		e.preventDefault();
		const at = over.getBoundingClientRect();
		scale(Math.exp(-e.deltaY * 0.002), e.clientX - at.left, e.clientY - at.top);
	}, { passive: false });
	const STEP = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
	over.addEventListener("keydown", (e) => {
		if (STEP[e.key]) pan(...STEP[e.key]);
		else if (e.key === "+" || e.key === "=") scale(1.4);
		else if (e.key === "-") scale(1 / 1.4);
		else if (e.key === "Escape") select(null);
		else return;
		e.preventDefault();
	});

	/* --- controls --- */
	const button = (text, attrs, onclick) => h("button", { type: "button", ...attrs, onclick }, text);
	const regionButtons = REGIONS.map(([name]) => [name, button(name, { "aria-pressed": String(name === "World") }, () => show(name))]);
	const check = (text, checked, set) => h("label", { class: "check" }, h("input", { type: "checkbox", checked, onchange: (e) => {
		set(e.target.checked);
		redraw();
	} }), text);
	const searchId = newId("vp"), listId = newId("vps"), list = h("datalist", { id: listId });
	const hint = h("p", { class: "note" }, "Choose a vantage point here or on the map to see its disc: the area in which the site that answers it must be.");
	const search = h("input", { id: searchId, type: "search", list: listId, autocomplete: "off", placeholder: rows[0]?.vp.id, oninput: (e) => {
		const text = e.target.value.toLowerCase(), exact = target.rows.find((r) => r.vp.id.toLowerCase() === text);
		list.replaceChildren(...target.rows.filter((r) => text && r.vp.id.toLowerCase().includes(text)).slice(0, 30).map((r) => h("option", { value: r.vp.id }, placeOf(r.vp))));
		if (exact && exact !== chosen && placed(exact.vp)) {
			select(exact);
			e.target.value = exact.vp.id;
		} else if (!text) {
			select(null);
		}
	} });
	const keys = target.order.filter((s) => s.colour !== null).map((site) => [site, button([
		h("span", { class: `swatch ${siteClass(site)}` }), h("span", { class: "name" }, site.key),
		h("span", { class: "share" }, site.now.vps ? f.percent(site.now.share) : absence(site))],
	{ "aria-pressed": "false", class: "key", title: siteName(site) }, () => setFocus(site))]);
	const others = target.order.length - keys.length;
	const moves = target.rows.some((row) => row.moved);
	const element = h("div", { class: "map" },
		h("div", { class: "toolbar" }, h("div", { class: "group", role: "group", "aria-label": "Region" }, regionButtons.map(([, b]) => b)),
			h("div", { class: "group", role: "group", "aria-label": "Zoom" }, button("+", { "aria-label": "Zoom in" }, () => scale(1.5)),
				button("−", { "aria-label": "Zoom out" }, () => scale(1 / 1.5))),
			rows.length <= LINES_MOST && check("Lines to the site", true, (v) => (lines = v)), moves && check("Only those that moved", false, (v) => (onlyMoved = v))),
		h("div", { class: "mapbody" }, h("div", { class: "mapmain" }, stage, legend(target, rows)),
			h("div", { class: "mapside" },
				keys.length > 0 && h("div", { class: "keys", role: "group", "aria-label": "Show the catchment of one site" }, keys.map(([, b]) => b),
					others > 0 && h("div", { class: "key others" }, h("span", { class: "swatch rest" }), h("span", { class: "name" }, f.many(others, "other site")))),
				h("div", { class: "choose" }, h("label", { for: searchId }, "Vantage point"), search, list), details)));
	details.replaceChildren(hint);
	// With one vantage point there is nothing to choose.
	if (rows.length === 1) select(rows[0]);

	function resize() {
		const w = Math.round(stage.clientWidth);
		if (!w || w === width) return;
		width = w;
		height = Math.round(Math.max(240, Math.min(620, w * 0.52)));
		stage.style.height = `${height}px`;
		base = fitCanvas(under, width, height);
		top = fitCanvas(over, width, height);
		frame();
		redraw();
	}
	new ResizeObserver(resize).observe(stage);
	onChange(redraw);
	return { element, choose: (row) => {
		select(row);
		element.scrollIntoView({ block: "nearest" });
	}, rows };
}

function describe(target) {
	const sites = target.order.filter((s) => s.now.vps).slice(0, 5).map((s) => `${s.key} ${f.percent(s.now.share)}`);
	return `World map of ${f.many(target.rows.length, "vantage point")} and the sites that serve them: ${sites.join(", ")}. The tables below say the same in words.`;
}

function legend(target, rows) {
	const states = new Set(rows.map((r) => r.state)), item = (shape, text) => h("li", null, h("span", { class: `shape ${shape}`, "aria-hidden": "true" }), text);
	const missing = target.rows.length - rows.length;
	return h("ul", { class: "legend" }, item("dot", "vantage point, coloured by its site"), item("diamond", "site"),
		rows.some((r) => r.moved) && item("ring", "moved since the run before"),
		states.size > (states.has("site") ? 1 : 0) && item("hollow", "no site: silent, unclear or left out"),
		missing > 0 && h("li", null, `${f.many(missing, "vantage point")} without a place: not on the map`));
}
