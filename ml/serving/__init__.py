"""A trained model at work: versions, promotion, probabilities and their reasons."""
