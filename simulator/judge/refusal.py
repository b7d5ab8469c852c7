"""What the judge will not judge."""


class Refusal(ValueError):
    """Predictions or a folder that cannot be judged; the message says which rule, and where."""
