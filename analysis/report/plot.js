// plot.js -- a drawing area with sides, ticks and labels.

const em = 12; // px, of the letters
const widthOf = text => 0.56 * em * String(text).length;

// As many ticks as have room, evenly thinned.
function thinned(ticks, room, size) {
    const fits = Math.max(1, Math.floor(room / size));
    const every = Math.ceil(ticks.length / fits);
    return ticks.filter((_, i) => i % every === 0);
}

// {svg, px, py, left, ...}: x and y are scales {lo, hi, ticks, title}; `right`: room for what
// stands there; `aspect`: height over width of the area, within limits.
function plot(host, {x, y, label, right = 16, aspect = 0.72, most = 560, lines = false}) {
    const width = Math.max(280, host.clientWidth || 640);
    const left = 36 + Math.min(0.3 * width, Math.max(0, ...y.ticks.map(t => widthOf(t.text))));
    const w = Math.max(80, width - left - right);
    const h = Math.min(most, Math.max(180, aspect * w));
    const longest = Math.max(0, ...x.ticks.map(t => widthOf(t.text))) + em;
    const aslant = x.kind === "index" && longest > w / Math.max(x.ticks.length, 1) &&
        x.ticks.some(t => isNaN(t.text));
    const below = 40 + (aslant ? Math.min(0.64 * longest, 110) : 0);
    const top = 10, height = top + h + 14 + below;
    const px = u => left + (u - x.lo) / (x.hi - x.lo) * w;
    const py = v => top + (y.hi - v) / (y.hi - y.lo) * h;
    const svg = draw("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
                             "aria-label": label});
    const ruled = draw("g", {class: "ruled", "aria-hidden": "true"});
    for (const t of x.ticks) if (!lines) ruled.append(tickAt(px(t.at), top + h, 0, 4));
    for (const t of thinned(x.ticks, w, aslant ? 1.4 * em : longest)) {
        const at = px(t.at), down = top + h + 17;
        if (lines) ruled.append(tickAt(at, top + h, 0, 4));
        ruled.append(draw("text", {x: at, y: down, "text-anchor": aslant ? "end" : "middle",
                                   transform: aslant ? `rotate(-40 ${at} ${down - 8})` : null},
                          t.text.length > 24 ? t.text.slice(0, 23) + "…" : t.text));
    }
    for (const t of thinned(y.ticks, h, 1.5 * em)) {
        if (lines)
            ruled.append(draw("line", {class: "rule", x1: left, x2: left + w,
                                       y1: py(t.at), y2: py(t.at)}));
        ruled.append(tickAt(left, py(t.at), -4, 0), draw("text", {
            x: left - 8, y: py(t.at) + 0.36 * em, "text-anchor": "end"}, t.text));
    }
    ruled.append(draw("text", {class: "title", x: left + w / 2, y: height - 8,
                               "text-anchor": "middle"}, fitted(x.title, x.name, w)));
    ruled.append(draw("text", {class: "title", x: 0, y: 0, "text-anchor": "middle",
                               transform: `translate(13 ${top + h / 2}) rotate(-90)`},
                      fitted(y.title, y.name, h)));
    svg.append(ruled);
    host.replaceChildren(svg);
    return {svg, px, py, left, top, w, h, width, height};
}

const tickAt = (x, y, dx, dy) =>
    draw("line", {class: "tick", x1: x, y1: y, x2: x + dx, y2: y + dy});
const fitted = (title, name, room) =>
    widthOf(title) <= room || !name ? title : name;

const frameOf = p => draw("rect", {class: "frame", x: p.left, y: p.top, width: p.w, height: p.h,
                                   "aria-hidden": "true"});
const pathOf = points => "M" + points.map(p => p.map(v => v.toFixed(2)).join(" ")).join("L");

// From one quartile to the other.
const barOf = (x, from, to, style) =>
    draw("path", {class: "bar", style, d: `M${x} ${from}V${to}M${x - 3.5} ${from}h7M${x - 3.5} ${to}h7`});

// Marks of lines: a shape for each, as some cannot tell the hues apart.
const shapes = [
    r => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    r => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    r => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
    r => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0Z`,
    r => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
];
const shape = (i, x, y, r, attributes) =>
    draw("path", {d: shapes[i % shapes.length](r), transform: `translate(${x} ${y})`,
                  ...attributes});
