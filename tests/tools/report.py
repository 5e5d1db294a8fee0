#!/usr/bin/env python3
"""What tests/cli/report.sh needs of results and of a browser.

    report.py plant RESULTS TITLE     trials that failed, wait or were not sampled, and a title
    report.py clear RESULTS           no trial has run
    report.py data PAGE CSV           its JSON holds what the table of the map does
    report.py browse DIR CHROMIUM     the pages in DIR, looked at; speaks TAP
"""
import csv
import json
import re
import shutil
import sys
import tempfile

import netCDF4
import numpy as np

PENDING, DONE, DIVERGED, CRASHED, UNSAMPLED = 0, 1, 2, 3, 8
LOSS = "the loss left the numbers in epoch %d: <b>try</b> smaller rates"


# ---- results ----

def measured(f):
    return [v for v in f.variables.values() if v.dimensions[:1] == ("trial",)
            and v.dtype in (np.float64, np.float32) and not hasattr(v, "parameter")]


def end(f, which, status, reason=""):
    for k, i in enumerate(np.flatnonzero(which)):
        f["status"][i] = status
        f["reason"][i] = reason % (k + 1) if "%" in reason else reason
        for v in measured(f):
            v[i] = np.nan


def plant(path, title):
    with netCDF4.Dataset(path, "a") as f:
        f.title = title
        beta, c2c = f["ep_beta"][:], f["device_c2c"][:]
        end(f, (beta == 0.1) & (c2c == 0.15), DIVERGED, LOSS)
        end(f, (beta == 0.5) & (c2c == 0.15), PENDING)
        end(f, (beta == 0.2) & (c2c == 0), UNSAMPLED)
        end(f, (beta == 0.5) & (c2c == 0) & (f["device_seed"][:] == 2), CRASHED, "signal 11")


def clear(path):
    with netCDF4.Dataset(path, "a") as f:
        end(f, np.ones(f.dimensions["trial"].size, bool), PENDING)


# ---- the page as a file ----

def data(page, table_path):
    with open(page, encoding="utf-8") as f:
        text = f.read()
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert len(found) == 1 and "<" not in found[0]
    what = json.loads(found[0])
    with open(table_path, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    checked = 0
    for v in what["vars"]:
        for value, row in zip(v["values"], rows, strict=True):
            cell = row[v["name"]]
            assert (value is None) == (cell == "") if not isinstance(value, str) else value == cell, v["name"]
            assert not isinstance(value, (int, float)) or abs(value - float(cell)) <= 1e-5 * abs(value), v["name"]
            checked += 1
    names = {v["name"] for v in what["vars"]}
    missing = set(rows[0]) - names - {v["name"] for v in what["axes"] + what["coords"]}
    assert not missing and checked > 100, missing


# ---- the browser ----

failed = 0


def check(what, good, *why):
    global failed
    print(("ok" if good else "not ok") + " - " + what, flush=True)
    if not good:
        failed += 1
        for line in why:
            print("#", line)


def open_browser(chromium):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "no-first-run",
                 "disable-sync", "disable-dev-shm-usage", "window-size=1400,1000",
                 "user-data-dir=" + tempfile.mkdtemp(dir=DIR)):
        options.add_argument("--" + flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    browser.get("about:blank")
    browser.get_log("performance")  # what its first tab asked for
    return browser


class Page:
    def __init__(self, browser, name):
        self.b, self.name = browser, name
        browser.get("about:blank")  # so that the next is loaded anew, whatever its #
        browser.get(f"file://{DIR}/{name}.html")

    def js(self, script, *arguments):
        return self.b.execute_script(script, *arguments)

    def all(self, css):
        return self.b.find_elements("css selector", css)

    def one(self, css):
        return self.b.find_element("css selector", css)

    def text(self, css):
        return self.js("return document.querySelector(arguments[0]).textContent", css)

    def choose(self, name, value):
        self.js("const e = [...document.querySelectorAll(`[name='${arguments[0]}']`)]"
                "    .find(e => e.type !== 'radio' || e.value === arguments[1]);"
                "if (e.type === 'checkbox' || e.type === 'radio') e.click();"
                "else { e.value = arguments[1]; e.dispatchEvent(new Event('change', {bubbles: true})); }",
                name, value)

    def hover(self, cell):
        """What is said of a cell that is pointed at or, where another's mark lies on it, reached by keys."""
        from selenium.webdriver.common.action_chains import ActionChains
        mark = self.one(f".marks [data-cell='{cell}']")
        ActionChains(self.b).move_to_element(mark).perform()
        if self.js(f"""
                const boxOf = mark => mark.getBoundingClientRect(), mark = document.querySelector(
                    ".marks [data-cell='{cell}']"), box = boxOf(mark);
                const x = box.x + box.width / 2, y = box.y + box.height / 2;
                const over = b => b.left <= x && x <= b.right && b.top <= y && y <= b.bottom;
                return [...document.querySelectorAll('.marks [data-cell]')].some(m => m !== mark && over(boxOf(m)))"""):
            self.js(f"document.querySelector(\".marks [data-cell='{cell}']\").focus()")
        return self.tip()

    def tip(self):
        """What the box at the cell says: its rows, and its value."""
        return self.js("const tip = document.getElementById('tip'), out = {};"
                       "if (tip.hidden) return null;"
                       "for (const e of tip.querySelectorAll('[data-statistic]'))"
                       "    out[e.dataset.statistic] = e.textContent;"
                       "out.place = tip.querySelector('.place').textContent;"
                       "out.says = tip.querySelector('.value').textContent; return out")

    def key(self, name):
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys
        ActionChains(self.b).send_keys(getattr(Keys, name)).perform()

    def row(self, key):
        return [e.text for e in self.all(f"#cells tr[data-row='{key}'] td")]

    def cells(self):
        return [int(c) for c in self.js("return [...document.querySelectorAll('.marks [data-cell]')]"
                                        "    .map(e => e.dataset.cell)")]

    def quiet(self):
        """No complaint, no request but for the page itself."""
        log = [e["message"] for e in self.b.get_log("browser")]
        check(f"{self.name}: the console is empty", not log, *log)
        asked = set()
        for entry in self.b.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                p = message["params"]
                asked.add(p["request"]["url"] if "request" in p else p["url"])
        far = [u for u in asked if not u.startswith(("file://" + DIR, "data:", "about:"))]
        check(f"{self.name}: nothing is fetched", not far and any(u.startswith("file:") for u in asked), *far)


def number(text):
    return float(text.replace("−", "-")) if text not in ("–", "", None) else None


def same(text, value):
    """As shown, to four digits."""
    shown = number(text)
    if value == "" or shown is None:
        return value == "" and shown is None
    return abs(shown - float(value)) <= 5.1e-4 * abs(float(value)) + 1e-12


def differences(tip, row, metric="test_error"):
    """Between the box of a cell and its line of the table."""
    pairs = [("value", ""), *zip(("q1", "q3"), ("_q1", "_q3")), *zip(("low", "high"), ("_low", "_high"))]
    got = {"value": tip.get("value")}
    for key, names in (("quartiles", ("q1", "q3")), ("interval", ("low", "high"))):
        got.update(zip(names, tip[key].split(" to ") if key in tip else (None, None)))
    out = [f"{k}: {got[k]}, not {row[metric + s]}" for k, s in pairs if not same(got[k], row[metric + s])]
    out += [f"{k}: {tip.get(k, 0)}, not {row[k]}" for k in ("n", "n_failed", "n_pending", "n_unsampled")
            if float(tip.get(k, 0)) != float(row[k])]
    if "best_program_width" in row and not same(tip.get("best_program_width"), row["best_program_width"]):
        out.append(f"best width {tip.get('best_program_width')}, not {row['best_program_width']}")
    return out


def table(name):
    with open(f"{DIR}/{name}.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def course(name, row, epoch, q):
    """Of the trials behind a line of the table, from the results themselves."""
    with netCDF4.Dataset(f"{DIR}/{name}/results.nc") as f:
        mine = f["status"][:] == DONE
        for axis in ("ep_beta", "device_c2c"):
            mine &= np.isclose(f[axis][:], float(row[axis]))
        mine &= np.isclose(f["program_width"][:], float(row["best_program_width"]))
        return np.quantile(np.asarray(f["test_error_curve"][:])[mine, epoch - 1], q)


def plane(browser):
    page, rows = Page(browser, "plane"), table("plane")
    title = '</script><script>document.title="run"</script>'
    check("a title that is markup stays text", page.text("h1") == title, page.text("h1"))
    check("... and runs nothing", page.b.title == title + ": nudge map", page.b.title)
    check("a question with markup too", page.text("#question") == 'Is <b>this</b> "text" & nothing else?')
    check("one script and its data are all there is", len(page.all("script")) == 2)
    check("a cell for each line of the table", sorted(page.cells()) == list(range(len(rows))), page.cells())
    wrong = []
    for cell, row in enumerate(rows):
        tip = page.hover(cell)
        if not tip:
            wrong.append(f"cell {cell}: says nothing")
            continue
        wrong += [f"cell {cell}: {d}" for d in differences(tip, row)]
        place = f"ep.beta {float(row['ep_beta']):g} device.c2c {float(row['device_c2c']):g}"
        if tip["place"].split() != place.split():
            wrong.append(f"cell {cell} is at {tip['place']}")
    check("hovering shows the numbers of the table", not wrong, *wrong)

    said = {c: page.hover(c)["says"] for c in (3, 4, 11)}
    check("cells without a value say why", said == {3: "all trials failed", 4: "not sampled", 11: "not run yet"},
          said)
    fills = {c: page.one(f".marks [data-cell='{c}']").get_attribute("fill") for c in (3, 4, 11, 0)}
    check("... and differ in pattern", len(set(fills.values())) == 4 and fills[3] == "url(#failed)", fills)
    legend = page.text("#legend")
    check("the legend explains them", all(w in legend for w in (
        "all trials failed", "not sampled", "not run yet", "some trials failed", "test_error =")), legend)
    failures = page.text("#failures-body")
    check("failures are counted by reason", all(w in failures for w in (
        "8 of 72 trials failed", LOSS % 1, "signal 11")) and len(page.all("#failures-body tbody tr")) == 2, failures)
    n = [e.text for e in page.all("#failures-body tbody td:first-child")]
    check("... the most frequent first", n == ["6", "2"], n)
    check("provenance tells spec, command and kernels", all(w in page.text("#provenance-body") for w in (
        "campaign: plane", "nudge map", "--report", "results.nc")))

    # ---- learning curves ----
    page.one(".marks [data-cell='1']").click()
    last = page.all("details.values tr[data-epoch='4'] td")
    check("a click shows the cell's curves", len(last) == 1)
    for epoch in (1, 4):
        text = page.js("return document.querySelector(arguments[0]).textContent",
                       f"details.values tr[data-epoch='{epoch}'] td")
        got = [number(x) for x in re.split(r" \(| to |\)", text)[:3]]
        want = [course("plane", rows[1], epoch, q) for q in (0.5, 0.25, 0.75)]
        check(f"... right in epoch {epoch}", np.allclose(got, want, rtol=6e-4), text, want)
    check("... the last as in the table", same(text.split(" (")[0], rows[1]["test_error"]))
    check("... and drawn", len(page.all("#curves path.curve")) == 1 and len(page.all("#curves path.band")) == 1)
    row = [page.row(k) for k in ("median", "quartile 1", "95 % to", "n")]
    want = [rows[1][k] for k in ("test_error", "test_error_q1", "test_error_high", "n")]
    check("... beside its numbers", all(len(r) == 1 and same(r[0], w) for r, w in zip(row, want)), row, want)

    page.js("document.querySelector(\".marks [data-cell='1']\").focus()")
    page.key("ARROW_RIGHT")
    focused = page.js("return document.activeElement.dataset.cell")
    check("arrow keys go to the next cell", focused == "5", focused)
    tip = page.tip()
    check("... which shows its numbers", tip and not differences(tip, rows[5]), tip)
    label = page.js("return document.activeElement.getAttribute('aria-label')")
    check("... and says them", "ep.beta 0.2, device.c2c 0.05" in label and "median test_error" in label, label)
    page.key("ENTER")
    check("Enter shows its curves", page.row("median") and same(page.row("median")[0], rows[5]["test_error"]))
    check("... and keeps the focus", page.js("return document.activeElement.dataset.cell") == "5")
    check("... and a screen reader hears of it", "ep.beta 0.2, device.c2c 0.05" in page.text("#said"))
    page.choose("compare", "")
    page.one(".marks [data-cell='8']").click()
    check("a second cell stands beside it", len(page.row("median")) == 2 and len(page.all("#curves path.curve")) == 2)
    page.all("#pins button")[0].click()
    check("... and can be taken out", len(page.row("median")) == 1 and
          same(page.row("median")[0], rows[8]["test_error"]), page.row("median"))
    page.one(".marks [data-cell='3']").click()
    check("a cell that failed has no curve", len(page.all("#curves path.curve")) == 1)

    # ---- selectors ----
    page.choose("metric", "train_loss")
    tip = page.hover(1)
    check("another metric", not differences(tip, rows[1], "train_loss") and "train_loss" in page.text("#figure-title"),
          *differences(tip, rows[1], "train_loss"))
    page.choose("metric", "best_program_width")
    check("the settings that won", same(page.hover(1)["value"], rows[1]["best_program_width"]))
    check("... with no line between two", not page.all("#chart .contours path.over"))
    said = page.js("return [clause({about: 'held to [0, 1]: so (hard)'}), clause({about: 'rate (T)'}), clause({})]")
    check("a label is a first clause", said == ["held to [0, 1]", "rate", ""], said)
    page.choose("metric", "test_error")
    page.choose("x", "device_c2c")
    touch, over = page.js("""
        const v = variables.get('test_error'), before = v.values;
        v.values = before.map((x, i) => x === null ? null : 5011000 + 100 * i);
        byId('chart').style.width = '380px';
        showFigure();
        const of = css => [...document.querySelectorAll(css)].map(e => e.getBoundingClientRect());
        const wide = of('#chart .cell')[0].width, title = of('#chart svg text.title').pop();
        const out = [of('#chart .printed text').filter(t => t.width > wide).length,
                     of('#chart svg text').filter(t => t.left < title.left && t.right > title.left).length];
        v.values = before;
        byId('chart').style.width = '';
        showFigure();
        return out;""")
    check("long numbers do not touch their neighbours", touch == 0, touch)
    check("... nor the title of the colours", over == 0, over)
    box = [page.one(f".marks [data-cell='{c}']").rect for c in (0, 1)]
    check("axes change places", box[1]["x"] > box[0]["x"] and box[1]["y"] == box[0]["y"] and
          page.js("return document.querySelector('[name=y]').value") == "ep_beta", box)
    wrong = [d for c in (0, 5, 10) for d in differences(page.hover(c), rows[c])]
    check("... and cells keep their numbers", not wrong, *wrong)
    page.choose("view", "curves")
    check("curves: a line for each value", len(page.all("#chart path.curve")) == 3)
    wrong = [d for c in page.cells() for d in differences(page.hover(c), rows[c])]
    check("... with the same numbers", len(page.cells()) == 12 and not wrong, *wrong)
    page.choose("view", "table")
    shown = [[e.text for e in tr.find_elements("css selector", "td")] for tr in page.all("#chart tbody tr")]
    wrong = [s for s, r in zip(shown, rows) if not (r["test_error"] == "" or same(s[3], r["test_error"])) or
             number(s[1]) != float(r["ep_beta"])]
    check("the table has all cells", len(shown) == 12 and not wrong, *wrong)
    page.all("#chart thead button")[2].click()
    got = [number(e.text) if not e.text[:1].isalpha() else None
           for e in page.all("#chart tbody td:nth-child(4)")]
    numbers = [g for g in got if g is not None]
    check("... sorts", numbers == sorted(numbers) and got[:len(numbers)] == numbers and len(numbers) == 9, got)
    page.quiet()

    page.choose("view", "curves")
    page.choose("metric", "train_loss")
    page.b.refresh()
    stays = page.js("return ['x', 'y', 'metric'].map(n => document.querySelector(`[name=${n}]`).value)")
    check("what is shown survives a reload", stays == ["device_c2c", "ep_beta", "train_loss"] and
          len(page.all("#chart path.curve")) == 3 and len(page.all("#pins .chip")) == 2, stays)
    page.js("document.getElementById('theme').click(); document.getElementById('theme').click()")
    dark = page.js("return getComputedStyle(document.body).backgroundColor")
    check("it can be dark", dark == "rgb(20, 23, 27)", dark)
    page.quiet()
    page.b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = page.js("return ['controls', 'chart', 'curves', 'provenance'].map("
                    "    id => getComputedStyle(document.getElementById(id)).display !== 'none')"
                    "    .concat(getComputedStyle(document.body).backgroundColor)")
    check("on paper there are no controls, and no dark", shown == [False, True, True, True, "rgb(255, 255, 255)"], shown)
    page.b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.b.set_script_timeout(10)
    refused = page.b.execute_async_script(
        "fetch('http://127.0.0.1:9/').then(() => arguments[0](false), () => arguments[0](true))")
    log = " ".join(e["message"] for e in page.b.get_log("browser"))
    check("its policy refuses to fetch", refused and "Content Security Policy" in log, log)


def contour(browser):
    """Lines of an analytic plane: z = x + y over a grid of 5 x 4."""
    page = Page(browser, "plane")
    lines = page.js("return contours([0, 1, 2, 3, 4], [0, 1, 2, 3], (i, j) => i + j, 2.5)")
    good = len(lines) == 1 and all(abs(x + y - 2.5) < 1e-12 for x, y in lines[0])
    ends = sorted([lines[0][0], lines[0][-1]]) if lines else []
    check("a contour of a plane is its line", good and np.allclose(ends, [[0, 2.5], [2.5, 0]]), lines)
    lines = page.js("return contours([0, 1, 2], [0, 1, 2], (i, j) => i === 1 && j === 1 ? 1 : 0, 0.25)")
    check("... around a peak it is closed", len(lines) == 1 and lines[0][0] == lines[0][-1] and
          sorted(map(tuple, lines[0][1:])) == [(0.25, 1), (1, 0.25), (1, 1.75), (1.75, 1)], lines)
    lines = page.js("return contours([0, 1, 2], [0, 1], (i, j) => i === 2 && j === 1 ? null : i, 0.5)")
    check("... and ends where a value is missing", lines == [[[0.5, 0], [0.5, 1]]], lines)


def space(browser):
    page, rows = Page(browser, "space"), table("space")
    chosen = [page.js(f"return document.querySelector('[name={s}]').value") for s in ("x", "y")]
    check("-x and -y are the sides", chosen == ["device_c2c", "ep_beta"], chosen)
    kinds = sorted(e.get_attribute("name") for e in page.all("#controls select[name^=at]"))
    check("further axes can be chosen", kinds == ["at.2", "at.3"], kinds)
    wrong = []
    for kind in "01":
        for batch in "01":
            page.choose("at.2", kind)
            page.choose("at.3", batch)
            want = [c for c in range(16) if c % 4 == 2 * int(kind) + int(batch)]
            if sorted(page.cells()) != want:
                wrong.append(f"{kind} {batch}: {page.cells()}")
            wrong += [d for c in page.cells() for d in differences(page.hover(c), rows[c])]
    check("... and every cell is found there, with its numbers", not wrong, *wrong)
    page.choose("x", "device_kind")
    check("an axis of names", {"ideal", "ernoult"} <= {e.text for e in page.all("#chart text")})
    page.choose("y", "")
    check("one axis is enough for a map", len(page.cells()) == 2)
    page.choose("view", "curves")
    check("... and for curves", len(page.cells()) == 2 and len(page.all("#chart path.curve")) == 1)
    page.quiet()


def others(browser):
    page = Page(browser, "line")
    check("a map of one axis is a curve", len(page.all("#chart path.curve")) == 1 and len(page.cells()) == 4)
    check("one replicate is its own interval", page.hover(2)["quartiles"].split(" to ")[0] == page.hover(2)["value"])
    page.choose("view", "map")
    check("... or a row of cells", len(page.all("#chart rect.cell")) == 4)
    page.quiet()
    page = Page(browser, "samples")
    check("samples are points", len(page.all("#chart circle.sample")) == 32)
    tip = page.hover(page.cells()[7])
    check("... of two parameters", "ep.beta" in tip["place"] and "device.c2c" in tip["place"], tip)
    page.choose("view", "curves")
    page.choose("view", "table")
    page.quiet()
    page = Page(browser, "nothing")
    check("of no finished trial there is a page", "No finished trial has a value yet" in page.text("#figure-about") and
          "none has finished" in page.text("#failures-body"))
    check("... with its cells", page.hover(1)["says"] == "not run yet" and not page.all("#chart path.curve"))
    page.choose("view", "map")
    page.choose("view", "table")
    page.quiet()
    page = Page(browser, "point")
    check("a single cell has a page", page.cells() == [0] and page.hover(0)["n"] == "1", page.cells())
    page.choose("view", "curves")
    page.quiet()
    page = Page(browser, "several")
    names = {e.text for e in page.all("#chart text")}
    check("campaigns lie side by side", {"line", "other"} <= names and len(page.cells()) == 8, names)
    page.quiet()
    page = Page(browser, "many")
    check("some thousand cells", len(page.cells()) == 3000, len(page.cells()))
    page.choose("view", "table")
    check("... of which a table shows the first", len(page.all("#chart tbody tr")) == 2000 and
          "first 2000 of 3000" in page.text("#legend"))
    page.quiet()


def browse(folder, chromium):
    global DIR
    DIR = folder
    browser = open_browser(chromium)
    try:
        for look in (contour, plane, space, others):
            look(browser)
    finally:
        browser.quit()
    sys.exit(failed > 0)


{"plant": plant, "clear": clear, "data": data, "browse": browse}[sys.argv[1]](*sys.argv[2:])
