"""Stream handlers."""

NAME = "streams"


def scenarios(_bench):
    """Nothing yet."""
    return []
