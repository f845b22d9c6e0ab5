/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows the data that stand above (their shape: report/export_html.c). Whatever comes out of them reaches the page as
 * text nodes and attribute values, never as markup.
 */
"use strict";

(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const { rows, frames, strings, totals, accounts } = data;
const nRows = rows.account.length, nFrames = frames.parent.length;
const text = (i) => (i ? strings[i] : "");
const $ = (id) => document.getElementById(id);

/* An element: of("td", "num", "text", child…); attributes are set by the caller. */
function of(tag, style, ...children) {
	const e = document.createElement(tag);

	if (style)
		e.className = style;
	e.append(...children);
	return e;
}

const state = {
	unit: data.unit,
	query: [],
	zoom: 0,
	focus: 0,
	hover: -1,
	colour: data.verdicts ? "verdict" : new Set(frames.cause).size > 2 ? "cause" : "origin",
	sort: { key: null, down: true },
	drawn: 0,
	file: -1,
	line: 0,
};

/* ---- numbers, as the text reports have them --------------------------------------------------------------------- */

function threeDigits(n, unit) {
	const prefixes = ["k", "M", "G", "T", "P", "E"];
	let v = n / 1000, i = 0;

	for (; v >= 999.5 && i + 1 < prefixes.length; i++)
		v /= 1000;
	return `${v.toFixed(v < 9.995 ? 2 : v < 99.95 ? 1 : 0)} ${prefixes[i]}${unit}`;
}
const bytesText = (n) => (n < 10000 ? `${n} B` : threeDigits(n, "B"));
const countText = (n) => (n < 1000000 ? `${n}` : threeDigits(n, ""));
const objectsText = (n) => `${countText(n)} object${n === 1 ? "" : "s"}`;
function shareText(part, whole) {
	const pct = whole ? (100 * part) / whole : 0;

	if (!whole)
		return "";
	if (part === whole)
		return "100%";
	return part === 0 ? "0%" : pct < 0.05 ? "<0.1%" : `${Math.min(pct, 99.9).toFixed(1)}%`;
}
const valueText = (n) => (state.unit === "bytes" ? bytesText(n) : objectsText(n));
const exactly = (o) => `${o.bytes.toLocaleString("en")} bytes, ${o.objects.toLocaleString("en")} objects`;

/* ---- what lines are sorted into: verdicts, or causes ------------------------------------------------------------- */

const quietVerdicts = new Set(["held", "compiled-out", "unreached", "undecided", "stale"]);
const causes = [...new Set([...rows.cause, ...frames.cause])].map(text);
const causeNumber = new Map(causes.map((name, g) => [name, g]));
/* The wheel in an order that keeps neighbours apart; what most bytes are made for gets the calmest. */
const wheel = [210, 160, 40, 275, 95, 190, 325, 65, 240, 130, 15, 300, 175, 355, 50];
const origins = ["main module", "dependency", "standard library", "runtime", "other"];

/* A colouring: groups with names and colours, and which one a row or a leaf is of. */
const colourings = {
	verdict: {
		label: "verdict",
		names: accounts.map((a) => a.name),
		row: (i) => rows.account[i],
		leaf: (i) => frames.account[i],
		paint: (e, g) => {
			e.style.setProperty("--fill", `var(--${accounts[g].name})`);
			e.classList.toggle("violated-fill", accounts[g].name === "violated");
		},
	},
	cause: {
		label: "cause",
		names: causes.map((name) => name || "unknown"),
		row: (i) => causeNumber.get(text(rows.cause[i])),
		leaf: (i) => causeNumber.get(text(frames.cause[i])),
		paint: (e, g) => {
			e.classList.add("hue");
			e.style.setProperty("--hue", wheel[g % wheel.length]);
			e.style.setProperty("--saturation", causes[g] && causes[g] !== "runtime internal" ? "48%" : "6%");
		},
	},
	origin: {
		label: "origin",
		names: origins,
		leaf: (i) => frames.origin[i],
		paint: (e, g) => {
			e.classList.add("hue");
			e.style.setProperty("--hue", [210, 275, 165, 220, 220][g]);
			e.style.setProperty("--saturation", g < 3 ? "42%" : "8%");
		},
	},
};
const grouping = data.verdicts ? colourings.verdict : colourings.cause;
const groupOfRow = new Int32Array(nRows).map((_, i) => grouping.row(i));
const groups = grouping.names.map((name, g) => ({
	name, rows: 0, bytes: 0, objects: 0, shown: !(data.verdicts && quietVerdicts.has(name)), index: g,
}));
for (let i = 0; i < nRows; i++) {
	const g = groups[groupOfRow[i]];

	g.rows++;
	g.bytes += rows.bytes[i];
	g.objects += rows.objects[i];
}

/* ---- header ------------------------------------------------------------------------------------------------------ */

function showHeader() {
	document.title = `${data.title} – escaudit`;
	$("title").textContent = data.title;
	for (const [label, value] of data.facts)
		$("facts").append(of("dt", "", label), of("dd", "", value));
	for (const [label, value] of data.alarms) {
		const alarm = of("p", "alarm", of("b", "", label), value);

		alarm.setAttribute("role", "alert");
		$("alarms").append(alarm);
	}
	$("made").textContent = `Made by escaudit ${data.version}. This file needs no network and sends nothing.`;
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

function showSums() {
	const whole = totals[state.unit];
	const total = $("total"), bar = $("bar");
	const parts = groups.filter((g) => g[state.unit]).sort((a, b) => b[state.unit] - a[state.unit]);

	total.replaceChildren(of("b", "", objectsText(totals.objects)), " on the heap, ", of("b", "", bytesText(totals.bytes)),
		data.counted ? "" : " (estimated)");
	total.title = exactly(totals);
	total.dataset.bytes = totals.bytes;
	total.dataset.objects = totals.objects;
	bar.replaceChildren(...parts.map((g) => {
		const part = of("span");

		grouping.paint(part, g.index);
		part.style.flexGrow = g[state.unit] / whole;
		part.title = `${g.name}: ${valueText(g[state.unit])}, ${shareText(g[state.unit], whole)}`;
		return part;
	}));
	bar.setAttribute("aria-label",
		parts.map((g) => `${g.name} ${shareText(g[state.unit], whole)}`).join(", ") || "nothing was allocated");
	for (const g of groups) {
		if (!g.chip)
			continue;
		g.figure.textContent = g.bytes || g.objects ? `· ${shareText(g[state.unit], whole)}` : "";
		g.chip.setAttribute("aria-pressed", g.shown);
		g.chip.title = `${g.rows} line${g.rows === 1 ? "" : "s"}, ${bytesText(g.bytes)}, ${objectsText(g.objects)}`;
	}
}

function makeChips() {
	const chips = groups.filter((g) => g.rows).sort((a, b) => b.shown - a.shown || b.bytes - a.bytes || b.rows - a.rows);

	/* With one there is nothing to choose. */
	for (const g of chips.length > 1 ? chips : []) {
		const swatch = of("i");

		grouping.paint(swatch, g.index);
		g.figure = of("small");
		g.chip = of("button", "chip", swatch, of("span", "", g.name), of("small", "", countText(g.rows)), g.figure);
		g.chip.type = "button";
		g.chip.dataset.group = g.name;
		g.chip.addEventListener("click", () => {
			g.shown = !g.shown;
			showSums();
			showTable();
		});
		$("chips").append(g.chip);
	}
}

/* ---- search ------------------------------------------------------------------------------------------------------ */

const rowText = [], frameText = [];

function textOfRow(i) {
	if (rowText[i] === undefined) {
		rowText[i] = [grouping.names[groupOfRow[i]], placeOfRow(i), rows.expr[i], rows.function[i], rows.package[i],
			rows.type[i], rows.cause[i], rows.summary[i]]
			.map((x) => (typeof x === "number" ? text(x) : x)).join("\n").toLowerCase();
	}
	return rowText[i];
}

function textOfFrame(i) {
	if (frameText[i] === undefined) {
		const leaf = frames.kind[i] !== 0;

		frameText[i] = [text(frames.name[i]), leaf ? placeOfFrame(i) : "", text(frames.cause[i]),
			leaf ? accounts[frames.account[i]].name : ""].join("\n").toLowerCase();
	}
	return frameText[i];
}

/* All words must be there. */
const matches = (haystack) => state.query.every((word) => haystack.includes(word));

/* ---- stacks ------------------------------------------------------------------------------------------------------ */

const children = Array.from({ length: nFrames }, () => []);
const depth = new Int32Array(nFrames);
for (let i = 1; i < nFrames; i++) {
	children[frames.parent[i]].push(i);
	depth[i] = depth[frames.parent[i]] + 1;
}

let split = new Float64Array(0); /* of each frame, how much is of each group of the colouring */
let nSplit = 0;
let found = new Uint8Array(nFrames); /* 1: matches; 2: lies above or below one that does */

function splitFrames() {
	const { leaf, names } = colourings[state.colour];
	const value = frames[state.unit];

	nSplit = names.length;
	split = new Float64Array(nFrames * nSplit);
	for (let i = nFrames - 1; i > 0; i--) {
		const parent = frames.parent[i];

		if (frames.kind[i] !== 0)
			split[i * nSplit + Math.max(0, leaf(i))] += value[i];
		for (let g = 0; g < nSplit; g++)
			split[parent * nSplit + g] += split[i * nSplit + g];
	}
	for (const list of children)
		list.sort((a, b) => value[b] - value[a] || a - b);
}

function findFrames() {
	let bytes = 0, objects = 0;

	found = new Uint8Array(nFrames);
	if (!state.query.length)
		return null;
	for (let i = 1; i < nFrames; i++) {
		const above = found[frames.parent[i]];

		if (matches(textOfFrame(i)))
			found[i] = 1;
		else if (above === 1 || above === 3)
			found[i] = 3;
		if (found[i] === 1 && above !== 1 && above !== 3) {
			bytes += frames.bytes[i];
			objects += frames.objects[i];
		}
	}
	for (let i = nFrames - 1; i > 0; i--) {
		if (found[i] && !found[frames.parent[i]])
			found[frames.parent[i]] = 2;
	}
	return { bytes, objects };
}

/* The group that has at least half of a frame, or that of most. */
function mainGroup(i) {
	let best = 0;

	for (let g = 1; g < nSplit; g++) {
		if (split[i * nSplit + g] > split[i * nSplit + best])
			best = g;
	}
	return best;
}

const placeOf = (file, line, column) =>
	(file ? `${text(file)}${line > 0 ? `:${line}` : ""}${column > 0 ? `:${column}` : ""}` : "");
const placeOfRow = (i) => placeOf(rows.file[i], rows.line[i], rows.column[i]);
const placeOfFrame = (i) => placeOf(frames.file[i], frames.line[i], 0);

function nameOfFrame(i, short) {
	if (frames.kind[i] === 2)
		return "smaller ones";
	return text(short ? frames.short[i] : frames.name[i]) || "?";
}

const cellOf = new Map(); /* frame to its element */
let drawnRows = []; /* frames of each depth, from left to right */
const NARROW_PX = 1.5, TEXT_PX = 28;

function drawFrame(i, left, width, style) {
	const value = frames[state.unit];
	const cell = of("div", `frame ${style}`);
	const rowHeight = matchMedia("(max-width: 760px)").matches ? 24 : 22;

	if (frames.kind[i] !== 0)
		cell.classList.add(frames.kind[i] === 2 ? "rest" : "leaf");
	if (frames.kind[i] !== 2)
		colourings[state.colour].paint(cell, state.colour === "origin" ? frames.origin[i] : mainGroup(i));
	if (state.query.length)
		cell.classList.toggle(found[i] ? (found[i] === 1 ? "found" : "under") : "faded", true);
	cell.style.left = `${left * 100}%`;
	cell.style.width = `calc(${width * 100}% - 1px)`;
	cell.style.top = `${depth[i] * rowHeight + 1}px`;
	if (width * flameWidth() >= TEXT_PX)
		cell.textContent = nameOfFrame(i, true);
	else
		cell.classList.add("thin");
	cell.tabIndex = -1;
	cell.dataset.frame = i;
	cell.setAttribute("role", "treeitem");
	cell.setAttribute("aria-level", depth[i] + 1);
	if (children[i].length)
		cell.setAttribute("aria-expanded", "true");
	cell.setAttribute("aria-label", `${nameOfFrame(i, true)}, ${valueText(value[i])}, ${shareText(value[i], totals[state.unit])}` +
		(frames.kind[i] !== 0 ? `, ${accounts[frames.account[i]].name} ${placeOfFrame(i)}` : ""));
	cellOf.set(i, cell);
	(drawnRows[depth[i]] ||= []).push(i);
	return cell;
}

const flameWidth = () => $("flame").clientWidth || 800;

function showFlame() {
	const flame = $("flame"), value = frames[state.unit];
	const rowHeight = matchMedia("(max-width: 760px)").matches ? 24 : 22;
	const cells = [], todo = [];
	let narrow = 0, narrowValue = 0, deepest = depth[state.zoom];
	const had = flame.contains(document.activeElement);
	const scroll = flame.scrollTop;

	cellOf.clear();
	drawnRows = [];
	for (let i = state.zoom; i > 0; i = frames.parent[i])
		todo.push(frames.parent[i]);
	for (const i of todo.reverse())
		cells.push(drawFrame(i, 0, 1, "above"));
	todo.length = 0;
	todo.push([state.zoom, 0, 1]);
	while (todo.length) {
		const [i, left, width] = todo.pop();
		let at = left;

		cells.push(drawFrame(i, left, width, ""));
		deepest = Math.max(deepest, depth[i]);
		const below = [];
		for (const k of children[i]) {
			const w = value[i] ? (width * value[k]) / value[i] : 0;

			if (w * flameWidth() >= NARROW_PX) {
				below.push([k, at, w]);
			} else if (value[k]) {
				narrow++;
				narrowValue += value[k];
			}
			at += w;
		}
		todo.push(...below.reverse());
	}
	const room = of("div");
	room.setAttribute("role", "presentation");
	room.style.height = `${(deepest + 1) * rowHeight + 1}px`;
	flame.replaceChildren(room, ...cells);
	if (!cellOf.has(state.focus))
		state.focus = state.zoom;
	cellOf.get(state.focus).tabIndex = 0;
	flame.scrollTop = scroll;
	if (had)
		cellOf.get(state.focus).focus({ preventScroll: true });
	$("out").disabled = state.zoom === 0;
	const notes = [];
	if (narrow)
		notes.push(narrow === 1 ? `a frame of ${shareText(narrowValue, value[state.zoom])} of this view is too narrow to draw: zoom in to see it` :
			`${narrow} frames, together ${shareText(narrowValue, value[state.zoom])} of this view, are too narrow to draw: zoom in to see them`);
	if (data.summed.frames)
		notes.push(`${data.summed.frames} frames of at most ${(100 * data.summed.share).toPrecision(2)}% each are summed up as “smaller ones”`);
	$("flame-note").textContent = notes.join("; ");
	showDetail();
}

function bySplit(i) {
	const list = [];

	for (let g = 0; g < nSplit; g++) {
		if (split[i * nSplit + g] > 0)
			list.push([g, split[i * nSplit + g]]);
	}
	return list.sort((a, b) => b[1] - a[1]);
}

/* Of the frame under the pointer, or of the one with the focus. */
function showDetail() {
	const i = state.hover >= 0 ? state.hover : state.focus;
	const value = frames[state.unit], colouring = colourings[state.colour];
	const parts = bySplit(i), bar = of("div", "split");
	const figures = of("p", "figures", of("b", "", bytesText(frames.bytes[i])), ` ${shareText(frames.bytes[i], totals.bytes)}, `,
		of("b", "", objectsText(frames.objects[i])), ` ${shareText(frames.objects[i], totals.objects)}`);
	const place = of("p", "");

	for (const [g, part] of parts) {
		const piece = of("span");

		colouring.paint(piece, g);
		piece.style.flexGrow = part / (value[i] || 1);
		bar.append(piece);
	}
	if (frames.file[i])
		place.append(linkTo(text(frames.file[i]), frames.line[i], placeOfFrame(i)));
	if (frames.kind[i] !== 0) {
		const row = frames.row[i];

		place.append(frames.file[i] ? " · " : "", [text(frames.cause[i]), data.verdicts ? accounts[frames.account[i]].name : "",
			row >= 0 ? text(rows.expr[row]) : "", row >= 0 ? text(rows.summary[row]) : ""].filter(Boolean).join(" · "));
	} else {
		place.append(frames.file[i] ? " · " : "", parts.slice(0, 5).map(([g, part]) =>
			`${shareText(part, value[i])} ${colouring.names[g]}`).join(", "));
	}
	$("detail").replaceChildren(of("h3", "", i ? nameOfFrame(i, false) : "everything"), figures, bar, place);
}

function zoomTo(i) {
	state.zoom = i;
	state.focus = i;
	showFlame();
	reveal(i);
}

function reveal(i) {
	const cell = cellOf.get(i);

	if (cell)
		cell.scrollIntoView({ block: "nearest" });
}

function zoomOut() {
	if (state.zoom)
		zoomTo(frames.parent[state.zoom]);
}

function focusFrame(i) {
	if (i === undefined || i < 0 || !cellOf.has(i))
		return;
	cellOf.get(state.focus).tabIndex = -1;
	state.focus = i;
	state.hover = -1;
	cellOf.get(i).tabIndex = 0;
	cellOf.get(i).focus({ preventScroll: true });
	reveal(i);
	showDetail();
}

function beside(i, step) {
	const row = drawnRows[depth[i]] || [];

	return row[row.indexOf(i) + step];
}

function flameKeys(e) {
	const i = state.focus;
	const keys = {
		ArrowDown: () => focusFrame(children[i].find((k) => cellOf.has(k))),
		ArrowUp: () => focusFrame(i ? frames.parent[i] : -1),
		ArrowLeft: () => focusFrame(beside(i, -1)),
		ArrowRight: () => focusFrame(beside(i, 1)),
		Home: () => zoomTo(0),
		End: () => focusFrame((drawnRows[drawnRows.length - 1] || [])[0]),
		Enter: () => (i === state.zoom ? zoomOut() : zoomTo(i)),
		" ": () => (i === state.zoom ? zoomOut() : zoomTo(i)),
		Escape: () => (state.file >= 0 ? closeSource() : zoomOut()),
		Backspace: zoomOut,
		o: () => frames.file[i] && openSource(text(frames.file[i]), frames.line[i]),
	};

	if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key])
		return;
	e.preventDefault();
	e.stopPropagation();
	keys[e.key]();
}

function watchFlame() {
	const flame = $("flame"), frameAt = (e) => Number(e.target.dataset.frame ?? -1);
	let width = flameWidth();

	flame.addEventListener("click", (e) => {
		const i = frameAt(e);

		if (i < 0)
			return;
		focusFrame(i);
		if (i !== state.zoom)
			zoomTo(i);
	});
	flame.addEventListener("pointerover", (e) => {
		const i = frameAt(e);

		if (i >= 0 && e.pointerType !== "touch") {
			state.hover = i;
			showDetail();
		}
	});
	flame.addEventListener("pointerleave", () => {
		state.hover = -1;
		showDetail();
	});
	flame.addEventListener("keydown", flameKeys);
	$("out").addEventListener("click", zoomOut);
	new ResizeObserver(() => {
		if (flameWidth() !== width) {
			width = flameWidth();
			showFlame();
		}
	}).observe(flame);
	for (const name of Object.keys(colourings)) {
		if (name === "verdict" && !data.verdicts)
			continue;
		const option = of("option", "", colourings[name].label);

		option.value = name;
		$("colour").append(option);
	}
	$("colour").value = state.colour;
	$("colour").addEventListener("change", () => {
		state.colour = $("colour").value;
		splitFrames();
		showFlame();
	});
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

function paintedTag(i) {
	const tag = of("span", "tag", grouping.names[groupOfRow[i]]);

	grouping.paint(tag, groupOfRow[i]);
	return tag;
}

function shareCell(i) {
	const part = rows[state.unit][i], whole = totals[state.unit];
	const cell = of("td", "num share", shareText(part, whole));

	if (part) {
		const bar = of("i");

		grouping.paint(bar, groupOfRow[i]);
		bar.style.width = `${(100 * part) / whole}%`;
		cell.append(bar);
	}
	return cell;
}

function placeCell(i) {
	const cell = of("td", "place");

	if (rows.file[i])
		cell.append(linkTo(text(rows.file[i]), rows.line[i], placeOfRow(i)));
	else
		cell.append(text(rows.short[i]));
	if (rows.ambiguous[i])
		cell.append(of("span", "quiet", " ambiguous"));
	return cell;
}

const number = (name, format) => ({
	number: true, value: (i) => rows[name][i],
	cell: (i) => of("td", "num", rows[name][i] || rows.objects[i] ? format(rows[name][i]) : "–"),
});
const words = (name, style) => ({ value: (i) => text(rows[name][i]), cell: (i) => of("td", style, text(rows[name][i])), wide: /wide|side/.exec(style)?.[0] || "" });
const columns = [
	data.verdicts && { title: "Verdict", value: (i) => grouping.names[groupOfRow[i]], cell: (i) => of("td", "", paintedTag(i)) },
	{ title: "Bytes", key: "bytes", ...number("bytes", bytesText) },
	{ title: "%", key: "share", number: true, value: (i) => rows[state.unit][i], cell: shareCell },
	{ title: "Objects", key: "objects", ...number("objects", countText) },
	!data.counted && { title: "Samples", ...number("samples", countText) },
	{ title: "Line", value: (i) => [text(rows.file[i]), rows.line[i], rows.column[i]], cell: placeCell },
	data.verdicts && { title: "Expression", ...words("expr", "code") },
	rows.type.some(Boolean) && { title: "Type", ...words("type", "code side") },
	rows.cause.some(Boolean) && { title: "Cause", ...words("cause", "cause wide") },
	{ title: "Function", ...words("short", "code wide") },
].filter(Boolean);

function compare(a, b) {
	if (Array.isArray(a))
		return compare(a[0], b[0]) || a[1] - b[1] || a[2] - b[2];
	return typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
}

function makeHead() {
	const head = of("tr");

	for (const column of columns) {
		const button = of("button", "", column.title);
		const th = of("th", `${column.number ? "num" : ""} ${column.wide || ""}`, button);

		button.type = "button";
		th.scope = "col";
		column.th = th;
		button.addEventListener("click", () => {
			const same = state.sort.key === column;

			state.sort = { key: column, down: same ? !state.sort.down : Boolean(column.number) };
			showTable();
		});
		head.append(th);
	}
	$("table").tHead.append(head);
	state.sort.key = columns.find((c) => c.key === state.unit);
}

let listed = []; /* rows that pass search and chips, in order */
const BATCH = 200;

function listRows() {
	const { key, down } = state.sort, sums = { rows: 0, bytes: 0, objects: 0 };
	const values = new Map();

	listed = [];
	for (let i = 0; i < nRows; i++) {
		if (!groups[groupOfRow[i]].shown || (state.query.length && !matches(textOfRow(i))))
			continue;
		listed.push(i);
		values.set(i, key.value(i));
		sums.bytes += rows.bytes[i];
		sums.objects += rows.objects[i];
	}
	listed.sort((a, b) => (down ? compare(values.get(b), values.get(a)) : compare(values.get(a), values.get(b))) || a - b);
	sums.rows = listed.length;
	return sums;
}

function drawRows(upTo) {
	const body = $("table").tBodies[0], part = document.createDocumentFragment();

	for (; state.drawn < Math.min(upTo, listed.length); state.drawn++) {
		const i = listed[state.drawn], tr = of("tr");

		for (const column of columns) {
			const cell = column.cell(i);

			tr.append(cell);
		}
		tr.dataset.row = i;
		tr.dataset.bytes = rows.bytes[i];
		tr.dataset.objects = rows.objects[i];
		if (rows.summary[i])
			tr.title = text(rows.summary[i]);
		part.append(tr);
	}
	body.append(part);
	const left = listed.length - state.drawn;
	$("more").hidden = left === 0;
	$("more").textContent = left > BATCH ? `show ${BATCH} more of ${left}` : `show ${left} more`;
	markRow();
}

function footRow(label, sums) {
	const tr = of("tr");

	for (const column of columns) {
		const whole = totals[state.unit];
		const value = column.key === "bytes" ? bytesText(sums.bytes) : column.key === "objects" ? countText(sums.objects) :
			column.key === "share" ? shareText(sums[state.unit], whole) : column.title === "Line" ? label : "";

		tr.append(of("td", `${column.number ? "num" : ""} ${column.wide || ""}`, value));
	}
	tr.dataset.bytes = sums.bytes;
	tr.dataset.objects = sums.objects;
	return tr;
}

function showTable() {
	const sums = listRows(), foot = $("table").tFoot;

	for (const column of columns) {
		if (column === state.sort.key)
			column.th.setAttribute("aria-sort", state.sort.down ? "descending" : "ascending");
		else
			column.th.removeAttribute("aria-sort");
	}
	$("table").tBodies[0].replaceChildren();
	state.drawn = 0;
	drawRows(BATCH);
	foot.replaceChildren(footRow(`${sums.rows} line${sums.rows === 1 ? "" : "s"}`, sums));
	if (data.rest.rows)
		foot.append(footRow(`${data.rest.rows} more are not in this file`, data.rest));
	$("shown").textContent = sums.rows === nRows ? `${nRows} lines` : `${sums.rows} of ${nRows} lines`;
}

function tableKeys(e) {
	const tr = e.target.closest("tbody tr");
	const next = tr && { ArrowDown: tr.nextElementSibling, ArrowUp: tr.previousElementSibling }[e.key];
	const button = next && next.querySelector("button");

	if (button) {
		e.preventDefault();
		button.focus();
	}
}

function watchTable() {
	makeHead();
	$("table").addEventListener("click", (e) => {
		const tr = e.target.closest("tbody tr");

		if (tr && !e.target.closest("button") && !String(getSelection()))
			tr.querySelector("td.place button")?.click();
	});
	$("table").addEventListener("keydown", tableKeys);
	$("more").addEventListener("click", () => drawRows(state.drawn + BATCH));
}

/* The rows of the line that is open. */
function markRow() {
	for (const tr of $("table").tBodies[0].rows) {
		const i = Number(tr.dataset.row), file = state.file >= 0 && data.files[state.file].file;

		tr.classList.toggle("open", text(rows.file[i]) === file && rows.line[i] === state.line);
	}
}

/* ---- assertions -------------------------------------------------------------------------------------------------- */

function showAssertions() {
	const fills = { broken: "violated", held: "confirmed", "never executed": "unreached", undecided: "undecided" };
	const order = ["broken", "undecided", "never executed", "held"];

	$("assertions").hidden = data.assertions.length === 0;
	$("asserted").textContent = order.filter((name) => data.assertionCounts[name])
		.map((name) => `${data.assertionCounts[name]} ${name}`).join(", ");
	for (const a of data.assertions) {
		const tag = of("span", "tag", a.verdict), item = of("li", "", tag, " ", of("span", "code", a.text), " ");

		tag.style.setProperty("--fill", `var(--${fills[a.verdict]})`);
		tag.classList.toggle("violated-fill", a.verdict === "broken");
		item.append(linkTo(a.file, a.line, `${a.file}:${a.line}`), a.function ? ` ${a.function}` : "");
		if (a.objects)
			item.append(` · ${bytesText(a.bytes)}, ${objectsText(a.objects)}`);
		item.append(...a.why.map((line) => of("p", "quiet", line)));
		$("asserts").append(item);
	}
}

/* ---- source ------------------------------------------------------------------------------------------------------ */

const fileIndex = new Map(data.files.map((f, i) => [f.file, i]));
const grammar = new RegExp(String.raw`(\/\/[^\n]*|\/\*[^]*?\*\/)|("(?:\\.|[^"\\\n])*"|` + "`[^`]*`" + String.raw`|'(?:\\.|[^'\\\n])*')|\b(` +
	"break|case|chan|const|continue|default|defer|else|fallthrough|for|func|go|goto|if|import|interface|map|package|range|return|" +
	String.raw`select|struct|switch|type|var)\b`, "g");
let returnFocus = null;

/* The lines of a Go file, each a list of [style, text]. */
function colouredLines(source) {
	const lines = [[]];
	const add = (style, piece) => piece.split("\n").forEach((part, k) => {
		if (k)
			lines.push([]);
		if (part)
			lines[lines.length - 1].push([style, part]);
	});
	let at = 0;

	for (const m of source.matchAll(grammar)) {
		add("", source.slice(at, m.index));
		add(m[1] ? "c" : m[2] ? "s" : "k", m[0]);
		at = m.index + m[0].length;
	}
	add("", source.slice(at));
	if (!lines[lines.length - 1].length)
		lines.pop();
	return lines;
}

function linkTo(file, line, label) {
	const button = of("button", "link", label);

	button.type = "button";
	/* Paths are best broken behind their slashes. */
	button.replaceChildren(...label.split(/(?<=\/)/).flatMap((part, k) => (k ? [of("wbr"), part] : [part])));
	button.addEventListener("click", (e) => {
		e.stopPropagation();
		openSource(file, line, button);
	});
	return button;
}

function remarkRow(note, wide) {
	const cell = of("td"), box = of("div"), tag = of("span", "tag", note.verdict);
	const said = note.text.startsWith(note.verdict) ? note.text.slice(note.verdict.length) : ` ${note.text}`;

	colourings.verdict.paint(tag, Math.max(0, accounts.findIndex((a) => a.name === note.verdict)));
	cell.colSpan = wide;
	if (note.why.length) {
		const list = of("ul", "", ...note.why.map((line) => of("li", "", line)));

		box.append(of("details", "", of("summary", "", tag, said), list));
	} else {
		box.append(tag, said);
	}
	cell.append(box);
	return of("tr", "remark", cell);
}

/* The verdict a line is painted with: that of its first remark, or of the first row that has it. */
function paintLine(tr, file, line) {
	const named = line.notes.find((n) => !n.quiet) || line.notes[0];
	let group = named && data.verdicts ? accounts.findIndex((a) => a.name === named.verdict) : -1;

	for (let i = 0; group < 0 && i < nRows; i++) {
		if (rows.line[i] === line.line && text(rows.file[i]) === file)
			group = groupOfRow[i];
	}
	if (group >= 0)
		grouping.paint(tr, group);
}

function sourceHead() {
	const head = of("tr", "", of("th", "num", state.unit === "bytes" ? "Bytes" : "Objects"), of("th", "wide", "Emitted"));

	if (data.verdicts)
		head.append(of("th", "wide", "Predicted"));
	head.append(of("th", "num", "Line"), of("th", "", "Source"));
	for (const th of head.cells)
		th.scope = "col";
	return of("thead", "", head);
}

function sourceRow(file, number, pieces, line) {
	const tr = of("tr"), value = line ? line[state.unit] : 0;
	const figure = of("td", "num", value ? (state.unit === "bytes" ? bytesText(value) : countText(value)) : "");
	const code = of("td");

	for (const [style, piece] of pieces || [])
		code.append(style ? of("span", style, piece) : piece);
	tr.append(figure, of("td", "small wide", line ? line.emitted : ""));
	if (line && line.emitted)
		tr.cells[1].title = line.emitted;
	if (data.verdicts)
		tr.append(of("td", "small wide", line ? line.predicted : ""));
	tr.append(of("td", "number small", String(number)), code);
	tr.dataset.line = number;
	if (line && (line.objects || line.notes.some((n) => !n.quiet))) {
		tr.classList.add("counted");
		tr.tabIndex = -1;
		paintLine(tr, file, line);
	}
	return tr;
}

function showSource() {
	const f = data.files[state.file], all = $("quiet").checked;
	const body = of("tbody"), byLine = new Map(f.lines.map((l) => [l.line, l]));
	const lines = f.text === null ? null : colouredLines(f.text);
	const numbers = lines ? lines.map((_, k) => k + 1) : f.lines.map((l) => l.line);
	const wide = data.verdicts ? 5 : 4;
	let last = 0;

	$("source-title").textContent = f.file;
	$("source-path").textContent = `${bytesText(f.bytes)}, ${objectsText(f.objects)}${f.path ? ` · ${f.path}` : ""}`;
	$("source-note").textContent = f.text === null ? `The text is not here: ${f.missing}.` :
		f.newer ? "The file was changed after the recording: lines may not fit." : "";
	for (const n of numbers) {
		const line = byLine.get(n);

		if (!lines && last && n > last + 1)
			body.append(of("tr", "gap", Object.assign(of("td", "", "…"), { colSpan: wide })));
		last = n;
		body.append(sourceRow(f.file, n, lines && lines[n - 1], line));
		for (const note of line ? line.notes : []) {
			if (all || !note.quiet)
				body.append(remarkRow(note, wide));
		}
	}
	/* Accounts beyond the end of the text: another version of it. */
	if (lines && f.lines.some((l) => l.line > lines.length))
		$("source-note").textContent += ` ${f.lines.filter((l) => l.line > lines.length).length} lines with accounts are beyond its end.`;
	$("source-body").replaceChildren(of("table", "", sourceHead(), body));
}

function goToLine(number) {
	const body = $("source-body");

	state.line = number;
	for (const tr of body.querySelectorAll("tr.here"))
		tr.classList.remove("here");
	const tr = body.querySelector(`tr[data-line="${number}"]`);
	if (tr) {
		tr.classList.add("here");
		body.scrollTop = tr.offsetTop - body.clientHeight / 3;
	}
	markRow();
}

function openSource(file, line, from) {
	const index = fileIndex.get(file);

	if (index === undefined)
		return;
	returnFocus = from || cellOf.get(state.focus);
	state.file = index;
	$("files").value = index;
	$("source").hidden = false;
	$("page").classList.add("with-source");
	showSource();
	goToLine(line);
	$("source-title").focus({ preventScroll: true });
}

function closeSource() {
	if (state.file < 0)
		return;
	state.file = -1;
	$("source").hidden = true;
	$("page").classList.remove("with-source");
	markRow();
	if (returnFocus && returnFocus.isConnected)
		returnFocus.focus({ preventScroll: true });
	else
		cellOf.get(state.focus)?.focus({ preventScroll: true });
}

function stepLine(step) {
	const counted = [...$("source-body").querySelectorAll("tr.counted")].map((tr) => Number(tr.dataset.line));
	const next = step > 0 ? counted.find((n) => n > state.line) : counted.reverse().find((n) => n < state.line);

	if (next !== undefined)
		goToLine(next);
}

function watchSource() {
	data.files.forEach((f, i) => {
		const option = of("option", "", f.file);

		option.value = i;
		$("files").append(option);
	});
	$("files").addEventListener("change", () => {
		state.file = Number($("files").value);
		showSource();
		goToLine((data.files[state.file].lines.find((l) => l.objects) || { line: 1 }).line);
	});
	$("quiet").addEventListener("change", () => {
		showSource();
		goToLine(state.line);
	});
	$("source-close").addEventListener("click", closeSource);
	$("line-prev").addEventListener("click", () => stepLine(-1));
	$("line-next").addEventListener("click", () => stepLine(1));
	$("source").addEventListener("keydown", (e) => {
		const plain = !e.ctrlKey && !e.metaKey && !e.altKey && e.target.tagName !== "SELECT";

		if (e.key === "Escape")
			closeSource();
		else if (plain && e.key === "n")
			stepLine(1);
		else if (plain && e.key === "p")
			stepLine(-1);
		else
			return;
		e.preventDefault();
		e.stopPropagation();
	});
}

/* ---- tools ------------------------------------------------------------------------------------------------------- */

function showFound() {
	const sums = findFrames();

	$("found").textContent = sums ? `${shareText(sums[state.unit], totals[state.unit])} of the ${state.unit} in stacks that match` : "";
}

function search() {
	const had = state.query.join(" ");

	state.query = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
	if (state.query.join(" ") === had)
		return;
	showFound();
	showFlame();
	showTable();
}

function setUnit(unit) {
	const bySize = state.sort.key.key === "bytes" || state.sort.key.key === "objects";

	state.unit = unit;
	if (bySize)
		state.sort = { key: columns.find((c) => c.key === unit), down: state.sort.down };
	splitFrames();
	showFound();
	showSums();
	showFlame();
	showTable();
	if (state.file >= 0) {
		showSource();
		goToLine(state.line);
	}
}

function isDark() {
	const chosen = document.documentElement.dataset.theme;

	return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
	$("theme").setAttribute("aria-pressed", isDark());
}

function watchTools() {
	let timer = 0;

	$("search").addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(search, nRows + nFrames > 5000 ? 150 : 0);
	});
	$("search").addEventListener("keydown", (e) => {
		if (e.key === "Escape") {
			if ($("search").value) {
				$("search").value = "";
				search();
			} else {
				$("search").blur();
			}
			e.stopPropagation();
		}
	});
	for (const input of document.querySelectorAll("#unit input")) {
		input.checked = input.value === state.unit;
		input.addEventListener("change", () => setUnit(input.value));
	}
	/* Where pages may keep nothing, the choice lasts as long as the page. */
	try {
		const kept = localStorage.getItem("escaudit-theme");

		if (kept === "dark" || kept === "light")
			document.documentElement.dataset.theme = kept;
	} catch { /* so be it */ }
	$("theme").addEventListener("click", () => {
		const theme = isDark() ? "light" : "dark";

		document.documentElement.dataset.theme = theme;
		try {
			localStorage.setItem("escaudit-theme", theme);
		} catch { /* so be it */ }
		showTheme();
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
	showTheme();
	document.addEventListener("keydown", (e) => {
		const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(e.target.tagName) && e.target.type !== "radio" && e.target.type !== "checkbox";

		if (e.ctrlKey || e.metaKey || e.altKey)
			return;
		if (e.key === "/" && !typing) {
			e.preventDefault();
			$("search").focus();
			$("search").select();
		} else if (e.key === "Escape" && !typing) {
			if (state.file >= 0)
				closeSource();
			else
				zoomOut();
		}
	});
}

showHeader();
makeChips();
watchTools();
watchFlame();
watchTable();
watchSource();
showAssertions();
splitFrames();
showSums();
showFlame();
showTable();
})();
