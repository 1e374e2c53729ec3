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

// Calls redraw() when the colours change; only for what is drawn on a canvas.
export function onTheme(redraw) {
	listeners.add(redraw);
}
export function forgetListeners() {
	listeners.clear();
}
function changed() {
	cache = null;
	for (const redraw of listeners) redraw();
}
for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", changed);
addEventListener("beforeprint", changed);
addEventListener("afterprint", changed);
