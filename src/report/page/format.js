// Numbers as people read them. What is not known is an en dash.

const NONE = "–";
const known = (v) => v !== null && v !== undefined && !Number.isNaN(v);
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (v) => (known(v) ? grouped.format(v) : NONE);
export const km = (v) => (known(v) ? grouped.format(v) : NONE);
export const ms = (v) => (known(v) ? (Math.abs(v) < 10 ? v.toFixed(2) : v.toFixed(1)) : NONE);
// With its sign, unless it rounds to nothing.
function signed(v) {
	const text = Math.abs(v).toFixed(1);
	return (Number(text) === 0 ? "" : v > 0 ? "+" : "−") + text;
}
export const cost = (v) => (known(v) ? signed(v) : NONE);
export const percent = (share, decimals = 1) => (known(share) ? `${(100 * share).toFixed(decimals)} %` : NONE);
export const points = (share) => (known(share) ? signed(100 * share) : NONE);
export const many = (n, one, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;
export const time = (text) => (text ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : NONE);

export function quantile(sorted, q) {
	if (!sorted.length) return NaN;
	const at = q * (sorted.length - 1), low = Math.floor(at);
	return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

// A name of any length, for where there is little room.
export const brief = (text, most = 14) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
