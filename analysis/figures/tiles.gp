# tiles.gp -- small grey images side by side, one block of pixels for all.
# Given: nd_title nd_scale, the margins nd_left nd_right nd_top nd_bottom (parts of the
# canvas), the ranges, the place after the last image nd_free_x nd_free_y (cells), and the block
#   $tiles   a line per row of pixels, 0 (black) ... 255 (white) or NaN (nothing)

set datafile missing "NaN"
set palette defined (0 "#000000", 1 "#ffffff") # gray alone has a gamma of 1.5
set cbrange [0:255]
set lmargin at screen nd_left
set rmargin at screen nd_right
set tmargin at screen nd_top
set bmargin at screen nd_bottom
set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind \
    fillstyle solid 1 noborder fillcolor rgb "#5b7fa6"
set object 2 rectangle from first nd_free_x, first nd_free_y to graph 1, graph 0 behind \
    fillstyle solid 1 noborder fillcolor rgb "white"
set title nd_title
set label nd_scale at graph 0.5, screen (0.45 * nd_bottom) center
unset border
unset tics
unset key
unset colorbox

plot $tiles matrix with image
