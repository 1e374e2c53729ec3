// Puts the page together from the document in it, for one target at a time.

import { distances, flows, matrix, rtts, shares } from "./charts.js";
import { load } from "./data.js";
import { h, hideTip, newId, panel } from "./dom.js";
import * as f from "./format.js";
import { worldMap } from "./map.js";
import { routes } from "./routes.js";
import { forgetListeners } from "./theme.js";
import { allSites, allVps, cards, costliest, groups, headline, quality, suspicious } from "./words.js";

const doc = load(document.getElementById("data").textContent);
const root = document.getElementById("page");

function selector(shown) {
	if (doc.targets.length < 2) return null;
	const id = newId("target"), select = h("select", { id, onchange: () => {
		show(Number(select.value));
		root.querySelector(".selector select").focus({ preventScroll: true });
	} },
		doc.targets.map((_, i) => h("option", { value: i, selected: i === shown }, doc.label(i))));
	return h("p", { class: "selector" }, h("label", { for: id }, "Target"), select);
}

function source(target) {
	const q = doc.quality, parts = [h("span", null, "run ", h("b", null, doc.run.path)), doc.against && h("span", null, "against ", h("b", null, doc.against.path)),
		target.first && h("span", null, `${f.time(target.first)} to ${f.time(target.last)}`),
		q.probes && h("span", null, `${q.probes.replaceAll(",", ", ")}${q.question ? `; question ${q.question}` : ""}`)];
	return h("p", { class: "source" }, parts.filter(Boolean));
}

function footer() {
	return h("footer", null, h("p", null,
		"A vantage point is a machine that probed. A site is a place where the service is announced; its catchment is the vantage points that it serves. ",
		`A disc is where the answering site must be: ${doc.disc_km_per_ms} km for each ms of round trip time, around the vantage point. The RTT of a vantage point is the minimum of its probes. Times are UTC.`),
	h("p", null, `Made by catchmap ${doc.version}. This page is one file and asks the network for nothing. Map: Natural Earth.`));
}

function body(target) {
	const map = worldMap(doc, target), columns = (...parts) => h("div", { class: "columns" }, parts);
	const choose = map.choose, drawn = map.rows.length > 0;
	const main = [
		drawn ? panel("Who answers where", null, map.element) : panel("Who answers where", "No vantage point has a known place, so there is no map; the tables below say who is served by which site."),
		columns(shares(target), rtts(target)),
		columns(flows(target), matrix(target)),
		h("div", { class: "columns uneven" }, costliest(target, choose), groups(target)),
		distances(target, choose), routes(doc, target), suspicious(doc, target, choose), quality(doc, target, choose), allSites(target), allVps(target, choose)];
	return main.filter((part) => part && (!part.classList.contains("columns") || part.childElementCount));
}

function show(at) {
	forgetListeners();
	hideTip();
	const target = doc.target(at), name = target.service || target.address;
	document.title = `Catchment of ${f.brief(name, 80)}`;
	root.replaceChildren(
		h("header", null, h("div", { class: "top" }, h("h1", null, "Catchment of ", h("span", { class: "name" }, name),
			target.service && h("span", { class: "address" }, ` ${target.address}`)), selector(at)), source(target), headline(target), cards(target)),
		h("main", null, body(target)), footer());
}

show(0);
