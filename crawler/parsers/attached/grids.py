"""What a table's cells are, however its format writes them."""

Grid = tuple[tuple[str, ...], ...]  # equally many cells in each row where spans are expanded
Placed = tuple[int, Grid]  # and the place of its first line
