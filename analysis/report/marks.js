// marks.js -- what the marks of cells answer: to the pointer, to keys, to a screen reader.

const tip = byId("tip");

function tableOf(rows) {
    return make("table", {class: "statistics"}, make("tbody", {}, rows.map(([key, label, text]) =>
        make("tr", {"data-row": key}, make("th", {scope: "row"}, label),
             make("td", {"data-statistic": key}, text)))));
}

function tipOf(cell) {
    const kind = kindOf(state.metric, cell);
    return [
        make("p", {class: "place"}, placeOf(cell, true).map(([name, value]) =>
            make("span", {}, name, " ", make("b", {}, value), " "))),
        kind === "measured"
            ? make("p", {class: "value"}, make("span", {class: "key"},
                   wordOf(state.metric) + spellingOf(state.metric)), " ",
                   make("b", {"data-statistic": "value"}, textOf(state.metric, cell)))
            : make("p", {class: "value"}, kinds[kind]),
        tableOf(statisticsOf(state.metric, cell).filter(([key]) => key !== "median")),
    ];
}

function spokenOf(cell) {
    const kind = kindOf(state.metric, cell);
    const value = kind === "measured" ? `${wordOf(state.metric)}${spellingOf(state.metric)} ` +
        textOf(state.metric, cell) : kinds[kind];
    return [placeText(cell) + ":", value,
            ...statisticsOf(state.metric, cell).filter(([key]) => key !== "median")
                .map(([, label, text]) => `${label} ${text}`)].join("; ").replace(":;", ":");
}

function showTip(cell, box) {
    tip.replaceChildren(...tipOf(cell));
    tip.dataset.cell = cell;
    tip.hidden = false;
    const room = 12, {width, height} = tip.getBoundingClientRect();
    const right = box.right + room + width < document.documentElement.clientWidth;
    const x = right ? box.right + room : Math.max(room, box.left - room - width);
    const y = Math.min(Math.max(room, box.top + box.height / 2 - height / 2),
                       document.documentElement.clientHeight - height - room);
    tip.style.left = `${x + window.scrollX}px`;
    tip.style.top = `${Math.max(room, y) + window.scrollY}px`;
}

function hideTip() {
    tip.hidden = true;
}

// marks: cell -> element. step(cell, dx, dy): the cell beside it, or undefined. over(cell):
// told of the cell under the pointer or with the focus, and of undefined when there is none.
function activate(group, marks, step, over) {
    let active;
    const cellOf = event => {
        const mark = event.target.closest("[data-cell]");
        return mark ? Number(mark.dataset.cell) : undefined;
    };
    const settle = cell => {
        if (active !== undefined) marks.get(active).setAttribute("tabindex", -1);
        active = cell;
        marks.get(cell).setAttribute("tabindex", 0);
    };
    const show = cell => {
        over(cell);
        if (cell === undefined) hideTip();
        else showTip(cell, marks.get(cell).getBoundingClientRect());
    };
    for (const [cell, mark] of marks) {
        mark.setAttribute("data-cell", cell);
        mark.setAttribute("role", "button");
        mark.setAttribute("tabindex", -1);
        mark.setAttribute("aria-label", spokenOf(cell));
    }
    if (marks.size) settle(marks.has(state.active) ? state.active : marks.keys().next().value);
    group.addEventListener("pointerover", event => show(cellOf(event)));
    group.addEventListener("pointerleave", () => show(undefined));
    group.addEventListener("focusin", event => {
        settle(cellOf(event));
        state.active = active;
        show(active);
    });
    group.addEventListener("focusout", () => show(undefined));
    group.addEventListener("click", event => {
        const cell = cellOf(event);
        if (cell === undefined) return;
        marks.get(cell).focus();
        pin(cell, event.shiftKey || event.ctrlKey || event.metaKey);
    });
    group.addEventListener("keydown", event => {
        const by = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
                    ArrowDown: [0, -1]}[event.key];
        if (by) {
            const next = step(active, ...by);
            if (next !== undefined && marks.has(next)) marks.get(next).focus();
        } else if (event.key === "Enter" || event.key === " ")
            pin(active, event.shiftKey);
        else if (event.key === "Escape")
            show(undefined);
        else
            return;
        event.preventDefault();
    });
}

// A letter at each pinned cell.
function badges(boxes) {
    const group = draw("g", {class: "pins", "aria-hidden": "true"});
    state.pins.forEach((cell, i) => {
        const box = boxes(cell);
        if (!box) return;
        const style = `--hue: ${hue(i)}`;
        if (box.width)
            group.append(draw("rect", {class: "halo", ...box}),
                         draw("rect", {class: "outline", style, ...box}));
        group.append(draw("g", {transform: `translate(${box.x} ${box.y})`, style},
                          draw("circle", {r: 8.5}), draw("text", {y: 3.8}, letterOf(i))));
    });
    return group;
}
const letterOf = i => String.fromCharCode(65 + i);
