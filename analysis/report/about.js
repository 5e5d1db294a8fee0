// about.js -- what the campaign asked, how its trials ended, and where all of it comes from.

const numberOf = status => {
    const found = data.statuses.find(s => s.status === status);
    return found ? found.n : 0;
};

function showHeader() {
    byId("question").textContent = data.question || "";
    const failed = data.statuses.filter(s => s.failed).reduce((n, s) => n + s.n, 0);
    const facts = [count(data.trials, "trial"), `${numberOf("done")} finished`,
                   `${failed} failed`];
    if (numberOf("pending")) facts.push(`${numberOf("pending")} not run yet`);
    if (numberOf("unsampled")) facts.push(`${numberOf("unsampled")} not sampled`);
    facts.push(count(cells, "cell"), `made ${data.made.replace("T", " ").replace("Z", " UTC")}`);
    if (data.where.length) facts.push(`only ${data.where.join(", ")}`);
    byId("facts").replaceChildren(...facts.map(f => make("span", {}, f)));
}

function showFailures() {
    const host = byId("failures-body");
    const failed = data.statuses.filter(s => s.failed).reduce((n, s) => n + s.n, 0);
    if (!failed) {
        host.replaceChildren(make("p", {}, numberOf("done") ? "No trial failed."
            : "No trial failed; none has finished yet."));
        return;
    }
    const head = ["trials", "status", "reason, of one of them", "its key", "where"];
    const helps = new Map(data.statuses.map(s => [s.status, s.help]));
    host.replaceChildren(
        make("p", {}, `${failed} of ${count(data.trials, "trial")} failed. Reasons that differ in ` +
             "numbers only are counted together."),
        make("div", {class: "scroll"}, make("table", {class: "failures"},
            make("thead", {}, make("tr", {}, head.map(h => make("th", {scope: "col"}, h)))),
            make("tbody", {}, data.failures.map(f => make("tr", {},
                make("td", {class: "number"}, String(f.n)),
                make("td", {title: helps.get(f.status)}, f.status),
                make("td", {}, f.reason || "none stated"),
                make("td", {}, make("code", {title: f.key}, f.key.slice(0, 12))),
                make("td", {}, f.at)))))));
}

function showReading() {
    const tuned = Object.values(data.tuned);
    const lines = [
        "Each cell is one set of parameters. Its value is the median over the replicates that " +
        "finished, seeds of devices and of training; quartiles by linear interpolation; the " +
        "95 % interval is that of the median by the percentile bootstrap, exact.",
        tuned.length ? `${tuned.join(", ")}: chosen anew in each cell, by the lowest median ` +
        "validation_error; all else is told at that choice." : null,
        "Hover over a cell, or move to it with Tab and the arrow keys, for its numbers; a click or " +
        "Enter shows its learning curves, with Shift beside those of others.",
        data.left_out ? `Left out for want of room: ${data.left_out}. A part of the map, chosen ` +
        "with --where, has room for them; map.csv and map.nc hold them all." : null,
        data.learning.left_out && courseNames.length
            ? `Learning curves left out for want of room: ${data.learning.left_out}.` : null,
    ];
    byId("reading-body").replaceChildren(...lines.filter(Boolean).map(l => make("p", {}, l)));
}

const listed = (texts, most) => {
    const some = texts.slice(0, most).map(t => `${t.text} (${count(t.n, "trial")})`).join(", ");
    return texts.length > most ? `${some}, and ${texts.length - most} more` : some;
};

function showProvenance() {
    const known = data.palettes[data.palette] || data.palettes.viridis;
    const rows = [
        ["Campaign", data.campaign], ["Files", data.files.join(", ")],
        ["Only trials with", data.where.join(", ")],
        ["Trained by", data.source], ["Kernels", listed(data.isa, 8)],
        ["Hosts", listed(data.hosts, 8)],
        ["Time", `${duration(data.seconds)} of training, all trials together`],
        ["This page", `nudge ${data.nudge}, commit ${data.commit}, ${data.made}`],
        ["Colours", known.source],
    ].filter(([, text]) => text);
    const long = (summary, text, open) => text
        ? make("details", {class: "long", open}, make("summary", {}, summary),
               make("pre", {tabindex: 0}, text)) : null;
    byId("provenance-body").replaceChildren(
        make("dl", {}, rows.map(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])),
        ...[long("Commands that made it", data.history, true),
            long("The sweep, as it was run", data.spec, false)].filter(Boolean));
}
