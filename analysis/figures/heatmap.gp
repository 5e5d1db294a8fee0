# heatmap.gp -- a map over two axes: cells coloured by value, iso-lines, failures; in panels.
# Given: what frame.gp takes; nd_value in nd_value_lines, nd_cbticks, nd_key_rows, the palette and its range; ranges of x and y; and
# the blocks, a data set for each panel,
#   $measured $failed $missing $unsampled $blank
#                                x y x_lo x_hi y_lo y_hi value    (nd_measured ... rows)
#   $printed                     x y text ink
#   $line                        x y, lines apart                 (nd_contour: is there any?)
#   $level                       x y text                         nd_key_contour

set label 4 nd_value at screen 1 - (1.3 * nd_value_lines - 0.2) * nd_em_x, 0.5 * (nd_bottom + nd_top) center rotate by 90
set colorbox vertical user origin screen nd_right + 1.1 * nd_em_x, nd_bottom \
    size screen 1.3 * nd_em_x, nd_top - nd_bottom
set cbtics @nd_cbticks
set style fill solid 1 noborder
set style textbox opaque noborder fillcolor rgb "white" margins 0.6, 0.3
set key off

set multiplot
do for [p = 1:nd_panels] {
    if (p > 1) {
        unset label
        unset colorbox
    }
    set lmargin at screen nd_panel_left(p)
    set rmargin at screen nd_panel_left(p) + nd_panel_width
    set tmargin at screen nd_panel_top(p)
    set bmargin at screen nd_panel_top(p) - nd_panel_height
    set title nd_panel[p] offset 0, -0.7
    if (p + nd_columns > nd_panels) { set xtics @nd_xticks } else { set xtics @nd_xbare }
    if (p % nd_columns == 1 || nd_columns == 1) { set ytics @nd_yticks } else { set ytics @nd_ybare }
    plot $missing index p - 1 using 1:2:3:4:5:6 with boxxyerror fillstyle solid 1 noborder \
            linecolor rgb "#e4e4e4", \
        $unsampled index p - 1 using 1:2 with points pointtype 7 pointsize 0.7 \
            linecolor rgb "#b0b0b0", \
        $failed index p - 1 using 1:2:3:4:5:6 with boxxyerror fillstyle pattern 4 noborder \
            linecolor rgb "#808080", \
        $measured index p - 1 using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid 1 border \
            linewidth 0.4 linecolor palette, \
        $line index p - 1 using 1:2 with lines linewidth 3 linecolor rgb "black", \
        $line index p - 1 using 1:2 with lines linewidth 1.2 linecolor rgb "white", \
        $printed index p - 1 using 1:2:3:4 with labels textcolor rgb variable, \
        $level index p - 1 using 1:2:3 with labels boxed textcolor rgb "black"
}
# the key: a plot of its own as wide as the canvas, because it is folded to the width of its plot
@nd_key_plot
plot NaN with boxes fillstyle solid 1 noborder linecolor rgb "#e4e4e4" \
        title (nd_missing ? "not run yet" : ""), \
    NaN with points pointtype 7 pointsize 0.7 linecolor rgb "#b0b0b0" \
        title (nd_unsampled ? "not sampled" : ""), \
    NaN with boxes fillstyle pattern 4 noborder linecolor rgb "#808080" \
        title (nd_failed ? "all trials failed" : ""), \
    NaN with boxes fillstyle solid 1 border linecolor rgb "#b0b0b0" fillcolor rgb "white" \
        title (nd_blank ? "no value" : ""), \
    NaN with lines linewidth 3 linecolor rgb "black" title nd_key_contour
unset multiplot
