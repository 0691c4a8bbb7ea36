"""Monocrystalline cells: even grey, so whatever is dark, thin or sharp is a defect.

Limits are round numbers near the points of the development split where nine in ten cells (functional) or eight in ten
(defective) are what the function says. Faint vertical lines are interrupted fingers and harmless: no function counts
them.
"""

from _cell import judge, measured

from tidemill.label import Row, labeling_function


@labeling_function()
def mono_crack(row: Row) -> int:
    """Say whether a long oblique line stands out of the texture; the wafer breaks along its diagonals."""
    return judge(row, "mono", row.stats["line_contrast"], functional=1.3, defective=1.7)


@labeling_function()
def mono_crack_depth(row: Row) -> int:
    """Say how dark the darkest oblique line is."""
    return judge(row, "mono", row.stats["line_depth"], functional=0.006, defective=0.012)


@labeling_function(pre=[measured])
def mono_spots(row: Row) -> int:
    """Say how dark the darkest thin things are: cracks of any direction, chips, burnt contacts."""
    return judge(row, "mono", row.measured["spots"], functional=0.025, defective=0.06)


@labeling_function(pre=[measured])
def mono_spots_over_noise(row: Row) -> int:
    """Say the same in multiples of the camera's noise."""
    return judge(row, "mono", row.measured["spots_over_noise"], functional=4, defective=8)


@labeling_function(pre=[measured])
def mono_sharp_border(row: Row) -> int:
    """Say whether neighbouring blocks differ: a part that lost contact ends at a crack."""
    return judge(row, "mono", row.measured["border"], functional=0.03, defective=0.08)


@labeling_function(pre=[measured])
def mono_blot(row: Row) -> int:
    """Say whether some place is darker than what is around it."""
    return judge(row, "mono", row.measured["blot"], functional=0.065, defective=0.15)


@labeling_function(pre=[measured])
def mono_low_tail(row: Row) -> int:
    """Say how far the darkest twentieth of the cell is below its median."""
    return judge(row, "mono", row.measured["low_tail"], functional=0.94, defective=0.88)


@labeling_function(pre=[measured])
def mono_dark_rows(row: Row) -> int:
    """Say whether more rows are dark than the three busbars take."""
    return judge(row, "mono", row.measured["dark_rows"], functional=23.5, defective=30.5)
