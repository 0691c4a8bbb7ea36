"""Features of raw rows from a frozen backbone, computed once per row and backbone."""
