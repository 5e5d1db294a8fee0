# decay.gp -- coefficients that fall: solid what was measured, dashed the fit, dotted the floor.
# Given: nd_title nd_note nd_xlabel nd_ylabel, the range of y, nd_points, nd_lines, nd_line[i]
# (names), and
#   $decay   a data set for each line:   k value fit floor

set datafile missing "NaN"
set title nd_title . "\n" . nd_note
set xlabel nd_xlabel
set ylabel nd_ylabel
set logscale y
set format y "10^{%L}"
set termoption enhanced
set title noenhanced
set xlabel noenhanced
set ylabel noenhanced
set key noenhanced
set xrange [-0.4:nd_points - 0.6]
set tics nomirror out scale 0.6
set border 3 linewidth 0.8
set grid ytics linecolor rgb "#cccccc" linewidth 0.8 dashtype 1
set key below center horizontal Left reverse samplen 2.5 width 2 height 1
# viridis without its lightest fifth, from line to line
nd_part(i) = nd_lines > 1 ? 3.0 * (i - 1) / (nd_lines - 1) : 1
nd_step(a, b, t) = int(a + (b - a) * t + 0.5)
nd_mix(r, g, b, R, G, B, t) = nd_step(r, R, t) * 65536 + nd_step(g, G, t) * 256 + nd_step(b, B, t)
nd_colour(i) = nd_part(i) < 1 ? nd_mix(68, 1, 84, 49, 104, 142, nd_part(i)) \
    : nd_part(i) < 2 ? nd_mix(49, 104, 142, 53, 183, 121, nd_part(i) - 1) \
    : nd_mix(53, 183, 121, 181, 222, 43, nd_part(i) - 2)

plot for [i = 1:nd_lines] $decay index i - 1 using 1:2 with linespoints pointtype 7 \
        pointsize 0.8 linewidth 1.6 linecolor rgb nd_colour(i) title nd_line[i], \
    for [i = 1:nd_lines] $decay index i - 1 using 1:3 with lines linewidth 1.4 \
        dashtype (10, 6) linecolor rgb nd_colour(i) notitle, \
    for [i = 1:nd_lines] $decay index i - 1 using 1:4 with lines linewidth 1.6 \
        dashtype (2, 4) linecolor rgb nd_colour(i) notitle
