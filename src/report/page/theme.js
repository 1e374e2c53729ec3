// Colours come from the style sheet, so that light, dark and print differ in one place.

import { COLOURS } from "./data.js";

let cache = null;
const listeners = new Set();

export function theme() {
	if (cache) return cache;
	const style = getComputedStyle(document.documentElement);
	const get = (name) => style.getPropertyValue(`--${name}`).trim();
	cache = { sites: Array.from({ length: COLOURS }, (_, i) => get(`site${i}`)) };
	for (const name of ["text", "muted", "panel", "rest", "sea", "land", "border", "line", "alert", "font"]) cache[name] = get(name);
	return cache;
}
export const siteColour = (site) => (site.colour === null ? theme().rest : theme().sites[site.colour]);
export const siteClass = (site) => (site.colour === null ? "rest" : `site${site.colour}`);

// Calls redraw() when the colours change or the page goes to a printer and back: for canvases, and tables that are in pages.
export function onChange(redraw) {
	listeners.add(redraw);
}
export function forgetListeners() {
	listeners.clear();
}
let printing = false;
export const isPrinting = () => printing;
function changed() {
	cache = null;
	for (const redraw of listeners) redraw();
}
function print(on) {
	printing = on;
	changed();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
matchMedia("print").addEventListener("change", (e) => print(e.matches));
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
