# curve.gp -- a map over one axis: medians with quartile bars over the bootstrap interval.
# Given: nd_title nd_question nd_xlabel nd_value, ticks and the range of x, and the blocks
#   $points   x median q1 q3 low high
#   $failed   x                           points whose trials all failed (nd_failed of them)

set datafile missing "NaN"
set title nd_title . (nd_question eq "" ? "" : "\n" . nd_question)
set xlabel nd_xlabel
set ylabel nd_value
set format y "  %g"
set tics nomirror out scale 0.6
set border 3 linewidth 0.8
set grid ytics linecolor rgb "#cccccc" linewidth 0.8 dashtype 1
set offsets 0, 0, graph 0.06, graph 0.06
set y2range [-0.03:1]
set key below center horizontal Left reverse samplen 2.5 width 2 height 1

plot \
    $points using 1:5:6 with filledcurves fillstyle solid 1 noborder \
        linecolor rgb "#cfe1f2" title "95 % interval of the median", \
    $points using 1:2:3:4 with yerrorbars pointtype 7 pointsize 1.6 linewidth 1 \
        linecolor rgb "#31688e" title "median and quartiles", \
    $points using 1:2 with lines linewidth 1.2 linecolor rgb "#31688e" notitle, \
    $failed using 1:(0) axes x1y2 with points pointtype 2 pointsize 2 \
        linecolor rgb "#b03060" title (nd_failed ? "all trials failed" : "")
