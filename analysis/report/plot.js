// plot.js -- a drawing area with sides, ticks and labels.

const em = 12; // px, of the letters
const widthOf = text => 0.56 * em * String(text).length;

// As many ticks as have room, evenly thinned.
function thinned(ticks, room, size) {
    const fits = Math.max(1, Math.floor(room / size));
    const every = Math.ceil(ticks.length / fits);
    return ticks.filter((_, i) => i % every === 0);
}

// Words in lines of at most `room`; null where one does not fit, or they are too many.
function wrapped(text, room) {
    const lines = [];
    for (const word of text.split(" ")) {
        const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
        if (lines.length && widthOf(longer) <= room) lines[lines.length - 1] = longer;
        else lines.push(word);
    }
    return lines.length <= 4 && lines.every(l => widthOf(l) <= room) ? lines : null;
}

const cut = text => text.length > 24 ? text.slice(0, 23) + "…" : text;

// How the names or numbers along x stand on `w`: names in lines, or else aslant; numbers thinned.
function ticksAlong(x, w) {
    const longest = Math.max(0, ...x.ticks.map(t => widthOf(cut(t.text)))) + em;
    const names = x.kind === "index" && x.ticks.some(t => isNaN(t.text));
    const lines = names ? x.ticks.map(t => wrapped(t.text, w / x.ticks.length - 8)) : [];
    const aslant = names && lines.includes(null), upright = names && !aslant;
    const rows = upright ? Math.max(...lines.map(l => l.length)) : 1;
    return {
        aslant, shown: upright ? x.ticks : thinned(x.ticks, w, aslant ? 1.4 * em : longest),
        linesOf: t => upright ? lines[x.ticks.indexOf(t)] : [cut(t.text)],
        height: 1.2 * em * rows + (aslant ? Math.min(0.64 * longest, 110) : 0),
    };
}

function drawAlong(p, ticks, {x, lines}) {
    const down = p.top + p.h + 17;
    return [
        (lines ? ticks.shown : x.ticks).map(t => tickAt(p.px(t.at), p.top + p.h, 0, 4)),
        ticks.shown.map(t => {
            const at = p.px(t.at), turn = `rotate(-40 ${at} ${down - 8})`;
            return draw("text", {y: down, "text-anchor": ticks.aslant ? "end" : "middle",
                                 transform: ticks.aslant ? turn : null},
                ticks.linesOf(t).map((line, k) => draw("tspan", {x: at, dy: k ? 1.2 * em : 0}, line)));
        }),
        draw("text", {class: "title", x: p.left + p.w / 2, y: p.height - 8,
                      "text-anchor": "middle"}, fitted(x.title, x.name, p.w)),
    ];
}

function drawUp(p, {y, lines}) {
    const rule = t => draw("line", {class: "rule", x1: p.left, x2: p.left + p.w,
                                    y1: p.py(t.at), y2: p.py(t.at)});
    const middle = `translate(13 ${p.top + p.h / 2}) rotate(-90)`;
    return [
        thinned(y.ticks, p.h, 1.5 * em).map(t => [
            lines ? rule(t) : null, tickAt(p.left, p.py(t.at), -4, 0),
            draw("text", {x: p.left - 8, y: p.py(t.at) + 0.36 * em, "text-anchor": "end"},
                 cut(t.text))]),
        draw("text", {class: "title", "text-anchor": "middle", transform: middle},
             fitted(y.title, y.name, p.h)),
    ];
}

// {svg, px, py, left, ...}: x and y are scales {lo, hi, ticks, title}; `right`: room for what
// stands there; `aspect`: height over width of the area, within limits; `lines`: ruled, and ticks
// where there are numbers only; `floor`: px below y's range.
function plot(host, {x, y, label, right = 16, aspect = 0.72, most = 560, lines = false,
                     floor = 0}) {
    const width = Math.max(280, host.clientWidth || 640), top = 10;
    const widest = Math.max(0, ...y.ticks.map(t => widthOf(cut(t.text))));
    const left = 36 + Math.min(0.3 * width, widest);
    const w = Math.max(80, width - left - right);
    const h = Math.min(most, Math.max(180, aspect * w));
    const ticks = ticksAlong(x, w), height = top + h + 40 + ticks.height;
    const svg = draw("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
                             "aria-label": label});
    const px = u => left + (u - x.lo) / (x.hi - x.lo) * w;
    const py = v => top + (y.hi - v) / (y.hi - y.lo) * (h - floor);
    const p = {svg, px, py, left, top, w, h, width, height};
    svg.append(draw("g", {class: "ruled", "aria-hidden": "true"}, drawUp(p, {y, lines}),
                    drawAlong(p, ticks, {x, lines})));
    host.replaceChildren(svg);
    return p;
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
    draw("path", {class: "bar", style,
                  d: `M${x} ${from}V${to}M${x - 3.5} ${from}h7M${x - 3.5} ${to}h7`});

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
