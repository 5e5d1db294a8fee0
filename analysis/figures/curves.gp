# curves.gp -- a map along one axis: medians with quartile bars, a line for each value of another
# axis; in panels.
# Given: what frame.gp takes; ranges of x and y; nd_lines, nd_line[j] (names), nd_colour[j],
# nd_key_title nd_key_rows nd_key_band nd_key_line; nd_band (a 95 % interval is drawn), nd_bars (there are quartiles),
# nd_ratio (1 is told), nd_dense (more points than bars can stand beside each other); and
#   $points   a data set for each line of each panel:   x median q1 q3 low high
#   $failed   a data set for each panel: x colour       all trials failed there (nd_failed of them)

set datafile missing # NaN is a gap: no line passes over a cell without a value
set border 3
set grid ytics linecolor rgb "#c8c8c8" linewidth 0.8 dashtype 1
set y2range [-0.03:1]
set style fill transparent solid 0.18 noborder
set key off
array nd_point[6] = [7, 5, 9, 11, 13, 15]
nd_type(j) = nd_point[1 + (j - 1) % 6]
nd_set(p, j) = (p - 1) * nd_lines + j - 1
nd_name(j) = nd_lines > 1 ? nd_line[j] : nd_key_line . (nd_dense || !nd_bars ? "" : " and quartiles")

if (nd_ratio) {
    set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead back linewidth 1 dashtype (8, 6)
}

set multiplot
do for [p = 1:nd_panels] {
    if (p > 1) { unset label }
    set lmargin at screen nd_panel_left(p)
    set rmargin at screen nd_panel_left(p) + nd_panel_width
    set tmargin at screen nd_panel_top(p)
    set bmargin at screen nd_panel_top(p) - nd_panel_height
    set title nd_panel[p] offset 0, -0.7
    if (p + nd_columns > nd_panels) { set xtics @nd_xticks } else { set xtics @nd_xbare }
    if (p % nd_columns == 1 || nd_columns == 1) { set ytics @nd_yticks } else { set ytics @nd_ybare }
    plot $points index nd_set(p, 1) using 1:(nd_band ? $5 : NaN):6 with filledcurves \
            fillstyle solid 1 noborder linecolor rgb "#cfe1f2", \
        for [j = 1:nd_lines] $points index nd_set(p, j) using 1:(nd_dense ? $3 : NaN):4 \
            with filledcurves linecolor rgb nd_colour[j], \
        for [j = 1:nd_lines] $points index nd_set(p, j) \
            using 1:2:(nd_dense ? $2 : $3):(nd_dense ? $2 : $4) with yerrorbars \
            pointtype nd_type(j) pointsize (nd_dense ? 0 : 1.1) linewidth 1 \
            linecolor rgb nd_colour[j], \
        for [j = 1:nd_lines] $points index nd_set(p, j) using 1:2 with linespoints \
            pointtype nd_type(j) pointsize (nd_dense ? 0 : 1.1) linewidth 1.6 \
            linecolor rgb nd_colour[j], \
        $failed index p - 1 using 1:(0):2 axes x1y2 with points pointtype 2 pointsize 1.4 \
            linewidth 1.2 linecolor rgb variable
}
# the key: a plot of its own as wide as the canvas, because it is folded to the width of its plot
@nd_key_plot title nd_key_title
plot NaN with boxes fillstyle solid 1 noborder linecolor rgb "#cfe1f2" \
        title (nd_band ? nd_key_band : ""), \
    for [j = 1:nd_lines] NaN with linespoints pointtype nd_type(j) \
        pointsize (nd_dense ? 0 : 1.1) linewidth 1.6 linecolor rgb nd_colour[j] title nd_name(j), \
    NaN with points pointtype 2 pointsize 1.4 linecolor rgb "black" \
        title (nd_failed ? "all trials failed" : "")
unset multiplot
