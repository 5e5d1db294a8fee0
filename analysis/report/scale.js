// scale.js -- positions along sides, ticks, and colours. The rules are those of the program's own
// figures (figure_sides.c, figure_heatmap.c).

const ticksMax = 12;

// ---- sides: what a figure can be laid out along ----

function findSides() {
    const sides = [];
    axes.forEach((axis, d) => {
        if (axis.values.length < 2) return;
        sides.push({key: axis.name, d, v: axis});
        for (const c of data.coords)
            if (c.dim === d && new Set(c.values).size > 1) sides.push({key: c.name, d, v: c});
    });
    return sides;
}
const sides = findSides();
const sideOf = name => sides.find(s => s.key === name || s.v.parameter === name);
const isNumeric = side => typeof side.v.values[0] === "number";

// Largest over smallest gap between neighbours; infinite unless strictly ascending.
function unevenness(x) {
    let least = Infinity, most = 0;
    for (let i = 1; i < x.length; i++) {
        least = Math.min(least, x[i] - x[i - 1]);
        most = Math.max(most, x[i] - x[i - 1]);
    }
    return least > 0 ? most / least : Infinity;
}

function scaleOfCells(x) {
    if (x.length < 3) return x[0] < x[1] || x.length < 2 ? "linear" : "index";
    if (unevenness(x) < 1.05) return "linear";
    if (x[0] > 0 && unevenness(x.map(Math.log10)) < 1.7) return "log";
    return unevenness(x) < 4 ? "linear" : "index";
}

function scaleOfCurve(x) {
    const last = x[x.length - 1];
    if (x.length < 2) return "linear";
    if (unevenness(x) === Infinity) return "index";
    if (x[0] > 0 && last >= 20 * x[0])
        return unevenness(x.map(Math.log10)) < unevenness(x) ? "log" : "linear";
    return x[0] === 0 && last > 60 * x[1] ? "index" : "linear";
}

// Samples are spread evenly in one scale or the other: in that where their middle is in the middle.
function scaleOfSamples(x) {
    const sorted = [...x].sort((a, b) => a - b), n = x.length;
    const [lo, middle, hi] = [sorted[0], sorted[Math.floor(n / 2)], sorted[n - 1]];
    if (!(lo > 0) || hi < 20 * lo) return "linear";
    const off = f => Math.abs((f(middle) - f(lo)) / (f(hi) - f(lo)) - 0.5);
    return off(Math.log10) < off(Number) ? "log" : "linear";
}

// A scale of a plot: at positions lo to hi, with ticks.
function layOut(side, use) {
    const x = side.v.values;
    const kind = !isNumeric(side) ? "index"
        : use === "cells" ? scaleOfCells(x)
        : use === "curve" ? scaleOfCurve(x) : scaleOfSamples(x);
    const at = x.map((value, i) =>
        kind === "index" ? i : kind === "log" ? Math.log10(value) : value);
    const title = labelOf(side.v), name = nameOf(side.v);
    if (use === "samples") {
        const lo = Math.min(...at), hi = Math.max(...at), room = 0.04 * (hi - lo) || 1;
        const ticks = kind === "log" ? logTicks(10 ** lo, 10 ** hi) : niceTicks(lo, hi, 6);
        return {kind, at, lo: lo - room, hi: hi + room, ticks, title, name};
    }
    const n = at.length, own = x.map((value, i) => ({at: at[i], text: short(value)}));
    // of many values round ones in between are read more easily
    const ticks = n <= ticksMax || kind === "index" ? own
        : kind === "log" ? logTicks(x[0], x[n - 1]) : niceTicks(x[0], x[n - 1], 6);
    if (use === "curve") {
        const room = 0.05 * (at[n - 1] - at[0]) || 0.5;
        return {kind, at, lo: at[0] - room, hi: at[n - 1] + room, ticks, title, name};
    }
    const edges = at.slice(1).map((a, i) => 0.5 * (a + at[i]));
    const lone = kind === "index" || at[0] === 0 ? 0.5 : 0.5 * Math.abs(at[0]);
    const lo = n > 1 ? 2 * at[0] - edges[0] : at[0] - lone;
    const hi = n > 1 ? 2 * at[n - 1] - edges[n - 2] : at[0] + lone;
    return {kind, at, edges: [lo, ...edges, hi], lo, hi, ticks, title, name};
}

// ---- ticks ----

function niceTicks(lo, hi, most) {
    const raw = (hi - lo) / most, power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find(f => f * power >= raw * 0.999);
    const ticks = [];
    for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++)
        ticks.push({at: k * step, text: short(k * step).replace("-", "−")});
    return ticks;
}

function logTicks(lo, hi) {
    const ticks = [], decades = Math.log10(hi / lo);
    const within = decades > 3 ? [1] : decades > 1.2 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8];
    for (let e = Math.floor(Math.log10(lo)); e <= Math.ceil(Math.log10(hi)); e++)
        for (const f of within) {
            const value = f * 10 ** e;
            if (value >= lo * 0.999 && value <= hi * 1.001)
                ticks.push({at: Math.log10(value), text: short(value)});
        }
    return ticks.length > 1 ? ticks
        : niceTicks(lo, hi, 4).filter(t => t.at > 0)
            .map(t => ({at: Math.log10(t.at), text: t.text}));
}

// A scale for the values lo to hi, with some room.
function valueScale(lo, hi, logarithmic, most = 6) {
    if (logarithmic && lo > 0) {
        if (hi < 1.2 * lo) [lo, hi] = [lo / 1.2, hi * 1.2];
        const [a, b] = [Math.log10(lo), Math.log10(hi)], room = 0.04 * (b - a);
        return {of: x => x > 0 ? Math.log10(x) : a - room, lo: a - room, hi: b + room,
                ticks: logTicks(lo, hi)};
    }
    if (lo > 0 && lo < 0.35 * hi) lo = 0; // zero is in sight
    const room = 0.05 * (hi - lo) || 0.1 * Math.abs(hi) || 1;
    const from = lo === 0 ? 0 : lo - room;
    return {of: x => x, lo: from, hi: hi + room, ticks: niceTicks(from, hi + room, most)};
}

function rangeOf(values) {
    let lo = Infinity, hi = -Infinity;
    for (const x of values)
        if (typeof x === "number") {
            lo = Math.min(lo, x);
            hi = Math.max(hi, x);
        }
    return lo <= hi ? [lo, hi] : null;
}

// ---- colours ----

const channels = rgb => [rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255];

function mix(palette, part) {
    const at = Math.min(Math.max(part, 0), 1) * (palette.length - 1);
    const i = Math.min(Math.floor(at), palette.length - 2);
    const [a, b] = [channels(palette[i]), channels(palette[i + 1])];
    return a.map((c, k) => Math.round(c + (at - i) * (b[k] - c)));
}

// Black or white, whichever stands out more (WCAG 2.1, 1.4.3).
function inkOn(rgb) {
    const [r, g, b] = rgb.map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const l = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return (l + 0.05) / 0.05 > 1.05 / (l + 0.05) ? "#000" : "#fff";
}

// Few different values of even ratio, such as the settings that were tuned.
function ofEvenRatio(values) {
    const seen = [...new Set(values.filter(x => x !== null))].sort((a, b) => a - b);
    if (seen.length < 3 || seen.length > 16 || !(seen[0] > 0)) return null;
    const steps = seen.slice(1).map((x, i) => Math.log(x / seen[i]));
    const even = seen[seen.length - 1] >= 3 * seen[0] &&
        Math.max(...steps) < 1.75 * Math.min(...steps);
    return even ? seen : null;
}

// Colours of a variable over the whole map, so that they stay as other axes move.
function colourScale(name, logarithmic) {
    const values = variables.get(name).values, range = rangeOf(values);
    if (!range) return null;
    let [lo, hi] = range, log = logarithmic && lo > 0, settings = null;
    const ratio = /_ratio$/.test(name) && lo > 0, centred = /_degradation$/.test(name);
    if (ratio) {
        hi = Math.max(hi, 1 / lo, 1.05);
        lo = 1 / hi;
        log = true;
    } else if (centred) {
        hi = Math.max(Math.abs(lo), Math.abs(hi)) || 1;
        lo = -hi;
        log = false;
    } else if (lo === hi) {
        const room = 0.1 * Math.abs(hi) || 1;
        [lo, hi, log] = [lo - room, hi + room, false];
    } else {
        settings = ofEvenRatio(values);
        log = log || settings !== null;
    }
    const known = data.palettes[data.palette];
    const palette = (known || data.palettes[ratio || centred ? "rdbu" : "viridis"]).rgb;
    const of = log ? Math.log10 : Number, [a, b] = [of(lo), of(hi)];
    const rgb = x => mix(palette, (of(x) - a) / (b - a));
    const ticks = settings ? settings.map(x => ({at: of(x), text: short(x)}))
        : log ? logTicks(lo, hi) : niceTicks(lo, hi, 6);
    return {of, lo: a, hi: b, rgb, css: x => `rgb(${rgb(x)})`, ticks, log, range, settings,
            palette, middle: ratio ? 1 : centred ? 0 : null};
}

const hue = i => i % data.hues.length === 0 ? "var(--ink)"
    : "#" + data.hues[i % data.hues.length].toString(16).padStart(6, "0");
