# frame.gp -- where the parts of a map's figure stand; comes before its own template.
# Given, as parts of the canvas: nd_em_x nd_em_y (a letter), nd_left nd_right nd_bottom nd_top
# (around all panels), nd_panel_width nd_panel_height nd_gap_x nd_gap_y, nd_key_y nd_xlabel_y
# nd_ylabel_x nd_title_y; nd_panels in nd_columns and nd_rows, nd_panel[p] (titles); nd_title nd_xlabel nd_ylabel;
# and ticks for macros, with labels nd_xticks nd_yticks and without nd_xbare nd_ybare.

set datafile missing "NaN"
nd_panel_left(p) = nd_left + ((p - 1) % nd_columns) * (nd_panel_width + nd_gap_x)
nd_panel_top(p) = nd_top - ((p - 1) / nd_columns) * (nd_panel_height + nd_gap_y)
set label 1 nd_title at screen 0.5, nd_title_y center
set label 2 nd_xlabel at screen 0.5 * (nd_left + nd_right), nd_xlabel_y center
set label 3 nd_ylabel at screen nd_ylabel_x, 0.5 * (nd_bottom + nd_top) center rotate by 90
set tics nomirror out scale 0.6
set border linewidth 0.8
# before a plot that shows nothing but its key, of nd_key_rows rows
nd_key_plot = "unset label; unset colorbox; unset border; unset tics; unset title; unset grid; unset arrow; \
set lmargin at screen 0.01; set rmargin at screen 0.99; set bmargin at screen 0; \
set tmargin at screen 0.1; set xrange [0:1]; set yrange [0:1]; \
set key at screen 0.5, nd_key_y bottom center horizontal maxrows nd_key_rows Left reverse samplen 2.5 width 1"
