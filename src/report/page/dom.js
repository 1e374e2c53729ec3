// Elements from plain calls. Text only ever becomes text nodes: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attrs, children) {
	for (const [name, value] of Object.entries(attrs || {})) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else if (name === "style") for (const [p, v] of Object.entries(value)) node.style.setProperty(p, v);
		else if (value === true) node.setAttribute(name, "");
		else node.setAttribute(name, value);
	}
	node.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

export const h = (tag, attrs, ...children) => fill(document.createElement(tag), attrs, children);
export const s = (tag, attrs, ...children) => fill(document.createElementNS(SVG, tag), attrs, children);

let ids = 0;
export const newId = (stem) => `${stem}-${++ids}`;

// A part of the page under a heading.
export function panel(title, note, ...content) {
	const id = newId("h");
	return h("section", { class: "panel", "aria-labelledby": id },
		h("h2", { id }, title), note && h("p", { class: "note" }, note), ...content);
}

// What is said of a point under the mouse. One for the page.
const tip = h("div", { class: "tip", role: "status", hidden: true });
export function showTip(x, y, lines) {
	if (!tip.isConnected) document.body.append(tip);
	tip.replaceChildren(...lines.filter(Boolean).map((line, i) => h(i ? "div" : "strong", null, line)));
	tip.hidden = false;
	const right = Math.max(4, document.documentElement.clientWidth - tip.offsetWidth - 8);
	tip.style.left = `${Math.min(x + 14, right) + window.scrollX}px`;
	tip.style.top = `${Math.max(4, y - tip.offsetHeight - 12) + window.scrollY}px`;
}
export function hideTip() {
	tip.hidden = true;
}

// A canvas that is as sharp as the screen; draw(ctx, width, height) is called whenever it has to be drawn.
export function fitCanvas(canvas, width, height) {
	const ratio = Math.max(2, window.devicePixelRatio || 1);
	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(height * ratio);
	canvas.style.width = `${width}px`;
	canvas.style.height = `${height}px`;
	const ctx = canvas.getContext("2d");
	ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
	return ctx;
}
