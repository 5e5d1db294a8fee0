# bars.gp -- parameters by how much they matter: shares of variance, and rank correlations.
# Given: what frame.gp takes; nd_bars of them, nd_yticks, nd_panel[1] and [2]; and
#   $bars   a data set for each of the two panels:   row value

set border 3
set style fill solid 1 noborder
set key off
set yrange [nd_bars - 0.5:-0.5]
set grid xtics linecolor rgb "#c8c8c8" linewidth 0.8 dashtype 1
nd_half = 0.34

set multiplot
do for [p = 1:2] {
    if (p > 1) { unset label }
    set lmargin at screen nd_panel_left(p)
    set rmargin at screen nd_panel_left(p) + nd_panel_width
    set tmargin at screen nd_top
    set bmargin at screen nd_top - nd_panel_height
    set title nd_panel[p] offset 0, -0.7
    set xrange [(p == 1 ? 0 : -1.19):1.19]
    set xtics -1, 0.5, 1 format "%g"
    if (p == 1) { set ytics @nd_yticks scale 0 } else { unset ytics }
    set arrow 1 from 0, graph 0 to 0, graph 1 nohead linewidth 0.8
    plot $bars index p - 1 using (0):1:(0):2:($1 - nd_half):($1 + nd_half):(p == 1 ? 0x31688e \
            : $2 < 0 ? 0x0072b2 : 0xd55e00) with boxxyerror linecolor rgb variable notitle, \
        $bars index p - 1 using ($2 < 0 ? NaN : $2):1:(sprintf(" %.2f", $2)) with labels left, \
        $bars index p - 1 using ($2 < 0 ? $2 : NaN):1:(sprintf("%.2f ", $2)) with labels right
}
unset multiplot
