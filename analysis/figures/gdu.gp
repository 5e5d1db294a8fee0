# gdu.gp -- pairs of curves in panels: solid what was done, dashed what theory asks for.
# Given: nd_title nd_note nd_xlabel, nd_points, nd_panels, nd_panel[p] (titles), nd_pairs[p], and
#   $curves   a data set for each panel:   t solid dashed solid dashed ...

set datafile missing "NaN"
set tics nomirror out scale 0.6
set border 3 linewidth 0.8
set grid ytics linecolor rgb "#cccccc" linewidth 0.8 dashtype 1
set format y "%g"
set xrange [-0.4:nd_points - 0.6]
set offsets 0, 0, graph 0.06, graph 0.06
set key off
nd_columns = nd_panels < 3 ? 1 : nd_panels < 7 ? 2 : nd_panels < 13 ? 3 : 4
nd_rows = (nd_panels + nd_columns - 1) / nd_columns
nd_colour(k) = k == 1 ? 0x31688e : k == 2 ? 0x35b779 : 0xb03060

set multiplot layout nd_rows, nd_columns title nd_title . "\n" . nd_note \
    margins 0.11, 0.97, 0.09, 0.80 spacing 0.13, 0.12
do for [p = 1:nd_panels] {
    set title nd_panel[p] offset 0, -0.6
    set xlabel (p > nd_panels - nd_columns ? nd_xlabel : "") offset 0, 0.4
    plot for [k = 1:nd_pairs[p]] $curves index p - 1 using 1:2 * k \
            with lines linewidth 2.4 linecolor rgb nd_colour(k), \
        for [k = 1:nd_pairs[p]] $curves index p - 1 using 1:2 * k + 1 \
            with linespoints pointtype 7 pointsize 0.5 linewidth 1 dashtype (8, 6) \
            linecolor rgb "black"
}
unset multiplot
