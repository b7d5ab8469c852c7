"""What cannot be evaluated."""


class EvaluationError(ValueError):
    """Predictions or a folder that cannot be judged; the message says which rule, and where."""
