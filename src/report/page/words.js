// What is said in words and tables: the headline, key figures, what moved, what is odd, how good the data are.

import { h, panel } from "./dom.js";
import { placeOf, siteName } from "./data.js";
import { vpButton } from "./charts.js";
import * as f from "./format.js";
import { table } from "./table.js";

const FIBRE_KM_PER_MS = 204.2 / 2, UNSTABLE = 0.8;
const states = (target, name) => target.rows.filter((row) => row.state === name);

/* --- at the top --- */

const MEANING = { CHANGED: "the catchment changed, beyond the noise", LOCAL: "too few networks moved to test", SAME: "nothing beyond the noise",
	UNTESTED: "no baseline to test against", CANNOT: "too few vantage points to compare" };

function single(target) {
	const seen = target.order.filter((site) => site.now.vps), n = target.located.length;
	if (!seen.length) return `No site is known to have answered any of ${f.many(target.rows.length, "vantage point")}.`;
	const first = seen[0], best = f.brief(siteName(first), 60);
	if (seen.length === 1) return `One site, ${best}, answers ${n === target.rows.length ? "" : `${f.count(n)} of `}${f.many(target.rows.length, "vantage point")}.`;
	return `${f.many(seen.length, "site")} answer ${f.count(n)} of ${f.many(target.rows.length, "vantage point")}; ${best} serves the most, ${f.percent(first.now.share)}.`;
}

export function headline(target) {
	const d = target.diff;
	if (!d) return h("p", { class: "headline" }, single(target));
	return h("p", { class: "headline" }, h("span", { class: `verdict ${d.verdict.toLowerCase()}`, title: MEANING[d.verdict] }, d.verdict), " ",
		d.against && `against ${d.against}: `, d.sentence);
}

const card = (name, value, note) => h("div", { class: "card" }, h("dt", null, name), h("dd", { class: "value" }, value), h("dd", { class: "note" }, note));

function floorText(d) {
	if (d.test) return `floor ${f.percent(d.test.floor)}, by the baseline`;
	const inside = d.inside.chances > 0 ? d.inside.flips / d.inside.chances : null;
	return inside === null ? "no baseline: floor not known" : `no baseline; inside the run ${f.percent(inside)} a round`;
}

export function cards(target) {
	const d = target.diff, without = target.rows.length - target.located.length, seen = target.order.filter((s) => s.now.vps).length;
	const gone = target.order.filter((s) => ["gone", "not seen", "not-seen"].includes(s.diff?.fate)).map((s) => f.brief(s.key, 12));
	const median = f.quantile(target.rtts, 0.5), p90 = f.quantile(target.rtts, 0.9);
	const was = d ? (target.beforeRows.filter((r) => r.state === "site" && r.rtt !== null).map((r) => r.rtt).sort((a, b) => a - b)) : [];
	const near = target.located.filter((r) => r.detour !== null);
	return h("dl", { class: "cards" },
		card("Vantage points", f.count(target.rows.length), without ? `${f.count(without)} without a site` : "all have a site"),
		card("Sites seen", f.count(seen), gone.length ? `gone: ${gone.slice(0, 3).join(", ")}${gone.length > 3 ? ` and ${gone.length - 3} more` : ""}` : target.verdict && `verdict ${target.verdict}`),
		d ? card("Moved", f.percent(d.moved_share), floorText(d))
			: near.length > 1 && card("Served by the nearest", f.percent(near.filter((r) => r.detour < 50).length / near.length, 0), "of those with a place"),
		target.rtts.length > 0 && card("Median RTT", `${f.ms(median)} ms`, was.length ? `was ${f.ms(f.quantile(was, 0.5))} ms` : "minimum of each vantage point"),
		target.rtts.length > 1 && card("p90 RTT", `${f.ms(p90)} ms`, was.length ? `was ${f.ms(f.quantile(was, 0.9))} ms` : "nine of ten are below"));
}

/* --- what moved --- */

export function costliest(target, choose) {
	const d = target.diff, rows = target.rows.filter((row) => row.moved);
	if (!d) return null;
	const both = `Of ${f.many(d.counts.site_in_both, "vantage point")} with a site in both runs ${f.count(d.counts.moved)} moved; ${f.count(d.counts.lost)} lost their site, ${f.count(d.counts.regained)} regained one.`;
	const cost = d.cost_moved.n ? ` The moves: median ${f.cost(d.cost_moved.median)} ms, p90 ${f.cost(d.cost_moved.p90)} ms; those that stayed: ${f.cost(d.cost_stayed.median)} ms.` : "";
	if (!rows.length) return panel("What moved", `${both} Nothing to list.`);
	return panel("Costliest moves", both + cost, table([
		{ name: "Vantage point", value: (r) => r.vp.id, cell: (r) => vpButton(r, choose) },
		{ name: "Place", value: (r) => placeOf(r.vp) },
		{ name: "AS", number: true, value: (r) => r.vp.asn, text: (r) => (r.vp.asn ? String(r.vp.asn) : "–") },
		{ name: "Before", value: (r) => target.sites[r.before.site].key },
		{ name: "Now", value: (r) => target.sites[r.site].key },
		{ name: "Before ms", number: true, value: (r) => r.before.rtt, text: (r) => f.ms(r.before.rtt) },
		{ name: "Now ms", number: true, value: (r) => r.rtt, text: (r) => f.ms(r.rtt) },
		{ name: "Cost ms", number: true, value: (r) => r.cost, text: (r) => f.cost(r.cost) },
	], rows, { caption: "Vantage points that moved, by what it cost them", page: 10, sort: [7, true] }));
}

export function groups(target) {
	const d = target.diff;
	if (!d || !d.countries.length) return null;
	const list = (name, rows, text) => table([
		{ name, value: text },
		{ name: "Moved", number: true, value: (g) => g.moved, text: (g) => f.count(g.moved) },
		{ name: "of", number: true, value: (g) => g.vps, text: (g) => f.count(g.vps) },
	], rows, { caption: `Moves by ${name.toLowerCase()}`, page: 8 });
	return panel("Where it moved", "By country and by network, those with the most moves first.", h("div", { class: "pair" },
		list("Country", d.countries, (g) => g.id || "not known"), list("Network", d.networks, (g) => (g.id ? `AS${g.id}` : "not known"))));
}

/* --- what is odd --- */

function group(title, about, columns, rows, caption) {
	return rows.length > 0 && h("div", { class: "part" }, h("h3", null, `${title} (${f.count(rows.length)})`), h("p", { class: "note" }, about),
		table(columns, rows, { caption, page: 6 }));
}

export function suspicious(doc, target, choose) {
	const reasons = new Map(doc.trust.map((t) => [t.vp, t.reason]));
	const vp = { name: "Vantage point", value: (r) => r.vp.id, cell: (r) => vpButton(r, choose) }, place = { name: "Place", value: (r) => placeOf(r.vp) };
	const excluded = states(target, "excluded");
	const strings = new Map();
	for (const row of states(target, "no-site")) {
		const text = row.identity || "(no identity)";
		strings.set(text, [...(strings.get(text) || []), row]);
	}
	const nameless = [...strings].map(([text, rows]) => ({ text, rows })).sort((a, b) => b.rows.length - a.rows.length);
	const least = (r) => Math.max(0, r.km - r.vp.accuracy) / FIBRE_KM_PER_MS;
	const fast = target.located.filter((r) => r.km !== null && r.rtt !== null && r.rtt < least(r));
	const torn = target.located.filter((r) => r.share !== null && r.share < UNSTABLE);
	const parts = [
		group("Left out of all figures", "Not trusted, or intercepted at this target.", [vp, place,
			{ name: "Why", value: (r) => reasons.get(r.vp.id) || "intercepted at this target" }, { name: "Answer", value: (r) => r.identity }], excluded, "Vantage points that are left out"),
		group("Answers that name no site", "An answer came, but no rule reads a site in it, or another operator's form.", [{ name: "Answer", value: (g) => g.text },
			{ name: "Vantage points", number: true, value: (g) => g.rows.length, text: (g) => f.count(g.rows.length) },
			{ name: "For example", value: (g) => g.rows[0].vp.id, cell: (g) => vpButton(g.rows[0], choose) }], nameless, "Answers that name no site"),
		group("Faster than light in fibre", "The site that is named is farther than the RTT allows at 204 km a ms one way: the name, the place or the answer is wrong.", [vp, place,
			{ name: "Site", value: (r) => target.sites[r.site].key }, { name: "RTT ms", number: true, value: (r) => r.rtt, text: (r) => f.ms(r.rtt) },
			{ name: "Needs ms", number: true, value: least, text: (r) => f.ms(least(r)) }], fast, "Answers faster than light in fibre"),
		group("No steady site", "Fewer than 80 % of the answered rounds came from the most frequent site.", [vp, place,
			{ name: "Site", value: (r) => target.sites[r.site].key }, { name: "of its rounds", number: true, value: (r) => r.share, text: (r) => f.percent(r.share, 0) },
			{ name: "Sites met", number: true, value: (r) => r.seen, text: (r) => f.count(r.seen) }], torn, "Vantage points without a steady site"),
	].filter(Boolean);
	if (!parts.length) return panel("Suspicious answers", "None: every answer names a site, at a distance that its RTT allows, and keeps to it.");
	return panel("Suspicious answers", null, h("div", { class: "parts" }, parts));
}

/* --- how good the data are --- */

const KINDS = [["cut", (q) => "did not come to its end"], ["dropped", (q) => `the kernel dropped ${f.count(q.dropped)} of ${f.count(q.captured + q.dropped)} captured packets`],
	["adrift", (q) => "clock not synchronized"], ["steps", (q) => `clock stepped ${f.many(q.steps, "time")}`]];

export function quality(doc, target, choose) {
	const q = doc.quality, sent = target.rows.reduce((n, r) => n + r.sent, 0), received = target.rows.reduce((n, r) => n + r.received, 0);
	const losses = target.rows.filter((r) => r.sent > 0 && r.received > 0 && r.received < r.sent).map((r) => ({ ...r, loss: 1 - r.received / r.sent, row: r }));
	const fact = (name, value) => [h("dt", null, name), h("dd", null, value)];
	const odd = q.odd.map((o) => ({ ...o, what: KINDS.filter(([key]) => o[key]).map(([, text]) => text(o)).join("; ") }));
	return panel("Data quality", null,
		h("dl", { class: "facts" },
			fact("Probes to this target", sent ? `${f.count(sent)} sent, ${f.count(received)} answered: ${f.percent(1 - received / sent)} lost` : "none sent"),
			fact("Vantage points", `${f.count(target.located.length)} with a site, ${f.count(states(target, "no-site").length)} answered without one, ${f.count(states(target, "silent").length)} silent, ${f.count(states(target, "unmeasured").length)} not measured, ${f.count(states(target, "excluded").length)} left out`),
			fact("Not trusted", doc.trust.length ? `${f.many(doc.trust.length, "vantage point")}, at all targets` : "none"),
			fact("Kernel drops", q.files === 0 ? "not known: the run has no meta.json" : `${f.count(q.dropped + q.ifdropped)} of ${f.count(q.captured + q.dropped + q.ifdropped)} packets, over all targets`),
			q.stamps && fact("Time stamps", q.stamps),
			doc.warnings.length > 0 && fact("Warnings", h("ul", null, doc.warnings.map((w) => h("li", null, w))))),
		h("div", { class: "pair" },
			losses.length > 0 && h("div", { class: "part" }, h("h3", null, "Loss"), table([
				{ name: "Vantage point", value: (r) => r.vp.id, cell: (r) => vpButton(r.row, choose) },
				{ name: "Answered", number: true, value: (r) => r.received, text: (r) => `${f.count(r.received)} of ${f.count(r.sent)}` },
				{ name: "Lost", number: true, value: (r) => r.loss, text: (r) => f.percent(r.loss, 0) }],
			losses, { caption: "Vantage points with lost probes", page: 6, sort: [2, true] })),
			odd.length > 0 && h("div", { class: "part" }, h("h3", null, "Probers with something to tell"), table([
				{ name: "Vantage point", value: (o) => o.vp }, { name: "What", value: (o) => o.what }], odd, { caption: "What probers say of themselves", page: 6 }))));
}

/* --- all of it --- */

export function allSites(target) {
	if (!target.order.length) return null;
	const compared = !!target.beforeRows;
	return panel("All sites", null, table([
		{ name: "Site", value: (x) => x.key, cell: (x) => h("span", { class: "name" }, x.key) },
		{ name: "Place", value: (x) => [x.city, x.country].filter(Boolean).join(", ") || "not placed" },
		{ name: "Known by", value: (x) => x.method },
		{ name: "Confidence", value: (x) => x.confidence || "" },
		{ name: "VPs", number: true, value: (x) => x.now.vps, text: (x) => f.count(x.now.vps) },
		compared && { name: "VPs before", number: true, value: (x) => x.before.vps, text: (x) => f.count(x.before.vps) },
		{ name: "Share", number: true, value: (x) => x.now.share, text: (x) => f.percent(x.now.share) },
		{ name: "Median ms", number: true, value: (x) => (x.now.rtts.length ? x.now.median : null), text: (x) => f.ms(x.now.rtts.length ? x.now.median : null) },
		{ name: "Least ms", number: true, value: (x) => x.now.rtts[0] ?? null, text: (x) => f.ms(x.now.rtts[0] ?? null) },
		compared && { name: "Since", value: (x) => (x.diff?.fate === "stays" ? "" : x.diff?.fate || "") },
		{ name: "Identities", value: (x) => x.identities, cell: (x) => h("span", { class: "name mono" }, x.identities.replaceAll("|", " ")) },
	].filter(Boolean), target.order, { caption: "All sites", page: 15, filter: target.order.length > 15 && "Find a site" }));
}

export function allVps(target, choose) {
	const site = (r) => (r.site === null || r.site === undefined ? r.state : target.sites[r.site].key);
	return panel("All vantage points", null, table([
		{ name: "Vantage point", value: (r) => r.vp.id, cell: (r) => vpButton(r, choose) },
		{ name: "Place", value: (r) => placeOf(r.vp) },
		{ name: "AS", number: true, value: (r) => r.vp.asn, text: (r) => (r.vp.asn ? String(r.vp.asn) : "–") },
		{ name: "Site", value: site },
		target.beforeRows && { name: "Before", value: (r) => (r.before ? site(r.before) : "") },
		{ name: "RTT ms", number: true, value: (r) => r.rtt, text: (r) => f.ms(r.rtt) },
		{ name: "km", number: true, value: (r) => r.km, text: (r) => f.km(r.km) },
		{ name: "Server", value: (r) => r.identity, cell: (r) => h("span", { class: "name mono" }, r.identity || "–") },
	].filter(Boolean), target.rows, { caption: "All vantage points", page: 15, filter: target.rows.length > 15 && "Find a vantage point, place or site" }));
}
