# heatmap.gp -- a map over two axes: cells coloured by value, the iso-value line, failures.
# Given: nd_title nd_question nd_xlabel nd_ylabel nd_value, ticks and ranges, and the blocks
#   $measured $failed $missing $unsampled
#                                x y x_lo x_hi y_lo y_hi value    (nd_measured ... rows)
#   $printed                     x y text ink
#   $grid                        x y value, for the contour       (nd_contour, nd_levels)

# viridis (Smith and van der Walt 2015): even steps of lightness, safe for colour-blind eyes
set palette defined (0.0000 "#440154", 0.0667 "#481a6c", 0.1333 "#472f7d", 0.2000 "#414487", \
    0.2667 "#39568c", 0.3333 "#31688e", 0.4000 "#2a788e", 0.4667 "#23888e", \
    0.5333 "#1f988b", 0.6000 "#22a884", 0.6667 "#35b779", 0.7333 "#54c568", \
    0.8000 "#7ad151", 0.8667 "#a5db36", 0.9333 "#d2e21b", 1.0000 "#fde725")

set datafile missing "NaN"
$line << EOD
EOD
if (nd_contour) {
    set contour base
    set cntrparam levels discrete @nd_levels
    unset surface
    set table $line
    splot $grid using 1:2:3 with lines
    unset table
    unset contour
    set surface
}

set title nd_title . (nd_question eq "" ? "" : "\n" . nd_question)
set xlabel nd_xlabel
set ylabel nd_ylabel
set format cb "%g"
# The colour bar's label is placed by hand: gnuplot lets long ticks run into it.
set rmargin at screen 0.80
set colorbox vertical user origin screen 0.82, graph 0 size screen 0.025, graph 1
set label nd_value at screen 0.965, graph 0.5 center rotate by 90
set tics nomirror out scale 0.6
set border linewidth 0.8
set style fill solid 1 noborder
set key below center horizontal Left reverse samplen 2.5 width 2 height 1

plot \
    $missing using 1:2:3:4:5:6 with boxxyerror fillstyle solid 1 noborder \
        linecolor rgb "#e4e4e4" title (nd_missing ? "not run yet" : ""), \
    $unsampled using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#b0b0b0" \
        title (nd_unsampled ? "not sampled" : ""), \
    $failed using 1:2:3:4:5:6 with boxxyerror fillstyle pattern 4 noborder \
        linecolor rgb "#808080" title (nd_failed ? "all trials failed" : ""), \
    $measured using 1:2:3:4:5:6:7 with boxxyerror linecolor palette notitle, \
    $line using 1:2 with lines linewidth 3 linecolor rgb "black" \
        title (nd_contour ? nd_level_text : ""), \
    $line using 1:2 with lines linewidth 1.2 linecolor rgb "white" notitle, \
    $printed using 1:2:3:4 with labels textcolor rgb variable notitle
