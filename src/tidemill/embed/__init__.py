"""raw rows -> features: what a frozen backbone sees in them, computed once per row and backbone."""
