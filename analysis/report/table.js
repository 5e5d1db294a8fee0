// table.js -- the cells as lines of a table.

const rowsMax = 2000;

function tableColumns() {
    const metric = state.metric, v = name => cell => valueOf(name, cell);
    const columns = [];
    for (const s of [...axes, ...data.coords.filter(c => c.dim >= 0)])
        columns.push({name: nameOf(s), of: cell => s.values[positionsOf(cell)[s.dim]], key: true});
    columns.push({name: wordOf(metric) + metric, of: v(metric), kind: true});
    if (isMetric(metric))
        for (const [suffix, name] of [["_q1", "quartile 1"], ["_q3", "quartile 3"],
                                      ["_low", "95 % from"], ["_high", "95 % to"]])
            columns.push({name, of: v(metric + suffix)});
    for (const name of ["n", "n_failed", "n_pending", "n_unsampled"])
        if (name !== metric && (name === "n" || variables.get(name).values.some(x => x > 0)))
            columns.push({name, of: v(name)});
    for (const b of data.vars)
        if (b.name.startsWith("best_") && b.name !== metric)
            columns.push({name: spellingOf(b.name), of: v(b.name), key: true});
    return columns;
}

function sortedCells(columns) {
    const all = [...Array(cells).keys()];
    const {column, down} = state.sort;
    if (column === undefined || !columns[column]) return all;
    const of = columns[column].of, last = x => x === null || x === "";
    return all.sort((a, b) => {
        const [x, y] = [of(a), of(b)];
        if (last(x) || last(y)) return last(x) - last(y) || a - b;
        return ((x > y) - (x < y)) * (down ? -1 : 1) || a - b;
    });
}

function table(host) {
    const columns = tableColumns(), order = sortedCells(columns).slice(0, rowsMax);
    const of = columns.map(c => c.of(order[0]));
    const head = columns.map((c, k) => make("th", {scope: "col", class:
        typeof of[k] === "string" ? null : "number", "aria-sort":
        state.sort.column === k ? (state.sort.down ? "descending" : "ascending") : null},
        make("button", {type: "button", "data-column": k}, c.name)));
    const rows = order.map(cell => make("tr", {"data-cell": cell},
        make("td", {}, make("button", {type: "button", class: "pin", "aria-label":
            `learning curves of ${placeText(cell)}`}, "·")),
        columns.map(c => make("td", {class: typeof c.of(cell) === "string" ? null : "number"},
            c.of(cell) === null && c.kind ? kinds[kindOf(state.metric, cell)]
                : c.of(cell) !== null && c.key ? short(c.of(cell)) : format(c.of(cell))))));
    const body = make("tbody", {}, rows);
    host.replaceChildren(make("div", {class: "scroll", tabindex: 0, role: "region",
                                      "aria-label": "Table of cells"},
        make("table", {class: "cells"}, make("thead", {}, make("tr", {}, make("th", {scope: "col"},
            make("span", {class: "unseen"}, "learning curves")), head)), body)));
    host.querySelector("thead").addEventListener("click", event => {
        const button = event.target.closest("[data-column]");
        if (!button) return;
        const column = Number(button.dataset.column);
        state.sort = {column, down: state.sort.column === column && !state.sort.down};
        table(host);
        host.querySelector(`[data-column="${column}"]`).focus();
    });
    body.addEventListener("click", event => {
        const row = event.target.closest("tr");
        if (row) pin(Number(row.dataset.cell), event.shiftKey || event.ctrlKey);
    });
    byId("legend").replaceChildren(order.length < cells
        ? `The first ${order.length} of ${cells} cells; all are in what nudge map -o map.csv writes.`
        : "");
    state.repin = () => {
        for (const row of rows) {
            const i = state.pins.indexOf(Number(row.dataset.cell));
            row.classList.toggle("pinned", i >= 0);
            const button = row.querySelector("button");
            button.textContent = i >= 0 ? letterOf(i) : "·";
            button.setAttribute("aria-pressed", i >= 0);
        }
    };
    state.repin();
}
