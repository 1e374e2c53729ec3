// The document that catchmap wrote (include/report/page.h), as one model for each target.

import { quantile } from "./format.js";

export const COLOURS = 12;
const STATES = { s: "site", n: "no-site", q: "silent", u: "unmeasured", x: "excluded" };

// Characters that would turn the text around them, or not be seen, are shown by number.
const clean = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
	(c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const cleanAll = (v) => (typeof v === "string" ? clean(v) : Array.isArray(v) ? v.map(cleanAll)
	: v && typeof v === "object" ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, cleanAll(x)])) : v);

function vantagePoints(raw, strings) {
	const { id, lat, lon, accuracy_km, city, country, asn } = raw;
	return id.map((name, i) => ({ id: name, lat: lat[i], lon: lon[i], accuracy: accuracy_km[i] || 0, city: city[i] || "",
		country: country[i] === null ? "" : strings[country[i]], asn: asn[i] }));
}

const textAt = (strings, i) => (i === null ? "" : strings[i]);

function rowsOf(raw, doc) {
	const columns = Object.keys(raw).filter((name) => name !== "state" && name !== "vp");
	return raw.vp.map((vp, i) => {
		const row = { vp: doc.vps[vp], state: STATES[raw.state[i]] || "" };
		for (const name of columns) row[name] = raw[name][i];
		if ("identity" in raw) row.identity = textAt(doc.strings, row.identity);
		if ("probe" in raw) row.probe = textAt(doc.strings, row.probe);
		return row;
	});
}

// Shares by weight, of those that have a site.
function tally(sites, rows, key) {
	let all = 0;
	for (const site of sites) site[key] = { vps: 0, weight: 0, rtts: [] };
	for (const row of rows) {
		if (row.site === null || row.site === undefined) continue;
		const t = sites[row.site][key], weight = row.weight ?? 1;
		all += weight;
		t.vps++;
		t.weight += weight;
		if (row.rtt !== null) t.rtts.push(row.rtt);
	}
	for (const site of sites) {
		site[key].share = all ? site[key].weight / all : 0;
		site[key].rtts.sort((a, b) => a - b);
		site[key].median = quantile(site[key].rtts, 0.5);
	}
}

// The largest sites get a colour each, counting what they were before.
function rank(sites) {
	const size = (site) => Math.max(site.now.share, site.before ? site.before.share : 0);
	const order = [...sites].sort((a, b) => size(b) - size(a) || b.now.vps - a.now.vps || (a.key < b.key ? -1 : 1));
	order.forEach((site, i) => {
		site.rank = i;
		site.colour = i < COLOURS ? i : null;
	});
	return order;
}

function join(rows, before) {
	const was = new Map(before.map((row) => [row.vp, row]));
	for (const row of rows) {
		row.before = was.get(row.vp) || null;
		row.moved = row.state === "site" && row.before?.state === "site" && row.before.site !== row.site;
	}
}

// Who is sent farther than need be: to the site that serves it, beyond the nearest that this run has seen.
function detours(rows) {
	for (const row of rows)
		row.detour = row.km !== null && row.nearest_km !== null ? Math.max(0, row.km - row.nearest_km) : null;
}

function model(raw, doc) {
	const sites = raw.sites.map((site, index) => ({ ...cleanAll(site), index }));
	const rows = rowsOf(raw.now, doc), before = raw.before ? rowsOf(raw.before, doc) : null;
	tally(sites, rows, "now");
	// The comparison's shares are of those with a site both times, in both runs.
	if (before) tally(sites, before, "before");
	for (const d of raw.diff?.sites || []) sites[d.site].diff = d;
	for (const site of sites)
		if (site.diff) {
			site.now.share = site.diff.share_now;
			site.before.share = site.diff.share_before;
		}
	detours(rows);
	if (before) join(rows, before);
	const rtts = rows.filter((r) => r.state === "site" && r.rtt !== null).map((r) => r.rtt).sort((a, b) => a - b);
	return { address: raw.address, service: clean(raw.service), verdict: raw.verdict, first: raw.first, last: raw.last, sites, rows,
		beforeRows: before, diff: raw.diff ? cleanAll(raw.diff) : null, order: rank(sites), rtts,
		located: rows.filter((r) => r.state === "site") };
}

export function load(text) {
	const raw = JSON.parse(text);
	const doc = { ...raw, strings: raw.strings.map(clean), run: cleanAll(raw.run), against: cleanAll(raw.against),
		trust: cleanAll(raw.trust), quality: cleanAll(raw.quality), warnings: cleanAll(raw.warnings),
		routes: cleanAll(raw.routes) };
	doc.vps = vantagePoints({ ...raw.vps, id: raw.vps.id.map(clean), city: raw.vps.city.map((c) => c && clean(c)) }, doc.strings);
	doc.models = raw.targets.map(() => null);
	return { ...doc, targets: raw.targets,
		label: (i) => [clean(raw.targets[i].service), raw.targets[i].address].filter(Boolean).join(" · "),
		// Made when it is first looked at.
		target: (i) => (doc.models[i] ||= model(raw.targets[i], doc)) };
}

export const placeOf = (vp) => [vp.city, vp.country].filter(Boolean).join(", ") || "place not known";
// Why a site serves nobody now.
export const absence = (site) => (site.diff?.fate === "gone" ? "gone" : "not seen");
export const siteName = (site) => (site.city && site.city !== site.key ? `${site.key} (${site.city})` : site.key);
