# plot.gp -- two panels of lines and points.
# Given: nd_title nd_note and for panel p, 1 and 2: nd_xlabelp nd_ylabelp, nd_np series with
# nd_namep[k], nd_pointsp[k] (0: a line), nd_huep[k] (0, 1, 2), nd_sizep[k] of points; nd_tickp; and
#   $panelp   a data set for each series:   x y

set datafile missing "NaN"
set termoption noenhanced
set tics nomirror out scale 0.6
set border 3 linewidth 0.8
set grid ytics linecolor rgb "#cccccc" linewidth 0.8 dashtype 1
set key below center horizontal Left reverse samplen 2 width 1 height 1
nd_colour(h) = h == 0 ? 0x440154 : h == 1 ? 0x21918c : 0x8fd744
set multiplot layout 1, 2 title nd_title . "\n" . nd_note
set xlabel nd_xlabel1
set xtics nd_tick1
set ylabel nd_ylabel1
plot for [k = 1:nd_n1] $panel1 index k - 1 using 1:(nd_points1[k] ? NaN : $2) with lines \
        linewidth 1.8 linecolor rgb nd_colour(nd_hue1[k]) \
        title (nd_points1[k] || nd_name1[k] eq "" ? "" : nd_name1[k]), \
    for [k = 1:nd_n1] $panel1 index k - 1 using 1:(nd_points1[k] ? $2 : NaN) with points \
        pointtype 7 pointsize nd_size1[k] linecolor rgb nd_colour(nd_hue1[k]) \
        title (nd_points1[k] && nd_name1[k] ne "" ? nd_name1[k] : "")
set xlabel nd_xlabel2
set xtics nd_tick2
set ylabel nd_ylabel2
plot for [k = 1:nd_n2] $panel2 index k - 1 using 1:(nd_points2[k] ? NaN : $2) with lines \
        linewidth 1.8 linecolor rgb nd_colour(nd_hue2[k]) \
        title (nd_points2[k] || nd_name2[k] eq "" ? "" : nd_name2[k]), \
    for [k = 1:nd_n2] $panel2 index k - 1 using 1:(nd_points2[k] ? $2 : NaN) with points \
        pointtype 7 pointsize nd_size2[k] linecolor rgb nd_colour(nd_hue2[k]) \
        title (nd_points2[k] && nd_name2[k] ne "" ? nd_name2[k] : "")
unset multiplot
