# histogram.gp -- histograms in panels, two over each other.
# Given: nd_title nd_note nd_xlabel nd_ylabel, nd_name[1] nd_name[2], nd_panels, nd_panel[p] (titles),
# nd_of[p] (1 or 2 histograms), and
#   $bins   a data set for each panel:   x share share, steps

set tics nomirror out scale 0.6
set border 3 linewidth 0.8
set xrange [0:1]
set xtics 0, 0.25, 1 format "%g"
set yrange [0:*]
set style fill transparent solid 0.35 noborder
nd_columns = nd_panels < 2 ? 1 : nd_panels < 5 ? 2 : nd_panels < 10 ? 3 : 4
nd_rows = (nd_panels + nd_columns - 1) / nd_columns
set key top right reverse Left samplen 1.5

set multiplot layout nd_rows, nd_columns title nd_title . (nd_note eq "" ? "" : "\n" . nd_note) \
    margins 0.11, 0.97, 0.11, 0.86 spacing 0.11, 0.14
do for [p = 1:nd_panels] {
    set title nd_panel[p] offset 0, -0.6
    set xlabel (p > nd_panels - nd_columns ? nd_xlabel : "") offset 0, 0.4
    set ylabel (p % nd_columns == 1 || nd_columns == 1 ? nd_ylabel : "") offset 0.6, 0
    plot $bins index p - 1 using 1:2 with filledcurves y1=0 linecolor rgb "#d55e00" title nd_name[1], \
        $bins index p - 1 using 1:(nd_of[p] > 1 ? $3 : NaN) with filledcurves y1=0 \
            linecolor rgb "#0072b2" title (nd_of[p] > 1 ? nd_name[2] : ""), \
        $bins index p - 1 using 1:2 with lines linewidth 1.2 linecolor rgb "#d55e00" notitle, \
        $bins index p - 1 using 1:(nd_of[p] > 1 ? $3 : NaN) with lines linewidth 1.2 \
            linecolor rgb "#0072b2" notitle
    set key off
}
unset multiplot
