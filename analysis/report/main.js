// main.js -- what is shown, and the controls that change it.

const state = {
    view: "map",      // "map", "curves" or "table"
    metric: data.metric,
    x: "", y: "",     // sides, by name; "": none
    at: axes.map(() => 0), // positions along the axes that are no sides
    asked: null,      // contour levels as typed; null: by default
    log: false,
    course: "",       // the metric of the learning curves
    pins: [],         // cells
    compare: false,   // pin beside
    active: undefined, // the cell that Tab comes to
    sort: {},
    repin: () => {},
};

// ---- how it begins ----

function chooseSides() {
    const other = name => sides.find(s => s.v === axes[s.d] && (!name || s.d !== sideOf(name).d));
    const asked = name => name && sideOf(name) ? sideOf(name).key : "";
    state.x = asked(data.x) || (other(asked(data.y)) || {key: ""}).key;
    const rest = state.x ? other(state.x) : null;
    state.y = asked(data.y) || (rest ? rest.key : "");
    if (state.y && !sideOf(state.x)) [state.x, state.y] = [state.y, ""];
    // samples: a second parameter that does not rise with the first
    const drift = sides.find(s => state.x && s.d === sideOf(state.x).d && s.key !== state.x &&
                             isNumeric(s) && isNumeric(sideOf(state.x)) &&
                             unevenness(s.v.values) === Infinity &&
                             new Set(s.v.values).size > 12);
    if (!state.y && drift) state.y = drift.key;
    if (state.x && (!state.y || data.figure === "curves")) state.view = "curves";
}

// The metric's best, told by its lowest median; a first look at how training went.
function firstPin() {
    let best = null;
    for (let cell = 0; cell < cells; cell++) {
        const value = valueOf(state.metric, cell);
        if (typeof value === "number" && (best === null || value < valueOf(state.metric, best)))
            best = cell;
    }
    if (best === null) return;
    state.pins = [best];
    state.at = positionsOf(best);
    state.active = best;
}

const courseFor = metric => courseNames.includes(metric) ? metric
    : courseNames.includes(state.course) ? state.course
    : courseNames.includes("test_error") ? "test_error" : courseNames[0] || "";

// ---- what is shown stands in the address, so that it can be passed on ----

function remember() {
    const words = new URLSearchParams({
        view: state.view, metric: state.metric, x: state.x, y: state.y, at: state.at.join("."),
        pins: state.pins.join("."), course: state.course, ...(state.log ? {log: 1} : {}),
        ...(state.asked === null ? {} : {levels: state.asked}),
    });
    try {
        history.replaceState(null, "", "#" + words);
    } catch {
        // a browser that grants no address to such a page
    }
}

function recall() {
    const words = new URLSearchParams(location.hash.slice(1));
    const numbers = (key, most) => (words.get(key) || "").split(".").map(Number)
        .filter((n, i) => Number.isInteger(n) && n >= 0 && n < most(i));
    if (["map", "curves", "table"].includes(words.get("view"))) state.view = words.get("view");
    if (variables.has(words.get("metric"))) state.metric = words.get("metric");
    for (const side of ["x", "y"])
        if (words.has(side) && (side === "y" && !words.get("y") || sideOf(words.get(side))))
            state[side] = words.get(side);
    const at = words.has("at") ? numbers("at", d => d < axes.length ? axes[d].values.length : 0) : [];
    if (at.length === axes.length) state.at = at;
    if (words.has("pins"))
        state.pins = words.get("pins") ? numbers("pins", () => cells).slice(0, pinsMax) : [];
    if (courseNames.includes(words.get("course"))) state.course = words.get("course");
    state.log = words.has("log");
    if (words.has("levels")) state.asked = words.get("levels");
}

// ---- controls ----

const field = (label, control) =>
    make("label", {class: "field"}, make("span", {}, label), control);
const option = (value, text, selected) =>
    make("option", {value, selected: value === selected}, text);

function choice(name, options) {
    return make("select", {name}, options);
}

function metricChoice() {
    return choice("metric", Object.entries(shownVariables()).filter(([, names]) => names.length)
        .map(([group, names]) => make("optgroup", {label: group},
            names.map(n => option(n, spellingOf(n), state.metric)))));
}

function sideChoices() {
    const of = selected => sides.map(s => option(s.key, nameOf(s.v), selected));
    const curves = state.view === "curves", out = [];
    out.push(field("Horizontal", choice("x", of(state.x))));
    if (sides.length > 1)
        out.push(field(curves ? "Lines" : "Vertical",
                       choice("y", [option("", "none", state.y), ...of(state.y)])));
    const taken = [state.x, state.y].map(sideOf).filter(Boolean).map(s => s.d);
    axes.forEach((axis, d) => {
        if (axis.values.length > 1 && !taken.includes(d))
            out.push(field(nameOf(axis), choice(`at.${d}`, axis.values.map((v, i) =>
                option(String(i), short(v), String(state.at[d]))))));
    });
    return out;
}

function check(name, text, checked) {
    return make("label", {class: "check"}, make("input", {type: "checkbox", name, checked}),
                " " + text);
}

function showControls() {
    const form = byId("controls"), focused = document.activeElement && document.activeElement.name;
    const focusedId = document.activeElement ? document.activeElement.value : "";
    const views = [["map", scattered() ? "Samples" : "Map"], ["curves", "Curves"],
                   ["table", "Table"]];
    const view = make("fieldset", {class: "views"}, make("legend", {class: "unseen"}, "View"),
        views.map(([value, text]) => make("label", {},
            make("input", {type: "radio", name: "view", value, checked: state.view === value}),
            make("span", {}, text))));
    const parts = [view, field("Shown", metricChoice())];
    if (sides.length && state.view !== "table") parts.push(...sideChoices());
    if (state.view === "map" && state.y && [state.x, state.y].every(s => isNumeric(sideOf(s))) &&
        !scattered())
        parts.push(field("Contours", make("input", {type: "text", name: "levels", size: 9,
            autocomplete: "off", spellcheck: "false", value: levelsOf().map(short).join(", ")})));
    if (state.view !== "table") parts.push(check("log", "logarithmic", state.log));
    form.replaceChildren(...parts);
    byId("course").replaceChildren(
        check("compare", "compare", state.compare), courseNames.length
            ? make("select", {name: "course", "aria-label": "metric of the learning curves"},
                   courseNames.map(n => option(n, n, state.course))) : "");
    const again = focused && [...form.elements].find(e => e.name === focused &&
        (e.type !== "radio" || e.value === focusedId));
    if (again) again.focus();
}

function change(event) {
    const {name, value, checked} = event.target;
    if (name.startsWith("at.")) state.at[Number(name.slice(3))] = Number(value);
    else if (name === "levels") state.asked = value;
    else if (name === "log" || name === "compare") state[name] = checked;
    else state[name] = value;
    if (name === "metric") {
        state.asked = null;
        state.course = courseFor(value);
    }
    const [x, y] = [sideOf(state.x), sideOf(state.y)];
    // a side taken by the other: they change places, unless they are different parameters that
    // change together, and make a figure of samples
    if (x && y && x.key === y.key) {
        const before = name === "x" ? state.before.x : state.before.y;
        const swapped = sideOf(before);
        state[name === "x" ? "y" : "x"] = swapped && swapped.key !== x.key ? before : "";
        if (name === "y" && !swapped) [state.x, state.y] = [state.y, ""];
    }
    state.before = {x: state.x, y: state.y};
    if (scattered() && state.view === "curves" && name !== "view") state.view = "map";
    if (scattered() && state.view === "curves") state.y = "";
    show();
}

function show() {
    state.before = {x: state.x, y: state.y};
    showControls();
    showFigure();
    showLearning();
    remember();
}

// ---- light and dark ----

const themes = ["auto", "light", "dark"];
function showTheme(theme) {
    const root = document.documentElement;
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    byId("theme").textContent = `Theme: ${theme}`;
    byId("theme").dataset.theme = theme;
}

function start() {
    chooseSides();
    firstPin();
    state.course = courseFor(state.metric);
    recall();
    showTheme("auto");
    showHeader();
    showRanking();
    showFailures();
    showReading();
    showProvenance();
    show();
    const form = byId("controls");
    for (const f of [form, byId("course")]) {
        f.addEventListener("change", change);
        f.addEventListener("submit", event => event.preventDefault());
    }
    byId("pins").addEventListener("click", event => {
        const button = event.target.closest("button");
        if (button) pin(Number(button.dataset.cell), true);
    });
    byId("theme").addEventListener("click", () => {
        const now = byId("theme").dataset.theme;
        showTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
    });
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
        if (window.innerWidth === width) return;
        width = window.innerWidth;
        showFigure();
        showLearning();
    });
    window.addEventListener("beforeprint", () => {
        for (const details of document.querySelectorAll("details.long")) details.open = true;
    });
}
start();
