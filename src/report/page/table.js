// Tables whose columns sort, in pages when they are long, with a filter when asked for.

import { h, newId } from "./dom.js";
import { count } from "./format.js";
import { isPrinting, onChange } from "./theme.js";

// What a reader of paper turns over at most, for one table.
const PRINTED = 1000;

const compare = (a, b) => {
	const x = a ?? "", y = b ?? "";
	if (x === "" || y === "") return x === y ? 0 : x === "" ? 1 : -1;
	return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
};

/*
 * columns: [{name, value(row), text(row)?, cell(row)?, number?}]; `value` sorts, `text` or `cell` is what is shown.
 * options: caption (for screen readers), page (rows at a time), filter (label of a search field), sort ([column, descending]).
 */
export function table(columns, rows, options = {}) {
	const size = options.page || 12;
	let [by, down] = options.sort || [null, false], at = 0, wanted = "";
	const heads = columns.map((column, i) => h("th", { scope: "col", class: column.number ? "number" : "" },
		rows.length > 1 ? h("button", { type: "button", onclick: () => sort(i) }, column.name) : column.name));
	const body = h("tbody"), status = h("span", { role: "status" });
	const back = h("button", { type: "button", onclick: () => turn(-1) }, "Previous");
	const on = h("button", { type: "button", onclick: () => turn(1) }, "Next");
	const pager = h("div", { class: "pager" }, back, status, on);
	const shown = (column, row) => (column.text ? column.text(row) : column.value(row) ?? "–");

	function matching() {
		if (!wanted) return rows;
		return rows.filter((row) => columns.some((c) => String(shown(c, row)).toLowerCase().includes(wanted)));
	}
	function draw() {
		let list = matching();
		if (by !== null) {
			const value = columns[by].value;
			// What has no value comes last in either direction.
			list = [...list].sort((a, b) => {
				const none = (value(a) ?? "") === "" || (value(b) ?? "") === "";
				return compare(value(a), value(b)) * (down && !none ? -1 : 1);
			});
		}
		at = Math.min(at, Math.max(0, Math.ceil(list.length / size) - 1));
		const print = isPrinting(), most = print ? PRINTED : size, from = print ? 0 : at * size, to = Math.min(list.length, from + most);
		body.replaceChildren(...list.slice(from, to).map((row) => h("tr", null, columns.map((c) =>
			h("td", { class: c.number ? "number" : "" }, c.cell ? c.cell(row) : String(shown(c, row)))))));
		if (!list.length) body.append(h("tr", null, h("td", { colspan: columns.length }, "none that matches")));
		heads.forEach((head, i) => {
			if (i === by) head.setAttribute("aria-sort", down ? "descending" : "ascending");
			else head.removeAttribute("aria-sort");
		});
		pager.hidden = rows.length <= most;
		status.textContent = print ? `The first ${count(to)} of ${count(list.length)}; the run's CSV files have all.` : list.length ? `${count(from + 1)} to ${count(to)} of ${count(list.length)}` : "0";
		back.disabled = at === 0;
		on.disabled = to >= list.length;
	}
	function sort(i) {
		down = by === i ? !down : !!columns[i].number;
		by = i;
		at = 0;
		draw();
	}
	function turn(by) {
		at += by;
		draw();
	}
	function filter(text) {
		wanted = text.trim().toLowerCase();
		at = 0;
		draw();
	}
	const id = newId("filter");
	draw();
	if (rows.length > size) onChange(draw);
	return h("div", { class: "tablebox" },
		options.filter && h("p", { class: "filter" }, h("label", { for: id }, options.filter),
			h("input", { id, type: "search", autocomplete: "off", oninput: (e) => filter(e.target.value) })),
		h("div", { class: "scroll" },
			h("table", null, h("caption", { class: "hidden" }, options.caption), h("thead", null, h("tr", null, heads)), body)),
		pager);
}
