"""Polycrystalline cells: grains are dark and sharp too, so darkness must be deep, wide or long to be a defect.

Limits as in ``mono.py``; they are wider here, and each function alone is weaker.
"""

from _cell import judge, measured

from tidemill.label import Row, labeling_function


@labeling_function(pre=[measured])
def poly_dark_end(row: Row) -> int:
    """Say how little the darkest fiftieth of the cell glows, in absolute terms."""
    return judge(row, "poly", row.measured["dark_end"], functional=0.55, defective=0.33)


@labeling_function(pre=[measured])
def poly_dark_share(row: Row) -> int:
    """Say how much of the cell glows less than grain boundaries do."""
    return judge(row, "poly", row.measured["dark_share"], functional=0.0002, defective=0.02)


@labeling_function(pre=[measured])
def poly_dead_share(row: Row) -> int:
    """Say whether any part, the border apart, glows less than half of the median: that part is cut off."""
    return judge(row, "poly", row.measured["dead_share"], functional=0.00001, defective=0.003)


@labeling_function(pre=[measured])
def poly_darkest_block(row: Row) -> int:
    """Say how dark the darkest hundredth of the area is as a whole; a grain is smaller than that."""
    return judge(row, "poly", row.measured["darkest_block"], functional=0.82, defective=0.6)


@labeling_function(pre=[measured])
def poly_spread(row: Row) -> int:
    """Say how unevenly the cell glows, its busbars apart."""
    return judge(row, "poly", row.measured["spread"], functional=0.09, defective=0.18)


@labeling_function()
def poly_crack_depth(row: Row) -> int:
    """Say how dark the darkest long oblique line is; grain boundaries turn sooner than cracks."""
    return judge(row, "poly", row.stats["line_depth"], functional=0.0175, defective=0.026)


@labeling_function()
def poly_crack(row: Row) -> int:
    """Say whether a long oblique line stands out of the grain."""
    return judge(row, "poly", row.stats["line_contrast"], functional=1.6, defective=2.05)
