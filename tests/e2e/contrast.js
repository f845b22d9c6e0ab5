/* SPDX-License-Identifier: Apache-2.0 */
/* An expression: texts of the page whose contrast with what lies behind them is below 4.5 (WCAG 2.1, 1.4.3, level AA), a line each. */
(() => {
	/* [red, green, blue, alpha], 0 to 1 */
	const colour = (text) => {
		const numbers = (text.match(/[\d.]+/g) || []).map(Number);
		const scale = text.startsWith("color(srgb") ? 1 : 255;

		return [...numbers.slice(0, 3).map((v) => v / scale), numbers.length > 3 ? numbers[3] : 1];
	};
	const over = (a, b) => [...[0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])), 1];
	const background = (element) => {
		const layers = [];

		for (let e = element; e; e = e.parentElement)
			layers.push(colour(getComputedStyle(e).backgroundColor));
		return layers.reverse().reduce((below, layer) => over(layer, below), [1, 1, 1, 1]);
	};
	const luminance = (c) => {
		const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

		return 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
	};
	const low = new Set();
	let n = 0;

	for (const e of document.querySelectorAll("body *")) {
		const shown = e.offsetParent && !e.disabled && !["SCRIPT", "STYLE", "OPTION"].includes(e.tagName);

		if (!shown || ![...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
			continue;
		const behind = background(e), front = over(colour(getComputedStyle(e).color), behind);
		const [a, b] = [luminance(front), luminance(behind)].sort((x, y) => y - x);

		n++;
		if ((a + 0.05) / (b + 0.05) < 4.5)
			low.add(`${e.tagName}.${e.className}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
	}
	return n > 100 ? [...low].join("\n") : `only ${n} texts`;
})()
