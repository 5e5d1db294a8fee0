// curves.js -- a metric over one side, a line for each value of another.

// The heights of labels, moved apart by at least `gap`.
function apart(heights, gap, lowest) {
    const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
    const out = [];
    let last = -Infinity;
    for (const i of order) last = out[i] = Math.max(heights[i], last + gap);
    for (let k = order.length - 1, next = lowest + gap; k >= 0; k--)
        next = out[order[k]] = Math.min(out[order[k]], next - gap);
    return out;
}

const linesMax = 12;

// Which lines are drawn: all, or so many of them, evenly.
function lineNumbers(n) {
    if (n <= linesMax) return [...Array(n).keys()];
    return [...Array(linesMax).keys()].map(k => Math.round(k * (n - 1) / (linesMax - 1)));
}

const gapSize = 10; // px, of what stands for a cell without a value, below the curves

// One line: its marks into the set, the rest into `lines`; returns the height of its end. gap: the
// height of its cells without a value.
function drawLine(p, set, lines, y, places, k, gap) {
    const style = `--hue: ${hue(k)}`;
    let run = [], end = gap + 0.5 * gapSize;
    const flush = () => {
        if (run.length > 1) lines.append(draw("path", {
            class: "curve", style, d: pathOf(run),
            "stroke-dasharray": k >= data.hues.length ? "5 3" : null}));
        run = [];
    };
    for (const [cell, left] of places) {
        const of = suffix => valueOf(state.metric + suffix, cell);
        if (of("") === null) {
            flush();
            set.add(cell, draw("rect", {
                class: "cell gap", style, x: left - 0.5 * gapSize, y: gap, width: gapSize,
                height: gapSize, fill: `url(#${kindOf(state.metric, cell)})`}),
                    {x: left, y: gap + 0.5 * gapSize});
            continue;
        }
        end = p.py(y.of(of("")));
        if (typeof of("_q1") === "number")
            lines.append(barOf(left, p.py(y.of(of("_q1"))), p.py(y.of(of("_q3"))), style));
        run.push([left, end]);
        set.add(cell, shape(k, left, end, 4.6, {class: "point", style}), {x: left, y: end});
    }
    flush();
    return end;
}

// At the ends of the lines, what each stands for.
function labelLines(p, lines, ends, name, labels) {
    const at = apart(ends, 15, p.top + p.h);
    at.forEach((height, k) => lines.append(
        shape(k, p.left + p.w + 14, height, 4, {class: "point", style: `--hue: ${hue(k)}`}),
        draw("text", {x: p.left + p.w + 23, y: height + 0.36 * em}, cut(labels[k]))));
    lines.append(draw("text", {class: "title", x: p.left + p.w + 7,
                               y: Math.max(em, Math.min(...at) - 14)}, name));
}

// Over the values of the whole map, so that it stays as other axes move.
function valueAxis(metric) {
    const spread = suffix => (variables.get(metric + suffix) || variables.get(metric)).values;
    const range = rangeOf([].concat(spread(""), spread("_q1"), spread("_q3")));
    const scale = range ? valueScale(...range, state.log) : {of: Number, lo: 0, hi: 1, ticks: []};
    const word = wordOf(metric);
    return {...scale, title: word + labelOf(variables.get(metric)), name: word + metric};
}

function curves(host) {
    const [sx, sy] = [sideOf(state.x), sideOf(state.y)];
    if (!sx) return heatmap(host);
    const x = layOut(sx, "curve"), y = valueAxis(state.metric);
    const numbers = lineNumbers(lengthOf(sy)), name = sy ? nameOf(sy.v) : "";
    const labels = numbers.map(j => sy ? short(sy.v.values[j]) : "");
    const right = !sy ? 20
        : 30 + Math.min(160, Math.max(widthOf(name) - 20, ...labels.map(l => widthOf(cut(l)))));
    const cellsOf = j => x.at.map((at, i) => cellOn(sx, sy, i, j));
    const gaps = numbers.filter(j => cellsOf(j).some(c => valueOf(state.metric, c) === null));
    const floor = gaps.length ? gaps.length * (gapSize + 3) + 4 : 0;
    const p = plot(host, {x, y, label: figureLabel("Curves"), right, lines: true, floor});
    const set = markSet(), lines = draw("g", {"aria-hidden": "true"});
    const ends = numbers.map((j, k) => drawLine(
        p, set, lines, y, cellsOf(j).map((cell, i) => [cell, p.px(x.at[i])]), k,
        p.top + p.h - (gapSize + 3) * (gaps.length - gaps.indexOf(j))));
    if (sy) labelLines(p, lines, ends, name, labels);
    p.svg.append(lines, set.group, frameOf(p));
    const entries = [];
    if (isMetric(state.metric) && lines.querySelector(".bar"))
        entries.push([swatch(barOf(9, 12, 2, "--hue: var(--ink)")), "quartiles"]);
    if (lengthOf(sy) > linesMax)
        entries.push([swatch(), `${linesMax} of ${lengthOf(sy)} values of ${name}`]);
    showLegend(set.cells(), entries);
    finishMarks(p, set, stepAmong(sx, sy, numbers), () => {});
}

// Left and right along a line, up and down between lines.
const stepAmong = (sx, sy, numbers) => (cell, dx, dy) => {
    const at = positionsOf(cell);
    at[sx.d] += dx;
    if (at[sx.d] < 0 || at[sx.d] >= lengthOf(sx)) return undefined;
    if (sy && dy) {
        const next = numbers[numbers.indexOf(at[sy.d]) + dy];
        if (next === undefined) return undefined;
        at[sy.d] = next;
    }
    return cellAt(at);
};
