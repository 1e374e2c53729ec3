// Drives the pages that page.sh made in headless Chromium: node check.js MODULES FOLDER SCREENSHOTS TEMPLATE_BYTES.
// The last line says what was measured.

"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const [modules, folder, shots, size] = process.argv.slice(2);
const { chromium } = require(path.resolve(modules, "node_modules", "playwright-core"));
const { colours } = require("./colours.js");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const HOSTILE = "</script><img src=x onerror=document.title='broken'>";
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// The generator writes no quotes but around the hostile names, which have no comma in them.
function rows(run, name = "catchment.csv") {
	const [head, ...lines] = fs.readFileSync(path.join(folder, run, name), "utf8").trimEnd().split("\n");
	const names = head.split(",");
	return lines.map((line) => Object.fromEntries(line.split(",").map((v, i) => [names[i], v])));
}
const at = (list, target) => list.filter((row) => row.target === target);

let browser;
async function open(name, options = {}) {
	const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
	page.asked = [];
	page.wrong = [];
	page.on("request", (r) => page.asked.push(r.url()));
	page.on("pageerror", (e) => page.wrong.push(String(e)));
	page.on("console", (m) => m.type() === "error" && page.wrong.push(m.text()));
	const url = `file://${path.resolve(folder, name)}.html`, begin = performance.now();
	await page.goto(url);
	await page.waitForFunction(() => {
		const canvas = document.querySelector(".stage canvas");
		return !canvas || canvas.width > 400;
	});
	page.opened = performance.now() - begin;
	page.own = url;
	return page;
}
async function close(page) {
	assert.deepEqual(page.asked, [page.own], "requests of the page");
	assert.deepEqual(page.wrong, [], "errors of the page");
	await page.close();
}
const shoot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
const panel = (page, title) => page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });
const cells = (table) => table.locator("tbody tr").evaluateAll((all) => all.map((tr) => [...tr.children].map((td) => td.textContent)));
const picture = (page) => page.evaluate(() => document.querySelector(".stage canvas").toDataURL());
const changes = async (page, what, act) => {
	const before = await picture(page);
	await act();
	await page.waitForFunction((old) => document.querySelector(".stage canvas").toDataURL() !== old, before, { timeout: 5000 })
		.catch(() => assert.fail(`${what} does not change the map`));
};

/* --- what is drawn, against the CSVs --- */

async function figures(page) {
	const now = at(rows("many/now"), "192.0.2.53"), before = new Map(at(rows("many/before"), "192.0.2.53").map((r) => [r.vp, r]));
	const both = now.filter((r) => r.state === "site" && before.get(r.vp).state === "site");
	const moved = both.filter((r) => r.site !== before.get(r.vp).site), share = (100 * moved.length) / both.length;
	const cards = Object.fromEntries(await page.locator(".card").evaluateAll((all) => all.map((c) => [c.children[0].textContent, [c.children[1].textContent, c.children[2].textContent]])));
	assert.equal(cards["Vantage points"][0], "240");
	assert.equal(cards.Moved[0], `${share.toFixed(1)} %`);
	assert.match(cards.Moved[1], /^floor \d/);
	assert.equal(Number(cards["Sites seen"][0]), new Set(now.map((r) => r.site).filter(Boolean)).size);
	const headline = await page.locator(".headline").textContent();
	assert.match(headline, /^CHANGED/);
	assert.ok(headline.includes(`${moved.length} of ${both.length} VPs`) && headline.includes("floor"), headline);

	const sites = await cells(panel(page, "All sites"));
	for (const row of sites)
		assert.equal(Number(row[4]), now.filter((r) => r.site === row[0]).length, `VPs of ${row[0]}`);
	const shares = await page.locator(".shares tbody tr").evaluateAll((all) => all.map((tr) => [tr.children[0].textContent, tr.children[2].textContent, parseFloat(tr.querySelector(".bar").style.width)]));
	const most = Math.max(...shares.map((s) => s[2]));
	for (const [key, text, width] of shares) {
		const of = both.filter((r) => r.site === key).length / both.length;
		assert.equal(text, `${(100 * of).toFixed(1)} %`, `share of ${key}`);
		assert.ok(Math.abs(width / most - of / Math.max(...shares.map((s) => both.filter((r) => r.site === s[0]).length / both.length))) < 0.01, `bar of ${key}`);
	}
	const matrix = await page.locator(".matrix td.move").allTextContents();
	const lost = now.filter((r) => (r.state === "site") !== (before.get(r.vp).state === "site") && r.state !== "excluded" && r.state !== "unmeasured").length;
	assert.equal(matrix.reduce((n, t) => n + Number(t.replace(",", "")), 0), moved.length + lost, "moves in the matrix");

	const list = await cells(panel(page, "Costliest moves")), costs = moved.map((r) => r.rtt_min_ms - before.get(r.vp).rtt_min_ms).sort((a, b) => b - a);
	list.forEach((row, i) => {
		const r = now.find((x) => x.vp === row[0]), old = before.get(row[0]);
		assert.deepEqual([row[3], row[4]], [old.site, r.site]);
		assert.ok(Math.abs(parseFloat(row[7]) - costs[i]) < 0.06, `cost of place ${i}: ${row[7]}, not ${costs[i]}`);
	});
	assert.equal(await page.locator(".small").count(), 12, "curves of round trip times");
	const far = await cells(panel(page, "Who is sent far away"));
	const detour = Math.max(...now.filter((r) => r.state === "site").map((r) => r.distance_km - r.nearest_km));
	assert.ok(Math.abs(Number(far[0][5].replaceAll(",", "")) - detour) <= 1, "longest detour");
	const odd = panel(page, "Suspicious answers");
	assert.equal(await odd.getByText(/^Left out of all figures/).textContent(), `Left out of all figures (${now.filter((r) => r.state === "excluded").length})`);
	const facts = await panel(page, "Data quality").locator(".facts").textContent();
	const sum = (key) => now.reduce((n, r) => n + Number(r[key]), 0).toLocaleString("en");
	assert.ok(facts.includes(`${sum("sent")} sent, ${sum("received")} answered`), facts);
	assert.ok(facts.includes("Kernel drops111 of"), facts);
	return { moved: moved.length, both: both.length };
}

// Where a colour is on the map, the pointer must find a vantage point of that site, or the site.
async function colouredDots(page) {
	await page.getByLabel("Lines to the site").uncheck();
	const keys = await page.locator("button.key").evaluateAll((all) => all.map((b) => [b.querySelector(".name").textContent, getComputedStyle(b.querySelector(".swatch")).backgroundColor, b.querySelector(".share").textContent]));
	let found = 0;
	for (const [key, colour, share] of keys) {
		const spot = await page.evaluate((colour) => {
			const want = colour.match(/\d+/g).map(Number), canvas = document.querySelector(".stage canvas");
			const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
			const is = (x, y) => [0, 1, 2].every((i) => Math.abs(data[4 * (y * width + x) + i] - want[i]) < 3);
			for (let y = 6; y < height - 6; y++)
				for (let x = 6; x < width - 6; x++)
					if ([-4, 0, 4].every((d) => is(x + d, y) && is(x, y + d))) return [x / width, y / height];
			return null;
		}, colour);
		if (["gone", "not seen"].includes(share)) {
			assert.equal(spot, null, `${key} is gone, but its colour is on the map`);
			continue;
		}
		assert.ok(spot, `the colour of ${key} is not on the map`);
		const box = await page.locator(".stage").boundingBox();
		await page.mouse.move(box.x + 1 + spot[0] * (box.width - 2), box.y + 1 + spot[1] * (box.height - 2));
		const tip = await page.locator(".tip").textContent();
		assert.ok(tip.includes(`served by ${key}`) || tip.startsWith(key), `where ${key} is drawn the page says: ${tip}`);
		found++;
	}
	await page.getByLabel("Lines to the site").check();
	return found;
}

/* --- every control --- */

async function controls(page) {
	const map = page.getByRole("application");
	for (const name of ["Europe", "North America", "Asia", "World"]) {
		await changes(page, name, () => page.getByRole("button", { name, exact: true }).click());
		assert.equal(await page.getByRole("button", { name, exact: true }).getAttribute("aria-pressed"), "true");
	}
	await changes(page, "Zoom in", () => page.getByRole("button", { name: "Zoom in" }).click());
	await changes(page, "Zoom out", () => page.getByRole("button", { name: "Zoom out" }).click());
	await changes(page, "Lines", () => page.getByLabel("Lines to the site").uncheck());
	await changes(page, "Only those that moved", () => page.getByLabel("Only those that moved").check());
	await changes(page, "Only those that moved, off", () => page.getByLabel("Only those that moved").uncheck());
	await map.focus();
	for (const key of ["ArrowLeft", "ArrowDown", "+", "-"]) await changes(page, key, () => page.keyboard.press(key));
	const box = await map.boundingBox();
	await changes(page, "Dragging", async () => {
		await page.mouse.move(box.x + 300, box.y + 200);
		await page.mouse.down();
		await page.mouse.move(box.x + 360, box.y + 230, { steps: 3 });
		await page.mouse.up();
	});
	await changes(page, "The wheel", () => page.mouse.wheel(0, -300));
	await page.getByRole("button", { name: "World", exact: true }).click();
	const key = page.locator("button.key").first();
	await changes(page, "A site's key", () => key.click());
	assert.equal(await key.getAttribute("aria-pressed"), "true");
	await key.click();

	const wanted = at(rows("many/now"), "192.0.2.53").find((r) => r.state === "site"), search = page.getByRole("combobox", { name: "Vantage point" });
	await search.fill(wanted.vp);
	const details = await page.locator(".details").textContent();
	for (const text of [wanted.site, wanted.identity, `${Math.round(wanted.distance_km).toLocaleString("en")} km`]) assert.ok(details.includes(text), `${text} is not in: ${details}`);
	await page.getByRole("button", { name: "Clear" }).click();
	assert.equal(await page.locator(".details dl").count(), 0);

	const all = panel(page, "All vantage points");
	await all.getByRole("button", { name: "RTT ms" }).click();
	assert.equal(await all.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
	const times = (await cells(all)).map((r) => parseFloat(r[5]));
	assert.deepEqual(times, [...times].sort((a, b) => b - a), "sorted by RTT");
	await all.getByRole("button", { name: "Next" }).click();
	assert.match(await all.getByRole("status").textContent(), /^16 to 30 of 240$/);
	await all.getByRole("button", { name: "Previous" }).click();
	await all.getByRole("searchbox").fill(wanted.vp);
	assert.deepEqual((await cells(all)).map((r) => r[0]), [wanted.vp]);
	await all.getByRole("button", { name: wanted.vp }).click();
	assert.equal(await page.locator(".details h3").textContent(), wanted.vp);

	await page.getByLabel("Target").selectOption({ label: "anycast.example · 192.0.2.54" });
	assert.equal(await page.locator("h1 .address").textContent(), " 192.0.2.54");
	assert.doesNotMatch(await page.locator(".headline").textContent(), /^CHANGED/);
	await page.getByLabel("Target").selectOption({ index: 0 });
}

/* --- for everybody --- */

// In the page: what a checker of accessibility would name. Returns sentences.
function audit() {
	const wrong = [], shown = (e) => e.getClientRects().length > 0;
	const name = (e) => (e.getAttribute("aria-label") || (e.id && document.querySelector(`label[for="${e.id}"]`)?.textContent) || e.closest("label")?.textContent || e.textContent || "").trim();
	for (const e of document.querySelectorAll("button, input, select, [tabindex], [role=img], svg[role], figure svg"))
		if (shown(e) && !name(e)) wrong.push(`${e.outerHTML.slice(0, 80)} has no name`);
	for (const e of document.querySelectorAll("canvas")) if (!e.getAttribute("aria-label") && e.getAttribute("aria-hidden") !== "true") wrong.push("a canvas without a name");
	for (const e of document.querySelectorAll("table")) {
		if (!e.caption?.textContent) wrong.push("a table without a caption");
		for (const th of e.querySelectorAll("th")) if (!th.scope) wrong.push("a th without a scope");
	}
	let level = 0;
	for (const e of document.querySelectorAll("h1, h2, h3")) {
		const next = Number(e.tagName[1]);
		if (next > level + 1) wrong.push(`${e.textContent} skips a level`);
		level = next;
	}
	if (document.querySelectorAll("h1, main, header, footer").length !== 4 || document.documentElement.lang !== "en") wrong.push("landmarks");
	for (const e of document.querySelectorAll(".panel")) if (e.childElementCount < 2 || e.offsetHeight < 50) wrong.push(`the panel ${e.firstChild.textContent} is empty`);
	const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (colour) => {
		paint.clearRect(0, 0, 1, 1);
		paint.fillStyle = colour;
		paint.fillRect(0, 0, 1, 1);
		return paint.getImageData(0, 0, 1, 1).data;
	};
	const light = ([r, g, b]) => [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)).reduce((n, v, i) => n + v * [0.2126, 0.7152, 0.0722][i], 0);
	const under = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgba(getComputedStyle(e).backgroundColor);
			if (c[3] === 255) return c;
		}
		return rgba("white");
	};
	const seen = new Set();
	for (const e of document.querySelectorAll("#page *")) {
		if (!shown(e) || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || e.closest(".hidden, [disabled]")) continue;
		const style = getComputedStyle(e), a = light(rgba(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), b = light(under(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5 && !seen.has(e.className)) {
			seen.add(e.className);
			wrong.push(`contrast ${ratio.toFixed(2)} of "${e.textContent.slice(0, 30)}" (${e.tagName} ${e.className.baseVal ?? e.className})`);
		}
	}
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wrong.push(`wider than the window: ${document.documentElement.scrollWidth}`);
	// Words in drawings do not run into each other.
	for (const svg of document.querySelectorAll("svg")) {
		const boxes = [...svg.querySelectorAll("text")].map((t) => [t.getBoundingClientRect(), t.textContent]), out = svg.getBoundingClientRect();
		for (const [i, [a, text]] of boxes.entries()) {
			if (a.left < out.left - 12 || a.right > out.right + 12) wrong.push(`${text} is cut`);
			for (const [b, other] of boxes.slice(i + 1))
				if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 5 && b.top < a.bottom - 5) wrong.push(`${text} over ${other}`);
		}
	}
	return wrong;
}

async function keyboard(page) {
	const names = new Set();
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press("Tab");
		const seen = await page.evaluate(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			return { name: e.getAttribute("aria-label") || e.textContent || e.id, outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
		});
		assert.ok(seen.outline, `the focus is not seen on ${seen.name}`);
		names.add(seen.name);
	}
	assert.ok(names.size > 20, "Tab goes through the controls");
}

/* --- large --- */

// How long one movement of the pointer takes the page, and how long until the next frame.
async function hover(page) {
	return page.evaluate(async () => {
		const canvas = document.querySelector(".stage canvas + canvas"), box = canvas.getBoundingClientRect();
		const handled = [], frames = [];
		let found = 0;
		for (let i = 0; i < 120; i++) {
			const clientX = box.left + box.width * ((i * 0.618) % 1), clientY = box.top + box.height * (0.2 + 0.4 * ((i * 0.381) % 1));
			await new Promise(requestAnimationFrame);
			const begin = performance.now();
			canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
			handled.push(performance.now() - begin);
			await new Promise(requestAnimationFrame);
			frames.push(performance.now() - begin);
			found += document.querySelector(".tip")?.hidden === false;
		}
		return { handled, frames, found };
	});
}

async function main() {
	browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
	let page = await open("many");
	const { moved, both } = await figures(page);
	const dots = await colouredDots(page);
	await keyboard(page);
	await controls(page);
	assert.deepEqual(await page.evaluate(audit), []);
	await shoot(page, "many");
	await close(page);

	page = await open("many");
	// Whatever got into the page could call nobody.
	page.wrong.length = 0;
	assert.equal(await page.evaluate(() => fetch("http://127.0.0.1:9/").then(() => "went", () => "refused")), "refused");
	assert.ok(page.wrong.some((text) => text.includes("Content Security Policy")), "the policy refuses it");
	await page.close();

	for (const [name, options, media] of [["lab", {}], ["lab", { colorScheme: "dark" }], ["one", {}], ["single", {}], ["same", {}], ["hostile", {}],
		["large", {}], ["large", { colorScheme: "dark" }], ["lab", { viewport: { width: 400, height: 844 } }], ["lab", { colorScheme: "dark" }, "print"]]) {
		page = await open(name, options);
		if (media) await page.emulateMedia({ media });
		const label = [name, options.colorScheme, options.viewport && "phone", media].filter(Boolean).join("-");
		assert.deepEqual(await page.evaluate(audit), [], label);
		if (media === "print") assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".panel")).backgroundColor), "rgb(255, 255, 255)", "prints on white");
		await shoot(page, label);
		await close(page);
	}

	// Paper has all of a table, up to a bound that is told.
	for (const [name, printed, told] of [["many", 240, ""], ["large", 1000, "The first 1,000 of 10,000; the run's CSV files have all."]]) {
		page = await open(name);
		const all = panel(page, "All vantage points"), shown = (await cells(all)).length;
		const frame = () => page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
		await page.emulateMedia({ media: "print" });
		await frame();
		assert.equal((await cells(all)).length, printed, `${name}: rows on paper`);
		assert.equal((await all.locator(".pager:not([hidden])").allInnerTexts()).join(), told);
		await page.emulateMedia({ media: "screen" });
		await frame();
		assert.equal((await cells(all)).length, shown, `${name}: rows on the screen again`);
		await close(page);
	}

	// Two targets of one run.
	page = await open("pair");
	const said = JSON.parse(fs.readFileSync(path.join(folder, "pair.json"))).comparisons[0];
	assert.equal(await page.locator(".headline").textContent(), `${said.verdict} against ${said.target}: ${said.sentence}`);
	await close(page);

	page = await open("hostile");
	assert.match(await page.title(), /^Catchment of/);
	assert.equal(await page.locator("img").count(), 0);
	assert.equal(await page.locator("script").count(), 2);
	const names = (await cells(panel(page, "All sites"))).map((r) => r[0]), odd = new Set(rows("hostile/now", "sites.csv").map((r) => r.site));
	assert.ok(names.includes(HOSTILE), `the hostile name is text: ${names}`);
	assert.ok(names.some((n) => n.length > 255 && odd.has(n)), "255 odd bytes are text");
	await close(page);

	page = await open("wide");
	assert.match(await panel(page, "Data quality").locator(".facts").textContent(), /200 of 201 targets are in the page/);
	assert.equal(await page.getByLabel("Target").locator("option").count(), 200);
	await close(page);

	page = await open("routed");
	const known = JSON.parse(fs.readFileSync(path.join(folder, "routes.json"), "utf8")).targets[0], drawn = await page.locator(".tree tbody tr").allTextContents();
	const text = (as) => (Array.isArray(as) ? `{${as.join(", ")}}` : `AS${as}`);
	assert.ok(known.tree.length > 1);
	assert.deepEqual([...drawn].sort(), known.tree.map((n) => `${text(n.as)}${n.peers}`).sort(), "ASes on the way to the origin");
	assert.equal((await cells(panel(page, "AS paths to it").locator(".tablebox"))).length, Math.min(12, known.measured.neighbours.length));
	assert.deepEqual(await page.evaluate(audit), []);
	await close(page);

	page = await open("same");
	assert.match(await page.locator(".headline").textContent(), /nothing moved/);
	assert.equal(await page.locator(".matrix, .flows").count(), 0, "nothing moved: no drawing of moves");
	await close(page);

	page = await open("large");
	const { handled, frames, found } = await hover(page);
	assert.ok(found > 30, `the pointer found something ${found} times of 120`);
	// A frame takes 16.7 ms; the bound is for a machine that does much else.
	assert.ok(median(handled) < 60, `a movement of the pointer takes ${median(handled)} ms`);
	const opened = page.opened;
	await close(page);

	const palettes = colours(fs.readFileSync(path.join(__dirname, "../../../src/report/page/style.css"), "utf8"));
	for (const p of palettes) {
		assert.ok(p.apart > 0.12, `${p.name}: ${p.closest} are too alike (${p.apart.toFixed(3)})`);
		assert.ok(p.contrast > 2.9, `${p.name}: a colour has contrast ${p.contrast.toFixed(2)} to the panel`);
	}
	await browser.close();
	const data = fs.statSync(path.join(folder, "large.html")).size - size;
	console.log(`page ${Math.round(size / 1000)} kB + ${Math.round(data / 1000)} kB for 10,000 VPs, 300 sites: opened in ${Math.round(opened)} ms, pointer ${median(handled).toFixed(1)} ms (p95 ${handled.sort((a, b) => a - b)[114].toFixed(1)}), next frame ${median(frames).toFixed(1)} ms; ` +
		`${moved} of ${both} moves as in the CSVs, ${dots} colours found; colours apart ${palettes.map((p) => p.apart.toFixed(2)).join(", ")}`);
}

main().catch(async (error) => {
	console.log(`FAILED: ${error.stack || error}`);
	await browser?.close();
	process.exit(1);
});
