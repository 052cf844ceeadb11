"""Find in news what a person then accepts or rejects: events, participations, agreements and intentions."""
