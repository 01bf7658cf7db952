"""Set-up: fetches what the lock pins, builds the SID engine and a wheel, makes tunes and a model."""
