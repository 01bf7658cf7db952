"""Global training: from the events that listeners have shared to the next global model."""
