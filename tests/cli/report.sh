#!/usr/bin/env bash
# The page that nudge map --report writes, looked at in a headless Chromium: its numbers are those of the table, what is
# pointed at and clicked answers, nothing is fetched, and nothing that a campaign says becomes a script.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null; then
    skip "reports" "needs python3-netcdf4 and python3-numpy"
    finish
fi

base() { # base NAME
    cat <<END
campaign: $1
question: Is <b>this</b> "text" & nothing else?
base:
  data: {name: synthetic, train: 40, validation: 20, test: 40}
  model: {kind: ep-prototypical, layers: [784, 6, 10]}
  ep: {T: 5, K: 3}
  train: {epochs: 4, batch: 10}
  device: {kind: ernoult, beta: 1}
END
}
{
    base plane
    echo 'axes: {ep.beta: [0.1, 0.2, 0.5], device.c2c: [0, 0.05, 0.1, 0.15]}'
    echo 'tune: {program.width: [0.001, 0.01]}'
    echo 'replicates: {device: 3}'
} >"$TMP/plane.yaml"
{
    base space
    echo 'axes: {ep.beta: [0.1, 0.5], device.c2c: [0, 0.1], device.kind: [ideal, ernoult], train.batch: [10, 20]}'
    echo 'replicates: {device: 2}'
} >"$TMP/space.yaml"
{
    base line
    echo 'axes: {ep.beta: [0.05, 0.1, 0.2, 0.5]}'
} >"$TMP/line.yaml"
{
    base samples
    printf '%s\n' 'design: sobol' 'samples: 32'
    echo 'axes: {ep.beta: {linspace: [0.1, 0.5]}, device.c2c: {logspace: [0.001, 0.1]}}'
} >"$TMP/samples.yaml"
{
    base many
    echo 'axes: {ep.beta: {linspace: [0.1, 0.5, 60]}, device.c2c: {linspace: [0, 0.1, 50]}}'
    echo 'where: "ep.beta < 0.105 or device.c2c < 0.001"' # two sides: the other cells have no trials
} >"$TMP/many.yaml"
sed 's/campaign: line/campaign: other/' "$TMP/line.yaml" >"$TMP/other.yaml"
for name in plane space line other samples many; do
    check "$name runs" exits 0 "$NUDGE" run "$TMP/$name.yaml" -o "$TMP/$name"
done
report() { /usr/bin/python3 tests/tools/report.py "$@"; }

# A plane of which not all came out well, and a line of which nothing has.
check "failures are planted" report plant "$TMP/plane/results.nc" '</script><script>document.title="run"</script>'
cp -r "$TMP/line" "$TMP/nothing"
check "results are taken away" report clear "$TMP/nothing/results.nc"

page() { # page NAME ARG...
    local name=$1
    shift
    check "the page of $name" exits 0 "$NUDGE" map "$@" --report "$TMP/$name.html"
}
page plane "$TMP/plane"
page space "$TMP/space" -x device.c2c -y ep.beta
page line "$TMP/line"
page samples "$TMP/samples"
page nothing "$TMP/nothing"
page point "$TMP/line" --where ep.beta=0.2
page several "$TMP/line" "$TMP/other" -y campaign
page many "$TMP/many"
check "the table" exits 0 "$NUDGE" map "$TMP/plane" -o "$TMP/plane.csv"
check "... of space" exits 0 "$NUDGE" map "$TMP/space" -o "$TMP/space.csv"

check "-o does the same" exits 0 "$NUDGE" map "$TMP/plane" -o "$TMP/again.html"
check "... to the byte, but for the time" diff \
    <(sed 's/"made":"[^"]*"//; s/"history":"[^"]*"//' "$TMP/plane.html") <(sed 's/"made":"[^"]*"//; s/"history":"[^"]*"//' "$TMP/again.html")
check "a page beside a table" exits 0 "$NUDGE" map "$TMP/plane" -o "$TMP/m.csv" --report "$TMP/m.html"
check "... are both there" test -s "$TMP/m.csv" -a -s "$TMP/m.html"
check "a ratio has no page" exits 2 "$NUDGE" map "$TMP/space" --ratio device.kind=ernoult/ideal --report "$TMP/no.html"
check "... and it says so" says 'ratio goes with other files'
check "... and none is written" test ! -e "$TMP/no.html"
check "an unknown metric is refused" exits 3 "$NUDGE" map "$TMP/plane" -m tset_error --report "$TMP/no.html"
for name in plane space; do
    check "its JSON holds the table of $name" report data "$TMP/$name.html" "$TMP/$name.csv"
done
addresses() { # in what the program adds, that is without the data
    sed 's|<script type="application/json".*||' "$1" | grep -oE '(https?:)?//[a-z0-9.-]+[^ "<]*' | grep -v 'www.w3.org/2000/svg'
}
check "it names no place to fetch from" test -z "$(addresses "$TMP/line.html")"

# ---- in a browser ----
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$chromium" ] || ! command -v chromedriver >/dev/null ||
    ! /usr/bin/python3 -c 'import selenium' 2>/dev/null; then
    skip "the pages in a browser" "needs chromium, chromium-driver and python3-selenium"
    finish
fi
report browse "$TMP" "$chromium" || n_bad=$((n_bad + 1))
finish
