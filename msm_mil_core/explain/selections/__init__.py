"""Which tiles are meant: drawn, claimed, at the top, alike."""
