"""Makes the public FRL faces from a checkout of WebMorph stimuli."""
