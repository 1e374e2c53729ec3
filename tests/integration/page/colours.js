// How far apart a style sheet's site colours are for the eyes of all, and how well they stand out from the panel.
// Colour vision: Machado, Oliveira, Fernandes 2009, severity 1. Distances in OKLab (Ottosson 2020), where just noticeable is about
// 0.02; those for the rarer kinds count a third (red, green) or half (blue) more.

"use strict";
const EYES = {
	all: { weight: 1, matrix: [1, 0, 0, 0, 1, 0, 0, 0, 1] },
	protan: { weight: 1.35, matrix: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998] },
	deutan: { weight: 1.35, matrix: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881] },
	tritan: { weight: 1.5, matrix: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039] },
};
const linear = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const apply = (m, [r, g, b]) => [0, 3, 6].map((i) => Math.max(0, Math.min(1, m[i] * r + m[i + 1] * g + m[i + 2] * b)));
function oklab(rgb) {
	const [l, m, s] = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
		.map((row) => Math.cbrt(row.reduce((n, v, i) => n + v * rgb[i], 0)));
	return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}
const light = (rgb) => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const distance = (a, b) => Math.min(...Object.values(EYES).map(({ matrix, weight }) => {
	const [x, y] = [a, b].map((c) => oklab(apply(matrix, c)));
	return weight * Math.hypot(...x.map((v, i) => v - y[i]));
}));

// The light colours come first in the sheet, then the dark ones.
exports.colours = (css) => {
	const found = [...css.matchAll(/--site\d+: (#[0-9a-f]{6})/g)].map((m) => m[1]), panels = [...css.matchAll(/--panel: (#[0-9a-f]{6})/g)].map((m) => m[1]);
	if (found.length !== 24 || panels.length < 2) throw new Error(`${found.length} site colours in the style sheet`);
	return ["light", "dark"].map((name, i) => {
		const list = found.slice(12 * i, 12 * i + 12);
		let apart = Infinity, closest = "";
		list.forEach((a, k) => list.slice(0, k).forEach((b) => {
			const d = distance(linear(a), linear(b));
			if (d < apart) (apart = d), (closest = `${a} and ${b}`);
		}));
		return { name, apart, closest, contrast: Math.min(...list.map((c) => contrast(light(linear(c)), light(linear(panels[i]))))) };
	});
};
