"""Learning: from stored events to a model that predicts energy, mood, complexity, and preference."""
