"""Project (to come)."""


class Project:
    """To come."""
