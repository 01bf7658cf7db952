"""Set-up: fetches what the lock pins, builds the SID emulator and a wheel, makes tunes and a model."""
